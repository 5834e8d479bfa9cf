#include "proxy/balance.h"

#include <stdbool.h>

#include "base/random.h"

/* How often round-robin goes on when a place is spent: far beyond what chance brings, and an end.
 */
#define PLACES_MOST 10000

void balancer_init(struct balancer *balancer)
{
    atomic_store(&balancer->cursor, random_u32());
}

static bool was_tried(const struct tried *tried, const struct endpoint *endpoint)
{
    for (size_t i = 0; i < tried->count; i++)
        if (tried->endpoints[i] == endpoint)
            return true;
    return false;
}

static size_t next_place(struct balancer *balancer, const struct endpoint_set *set)
{
    return (size_t)(atomic_fetch_add_explicit(&balancer->cursor, 1, memory_order_relaxed) %
                    set->count);
}

static uint32_t active_of(const struct endpoint *endpoint)
{
    return atomic_load_explicit(&endpoint->active, memory_order_relaxed);
}

static struct endpoint *take(struct endpoint *endpoint)
{
    atomic_fetch_add_explicit(&endpoint->active, 1, memory_order_relaxed);
    return endpoint_ref(endpoint);
}

static bool is_usable(const struct tried *tried, const struct endpoint *endpoint)
{
    return !atomic_load_explicit(&endpoint->ejected, memory_order_relaxed) &&
           !was_tried(tried, endpoint);
}

/* The first one from `place` on that is in rotation and was not tried. */
static struct endpoint *first_from(const struct endpoint_set *set, size_t place,
                                   const struct tried *tried)
{
    for (size_t i = 0; i < set->count; i++) {
        struct endpoint *endpoint = set->endpoints[(place + i) % set->count];
        if (is_usable(tried, endpoint))
            return endpoint;
    }
    return NULL;
}

/* Of those that were not tried, the one whose last failure is longest ago; NULL: all were tried. */
static struct endpoint *least_recently_failed(const struct endpoint_set *set,
                                              const struct tried *tried)
{
    struct endpoint *best = NULL;
    for (size_t i = 0; i < set->count; i++) {
        struct endpoint *endpoint = set->endpoints[i];
        if (!was_tried(tried, endpoint) &&
            (!best || atomic_load(&endpoint->failed_at) < atomic_load(&best->failed_at)))
            best = endpoint;
    }
    return best;
}

static struct endpoint *pick_round_robin(struct balancer *balancer, const struct endpoint_set *set,
                                         const struct tried *tried)
{
    if (!first_from(set, 0, tried))
        return NULL;
    /* A place whose endpoint failed this client is spent, as it was for the one who found it dead:
     * the next place is taken, not the neighbour's share. Other threads may take the places
     * between, so that the same dead endpoint comes up again and again; not for ever. */
    for (int i = 0; i < PLACES_MOST; i++) {
        struct endpoint *endpoint = set->endpoints[next_place(balancer, set)];
        if (is_usable(tried, endpoint))
            return take(endpoint);
    }
    return NULL;
}

static struct endpoint *least_active(const struct endpoint_set *set, size_t place,
                                     const struct tried *tried, uint32_t *ret_active)
{
    struct endpoint *best = NULL;
    for (size_t i = 0; i < set->count; i++) {
        size_t at = place + i < set->count ? place + i : place + i - set->count;
        struct endpoint *endpoint = set->endpoints[at];
        uint32_t active = active_of(endpoint);
        if ((!best || active < *ret_active) && is_usable(tried, endpoint)) {
            best = endpoint;
            *ret_active = active;
        }
    }
    return best;
}

static struct endpoint *pick_least_connections(struct balancer *balancer,
                                               const struct endpoint_set *set,
                                               const struct tried *tried)
{
    size_t place = next_place(balancer, set);
    for (;;) {
        uint32_t active = 0;
        struct endpoint *best = least_active(set, place, tried, &active);
        if (!best)
            return NULL;
        /* Only while it still is the least: another thread may have chosen it meanwhile. */
        if (atomic_compare_exchange_strong(&best->active, &active, active + 1))
            return endpoint_ref(best);
    }
}

static struct endpoint *pick_random_two(const struct endpoint_set *set, const struct tried *tried)
{
    uint32_t count = (uint32_t)set->count;
    uint32_t first_place = random_below(count);
    struct endpoint *first = first_from(set, first_place, tried);
    if (!first || count == 1)
        return first ? take(first) : NULL;
    uint32_t other_place = (first_place + 1 + random_below(count - 1)) % count;
    struct endpoint *other = first_from(set, other_place, tried);
    return take(other && active_of(other) < active_of(first) ? other : first);
}

static struct endpoint *pick_in_rotation(struct balancer *balancer, enum balance_policy policy,
                                         const struct endpoint_set *set, const struct tried *tried)
{
    switch (policy) {
    case BALANCE_LEAST_CONNECTIONS:
        return pick_least_connections(balancer, set, tried);
    case BALANCE_RANDOM_TWO:
        return pick_random_two(set, tried);
    case BALANCE_ROUND_ROBIN:
        break;
    }
    return pick_round_robin(balancer, set, tried);
}

struct endpoint *balance_pick(struct balancer *balancer, enum balance_policy policy,
                              const struct endpoint_set *set, struct tried tried)
{
    if (set->count == 0)
        return NULL;
    struct endpoint *endpoint = pick_in_rotation(balancer, policy, set, &tried);
    if (endpoint)
        return endpoint;
    endpoint = least_recently_failed(set, &tried);
    return endpoint ? take(endpoint) : NULL;
}

void balance_release(struct endpoint *endpoint)
{
    atomic_fetch_sub_explicit(&endpoint->active, 1, memory_order_relaxed);
    endpoint_unref(endpoint);
}
