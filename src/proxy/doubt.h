#ifndef REDIAL_PROXY_DOUBT_H
#define REDIAL_PROXY_DOUBT_H

#include <stdbool.h>

#include "base/clock.h"
#include "discovery/endpoint.h"

/* Endpoints of which nobody knows yet whether they are dead: a connect was begun, it is not over,
 * and no other has succeeded since. A hedge goes elsewhere. Any thread. */

/* A connect begins. */
static inline void doubt_await(struct endpoint *endpoint, usec_t now)
{
    int64_t none = 0;
    if (atomic_load_explicit(&endpoint->awaited_since, memory_order_relaxed) == 0)
        atomic_compare_exchange_strong(&endpoint->awaited_since, &none, now);
}

/* One was accepted or refused: the endpoint answers. */
static inline void doubt_answered(struct endpoint *endpoint)
{
    atomic_store_explicit(&endpoint->awaited_since, 0, memory_order_relaxed);
}

/* The connect that began at `started` was given up because nobody wants it any more: it says
 * nothing. */
static inline void doubt_withdraw(struct endpoint *endpoint, usec_t started)
{
    int64_t since = started;
    atomic_compare_exchange_strong(&endpoint->awaited_since, &since, 0);
}

/* Whether it has been silent for longer than `patience`. */
static inline bool doubt_has(const struct endpoint *endpoint, usec_t patience, usec_t now)
{
    usec_t since = atomic_load_explicit(&endpoint->awaited_since, memory_order_relaxed);
    return since != 0 && now - since > patience;
}

#endif
