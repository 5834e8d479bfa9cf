#ifndef REDIAL_PROXY_UPSTREAM_H
#define REDIAL_PROXY_UPSTREAM_H

#include "base/mailbox.h"
#include "config/config.h"
#include "discovery/endpoint.h"
#include "proxy/balance.h"
#include "proxy/eject.h"
#include "proxy/hedge.h"
#include "proxy/limit.h"
#include "proxy/tally.h"

/* Told when a connect to an endpoint failed by its fault. On any worker's thread. */
typedef void upstream_failure(void *arg, struct endpoint *endpoint);

/* Whom an upstream tells of what happens. */
struct upstream_watcher {
    upstream_failure *on_failure;
    void (*on_turn)(
        void *arg); /* an endpoint left the rotation or came back; any thread; or NULL */
    void (*on_gone)(void *arg); /* the last reference was given back; any thread; or NULL */
    void *arg;
};

/* What one worker has of an upstream, and what it is to hear of it: a message that is part of the
 * upstream, so that no want of memory can lose it. */
struct seat {
    struct message news;
    _Atomic bool told;                /* the message is on its way */
    struct endpoint_set *_Atomic set; /* a newer one, for it to take; NULL: none */
    struct tally *_Atomic tally;      /* NULL: nothing to count yet */
};

/* What all workers share of one upstream, for as long as any of them has it. */
struct upstream {
    _Atomic unsigned references;
    uint32_t workers;
    struct upstream_watcher watcher;
    struct balancer balancer;
    struct hedger hedger;
    struct limit limit;
    struct seat seats[]; /* one a worker, by its number */
};

/* A new one with one reference, or NULL where there is no memory. `workers` is how many worker
 * threads may have a view of it; `watcher` is copied. */
struct upstream *upstream_new(uint32_t max_connections, size_t workers,
                              const struct upstream_watcher *watcher);

/* From now on no more than so many connections are accepted at once (0: no limit). Any thread. */
void upstream_set_limit(struct upstream *upstream, uint32_t max_connections);

/* What somebody found about an endpoint of the upstream. */
struct finding {
    struct endpoint *endpoint;
    enum eject_event event;
    usec_t started; /* when the connect began that showed it */
};

/* Notes it: counts a failed connect and tells of it (once until the one who is told has cleared
 * `failure_told` of the endpoint), ejects the endpoint or brings it back, says so in the log, and
 * tells of that. `config` and `set` are those of the upstream now. Any thread. */
void upstream_note(struct upstream *upstream, const struct upstream_config *config,
                   const struct endpoint_set *set, const struct finding *finding);

/* The tally of the worker with this number, made when it is asked for first: most upstreams of many
 * have no connection in most of the workers. NULL where there is no memory. That worker's thread,
 * and no other at a time. */
struct tally *upstream_tally_of(struct upstream *upstream, size_t worker);

/* What all its workers have counted so far. Any thread. */
void upstream_tally(const struct upstream *upstream, struct tally_sum *ret_sum);

/* Any thread. The last upstream_unref() frees; NULL is accepted. */
struct upstream *upstream_ref(struct upstream *upstream);
void upstream_unref(struct upstream *upstream);

#endif
