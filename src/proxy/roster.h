#ifndef REDIAL_PROXY_ROSTER_H
#define REDIAL_PROXY_ROSTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mailbox.h"
#include "config/config.h"
#include "discovery/endpoint_set.h"
#include "proxy/upstream.h"

struct listener;
struct view;

/* One upstream that a worker is to serve. */
struct assignment {
    struct upstream *upstream;
    size_t index; /* its place in the configuration */
    struct endpoint_set *set;
    int *sockets;             /* that it listens on */
    struct listener **blanks; /* as many, for those of the sockets that are new */
    size_t socket_count;
    struct view *view; /* made for it, where the worker has none yet; NULL otherwise */
};

/* All that one worker is to serve from a moment on, with what is needed to begin: a message that
 * cannot fail once it is made. */
struct roster {
    struct message message;
    struct config *config;
    size_t count, room;
    struct assignment assignments[];
};

/* An empty one, with room for so many, and a reference of its own to the configuration; or NULL
 * where there is no memory. */
struct roster *roster_new(struct config *config, size_t room);

/* Adds an upstream with references of its own, and so many sockets, whose numbers are the caller's
 * to fill in; NULL where there is no memory. */
struct assignment *roster_add(struct roster *roster, struct upstream *upstream, size_t index,
                              struct endpoint_set *set, size_t socket_count);

/* Frees it, and the views that nobody took; the sockets stay as they are. Accepts NULL. */
void roster_free(struct roster *roster);

#endif
