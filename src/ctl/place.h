#ifndef REDIAL_CTL_PLACE_H
#define REDIAL_CTL_PLACE_H

#include <netdb.h>
#include <stdbool.h>

#include "ctl/text.h"

#define PLACE_DEFAULT "/run/redial/admin.sock"

/* Where redial's admin interface is: a Unix socket, or an address. */
struct place {
    char *path;        /* of the Unix socket; NULL: an address */
    char *host, *port; /* of the address; owned */
};

/* Reads PATH, unix:PATH or HOST:PORT ([HOST]:PORT for IPv6). Returns 0, or -EINVAL with *ret_why (a
 * constant string, for a person). place_clear() frees what it filled in, after errors too. */
int place_parse(const char *text, struct place *ret_place, const char **ret_why);
void place_clear(struct place *place);

/* Its addresses, as getaddrinfo(3) gives and freeaddrinfo(3) takes them, for a Unix socket one that
 * place_free_addresses() frees. Returns 0, -ENOMEM, or -EHOSTUNREACH where the name has none. */
int place_addresses(const struct place *place, struct addrinfo **ret_addresses);
void place_free_addresses(const struct place *place, struct addrinfo *addresses);

/* Adds one line, without its end: that redial could not be reached there, why, and what to do. The
 * error is one of http_step(), or -ETIMEDOUT. */
void place_explain(const struct place *place, int error, struct text *line);

#endif
