#ifndef REDIAL_DAEMON_KNOWN_H
#define REDIAL_DAEMON_KNOWN_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "discovery/endpoint_set.h"

/* The addresses that one process knows, for its successor: so that the first client there does not
 * wait for DNS. As text: a line `upstream NAME`, one `targets DIGEST`, and behind it one `TIER
 * WEIGHT ADDRESS:PORT` an endpoint. Main thread. */
struct known;

/* What one upstream's endpoints are, to be written. */
struct known_entry {
    const struct upstream_config *config;
    const struct endpoint_set *set;
};

/* Writes them to a memfd(2), from its beginning. Returns the descriptor or -errno. */
int known_write(const struct known_entry *entries, size_t count);

/* Reads what known_write() wrote, or anything: lines that are no such lines are passed over. The
 * descriptor stays the caller's. Returns 0 or -errno: -ESPIPE where it is no file, which is not
 * waited for. */
int known_read(int fd, struct known **ret_known);

/* A new set of the upstream's endpoints, with one reference; NULL where none is known. Accepts
 * NULL. */
struct endpoint_set *known_set(const struct known *known, const char *name);

/* Those of them that the operator had drained; borrowed. Returns how many. Accepts NULL. */
size_t known_drained(const struct known *known, const char *name,
                     const struct address **ret_addresses);

/* Whether its targets were those that the upstream of this name has in `config`. Accepts NULL. */
bool known_is_same(const struct known *known, const struct upstream_config *config);

/* Accepts NULL. */
void known_free(struct known *known);

#endif
