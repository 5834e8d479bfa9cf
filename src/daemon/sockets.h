#ifndef REDIAL_DAEMON_SOCKETS_H
#define REDIAL_DAEMON_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/front.h"

struct upstream_config;

/* The listening addresses of one upstream. All zero: none. Belongs to the main thread. */
struct sockets {
    union {
        struct front *front; /* most upstreams have one */
        struct front **fronts;
    };
    uint32_t count;
    bool several; /* `fronts` it is */
};

static inline struct front *sockets_front(const struct sockets *sockets, size_t index)
{
    return sockets->several ? sockets->fronts[index] : sockets->front;
}

/* What to do where `listen` cannot be opened for that -errno, for a person; or NULL. */
const char *sockets_advice(const struct listen *listen, int error);

/* Takes those of the process's fronts that the upstream listens on, and opens the others for so
 * many workers; logs why one cannot be listened on. Returns 0 or -errno; then nothing was taken or
 * is left open. */
int sockets_open(struct sockets *sockets, const struct upstream_config *upstream, size_t workers,
                 struct fronts *fronts);

/* They are in use: says in the log which are new, and gives Unix sockets that were open already the
 * owner and mode that `upstream` names. */
void sockets_report(struct sockets *sockets, const struct upstream_config *upstream);

/* How many descriptors of them are for this worker. */
size_t sockets_of_worker(const struct sockets *sockets, size_t worker);

/* These descriptors; they belong to it from now on. */
void sockets_give(struct sockets *sockets, size_t worker, int *ret_descriptors);

/* Removes the files of the Unix sockets: no new client finds them. Who has connected already waits
 * in the sockets. */
void sockets_remove_files(struct sockets *sockets);

/* Gives the addresses up. Those that no other upstream has are closed, by the workers if they have
 * them. */
void sockets_clear(struct sockets *sockets);

#endif
