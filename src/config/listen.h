#ifndef REDIAL_CONFIG_LISTEN_H
#define REDIAL_CONFIG_LISTEN_H

#include <stdbool.h>

#include "base/address.h"

/* One socket to listen on. */
struct listen {
    struct address address;
    bool optional; /* the IPv6 half of a bare PORT: a host without IPv6 goes without it */
};

#define LISTEN_EXPANSION_MAX 2

/* Reads `127.0.0.1:PORT`, `[::1]:PORT`, or `PORT` (loopback, both families). Returns how many
 * sockets it means (1 or 2), or -EINVAL with *ret_why, a constant string for a person. */
int listen_parse(const char *text, struct listen ret_listen[LISTEN_EXPANSION_MAX],
                 const char **ret_why);

#endif
