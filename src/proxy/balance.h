#ifndef REDIAL_PROXY_BALANCE_H
#define REDIAL_PROXY_BALANCE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "discovery/endpoint_set.h"

/* What all threads share to choose among the endpoints of one upstream. */
struct balancer {
    _Atomic uint64_t cursor;
};

/* The endpoints that a client has met already. Borrowed. */
struct tried {
    struct endpoint *const *endpoints;
    size_t count;
};

/* Starts the cursor anywhere, so that many hosts do not all begin with the first address. */
void balancer_init(struct balancer *balancer);

/* Chooses an endpoint that was not tried, by the policy, and counts the connection in its `active`
 * at once, so that no two threads choose on the same count. Returns it with a reference, both given
 * back by balance_release(); NULL where every one was tried. Those that are ejected are skipped;
 * where no other is left, the one whose last failure is longest ago is taken. Any thread.
 *
 * round-robin: each choice, a retry too, takes the next place of one cursor; so N connections over
 * K endpoints that accept differ by at most one. least-connections: fewest active, ties in
 * rotation. random-two: the one with fewer active of two picked at random. */
struct endpoint *balance_pick(struct balancer *balancer, enum balance_policy policy,
                              const struct endpoint_set *set, struct tried tried);

/* The connection has ended, or was not made. */
void balance_release(struct endpoint *endpoint);

#endif
