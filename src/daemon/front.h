#ifndef REDIAL_DAEMON_FRONT_H
#define REDIAL_DAEMON_FRONT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/address.h"
#include "base/list.h"
#include "config/listen.h"
#include "daemon/unix_socket.h"

struct inherited;

/* What the whole process listens on. Belongs to the main thread. */
struct fronts {
    struct list open;            /* every front */
    struct inherited *inherited; /* sockets that were handed over; NULL: none */
};

/* A socket of a front. */
struct front_socket {
    int fd;
    unsigned worker : 31; /* who accepts from it */
    unsigned copy : 1;    /* a further descriptor of one that stands before it */
};

/* What the process listens on at one address: a socket for every worker (SO_REUSEPORT); or one, a
 * Unix socket for example, of which every worker has a descriptor: they compete for its clients.
 * Kept through reloads as long as some upstream has the address. */
struct front {
    struct list node; /* of the fronts */
    struct listen listen;
    struct unix_socket *file; /* of a Unix socket; NULL otherwise */
    struct front_socket *sockets;
    unsigned count;
    unsigned references;
    bool given;    /* the descriptors belong to the workers */
    bool told;     /* the log has heard of it */
    bool reserved; /* no upstream's */
    bool borrowed; /* the file is a predecessor's still, who goes on should we not come to serve */
};

/* Opens it for so many workers, or takes what was handed over for it. An address that another
 * process listens on is an error, although SO_REUSEPORT would share it. Returns 0 with one
 * reference, 1 where the address is optional and this host has it not, or -errno: -ENOENT where
 * nothing was handed over for systemd:NAME. */
int front_open(const struct listen *listen, size_t workers, struct fronts *fronts,
               struct front **ret_front);

/* The one that is open for upstreams at the same address, path or name, or NULL: a Unix socket
 * whose file is gone is none, since no client finds it. */
struct front *front_find(struct fronts *fronts, const struct listen *listen);

/* Whether a connect to this address would reach one that is open: at the address itself, or at an
 * unspecified one (0.0.0.0, ::) where the address is this host's. */
bool fronts_reached(const struct fronts *fronts, const struct address *address);

struct front *front_ref(struct front *front);

/* The last one closes what was not given to workers, and removes the file of a Unix socket. */
void front_unref(struct front *front);

/* The file of a Unix socket that was handed over is ours from now on: we serve. */
void front_claim_file(struct front *front);

/* Removes the file of a Unix socket, if it is one and ours: no new client finds it. */
void front_remove_file(struct front *front);

/* Brings the owner and mode of a Unix socket in line with `listen`, of the same path. Returns 0 or
 * -errno. */
int front_adjust(struct front *front, const struct listen *listen);

/* The file of the Unix socket is a successor's from now on. */
void front_leave_file(struct front *front);

#endif
