#ifndef REDIAL_PROXY_BALANCE_H
#define REDIAL_PROXY_BALANCE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "config/model.h"
#include "discovery/endpoint_set.h"
#include "proxy/usable.h"

/* Tiers that have a round-robin cursor of their own; those beyond share the last one. */
#define BALANCE_CURSORS 4

/* What all threads share to choose among the endpoints of one upstream. An endpoint is in one
 * balancer only. */
struct balancer {
    _Atomic uint64_t cursors[BALANCE_CURSORS];
    pthread_mutex_t lock; /* of all below, and of what of its endpoints belongs to it */
    struct endpoint_set *set;
    struct ranking *_Atomic ranking; /* of the set, under least-connections; else NULL */
};

/* Starts the cursors anywhere, so that many hosts do not all begin with the first address. */
void balancer_init(struct balancer *balancer);

/* Gives back what balancer_use() took. No other thread has the balancer any more. */
void balancer_clear(struct balancer *balancer);

/* Tells of the newest set, and of the policy: before any worker has them. Who is new beside others
 * is fresh: see balance_pick(). Returns 0, or -ENOMEM: then it goes on with what it had. Main
 * thread. */
int balancer_use(struct balancer *balancer, enum balance_policy policy, struct endpoint_set *set);

/* Chooses an endpoint that was not tried, by the policy, and counts the connection in its `active`
 * at once, so that no two threads choose on the same count. Returns it with a reference, both given
 * back by balance_release(); NULL where every one was tried. Those that are ejected are skipped;
 * where no other is left, the one whose last failure is longest ago is taken, one that the operator
 * drains after all others. Any thread.
 *
 * Of the first tier that has an endpoint in rotation and not tried; where none has, of all that
 * were not tried the one that failed least recently, and in the lower tier on ties.
 *
 * round-robin: each choice, a retry too, takes the next place of one cursor a tier, and a place
 * whose endpoint cannot be used is spent; so N connections over K endpoints of like weight that
 * accept differ by at most one. Among unlike weights each round is exact and without bursts.
 *
 * least-connections: fewest active for its weight, process-wide, and ties in rotation by weight.
 * It chooses from the newest set even if the caller's `set` is older, and by round-robin where it
 * has none. A fresh endpoint gets its share of the new connections and not all of them, see
 * proxy/ranking.
 *
 * random-two: of two picked at random by weight the one with fewer active for its weight. A fresh
 * one that has fewer wins half of the time at first, and always after FRESH_SPAN. */
struct endpoint *balance_pick(struct balancer *balancer, enum balance_policy policy,
                              const struct endpoint_set *set, struct tried tried);

/* The connection has ended, or was not made. The balancer that chose the endpoint. Any thread. */
void balance_release(struct balancer *balancer, struct endpoint *endpoint);

/* To be called after each change of the endpoint's `ejected`: one that comes back is fresh. Any
 * thread. */
void balance_refresh(struct balancer *balancer, struct endpoint *endpoint);

#endif
