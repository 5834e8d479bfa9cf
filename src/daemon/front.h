#ifndef REDIAL_DAEMON_FRONT_H
#define REDIAL_DAEMON_FRONT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"
#include "config/listen.h"
#include "daemon/unix_socket.h"

/* What the process listens on at one address: a socket for every worker (SO_REUSEPORT); or one Unix
 * socket of which every worker has a descriptor: they compete for its clients. Kept through reloads
 * as long as some upstream has the address. Belongs to the main thread. */
struct front {
    struct list node; /* of all that are open */
    unsigned references;
    struct listen listen;
    struct unix_socket *file; /* of a Unix socket; NULL otherwise */
    bool given;               /* the descriptors belong to the workers */
    bool told;                /* the log has heard of it */
    size_t count;
    int descriptors[]; /* worker by worker */
};

/* Opens it; `open` holds all that are open already, and is appended to. An address that another
 * process listens on is an error, although SO_REUSEPORT would share it. Returns 0 with one
 * reference, 1 where the address is optional and this host has it not, or -errno. */
int front_open(const struct listen *listen, size_t workers, struct list *open,
               struct front **ret_front);

/* The one that is open at the same address or path, or NULL. */
struct front *front_find(struct list *open, const struct listen *listen);

struct front *front_ref(struct front *front);

/* The last one closes what was not given to workers, and removes the file of a Unix socket. */
void front_unref(struct front *front);

/* Removes the file of a Unix socket, if it is one: no new client finds it. */
void front_remove_file(struct front *front);

/* Brings the owner and mode of a Unix socket in line with `listen`, of the same path. Returns 0 or
 * -errno. */
int front_adjust(struct front *front, const struct listen *listen);

#endif
