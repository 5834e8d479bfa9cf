#ifndef REDIAL_PROXY_UPSTREAM_H
#define REDIAL_PROXY_UPSTREAM_H

#include "config/config.h"
#include "discovery/endpoint.h"
#include "proxy/balance.h"
#include "proxy/eject.h"
#include "proxy/hedge.h"
#include "proxy/limit.h"
#include "proxy/tally.h"

/* Told when a connect to an endpoint failed by its fault. On any worker's thread. */
typedef void upstream_failure(void *arg, struct endpoint *endpoint);

/* Told when an endpoint left the rotation or came back. On any thread. */
typedef void upstream_turn(void *arg);

/* What all workers share of one upstream, for as long as any of them has it. */
struct upstream {
    _Atomic unsigned references;
    upstream_failure *on_failure;
    upstream_turn *on_turn; /* NULL: nobody wants to know */
    void *arg;
    struct balancer balancer;
    struct hedger hedger;
    struct limit limit;
    size_t workers;
    struct tally *tallies; /* one a worker, by its number */
};

/* A new one with one reference, or NULL where there is no memory. `workers` is how many worker
 * threads may have a view of it. */
struct upstream *upstream_new(uint32_t max_connections, size_t workers,
                              upstream_failure *on_failure, void *arg);

/* From now on `on_turn` is told too. Before any other thread has the upstream. */
void upstream_on_turn(struct upstream *upstream, upstream_turn *on_turn);

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

/* What all its workers have counted so far. Any thread. */
void upstream_tally(const struct upstream *upstream, struct tally_sum *ret_sum);

/* Any thread. The last upstream_unref() frees; NULL is accepted. */
struct upstream *upstream_ref(struct upstream *upstream);
void upstream_unref(struct upstream *upstream);

#endif
