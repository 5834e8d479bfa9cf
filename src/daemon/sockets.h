#ifndef REDIAL_DAEMON_SOCKETS_H
#define REDIAL_DAEMON_SOCKETS_H

#include <stddef.h>

struct upstream_config;

/* The listening sockets of one upstream: each address once for every worker. */
struct sockets {
    int *descriptors; /* worker by worker; -1: given away or not open */
    size_t per_worker, workers;
};

/* Opens all of them and logs each address, or why it cannot be listened on. An address that another
 * process listens on is an error, although SO_REUSEPORT would share it. Returns 0 or -errno; then
 * none is open. */
int sockets_open(struct sockets *sockets, const struct upstream_config *upstream, size_t workers);

/* The `per_worker` descriptors of one worker. Borrowed. */
const int *sockets_of_worker(const struct sockets *sockets, size_t worker);

/* They belong to the worker now, and are not ours to close. */
void sockets_forget(struct sockets *sockets, size_t worker);

/* Closes what was not given away. */
void sockets_close(struct sockets *sockets);

#endif
