#include "proxy/balance.h"

#include <errno.h>

#include "base/random.h"
#include "base/stride.h"
#include "proxy/eject.h"
#include "proxy/ranking.h"

/* How often round-robin goes on when a place is spent: far beyond what chance brings, and an end.
 */
#define PLACES_MOST 10000
/* How often a draw is repeated that cannot be used, before all are looked at. */
#define DRAWS_MOST 16

#define NOBODY SIZE_MAX

void balancer_init(struct balancer *balancer)
{
    for (size_t i = 0; i < BALANCE_CURSORS; i++)
        atomic_store(&balancer->cursors[i], random_u32());
    pthread_mutex_init(&balancer->lock, NULL);
    balancer->set = NULL;
    atomic_store(&balancer->ranking, NULL);
}

void balancer_clear(struct balancer *balancer)
{
    pthread_mutex_destroy(&balancer->lock);
    ranking_free(atomic_load(&balancer->ranking));
    endpoint_set_unref(balancer->set);
}

/* --- what it is told ------------------------------------------------------------------------- */

static void set_fresh(struct endpoint *endpoint, usec_t now)
{
    atomic_store_explicit(&endpoint->fresh_since, now, memory_order_relaxed);
}

/* Who comes to a set that serves already is fresh. */
static void welcome(const struct endpoint_set *set, const struct endpoint_set *previous, usec_t now)
{
    for (size_t i = 0; i < set->count && previous && previous->count > 0; i++)
        if (set->endpoints[i]->slot == 0)
            set_fresh(set->endpoints[i], now);
}

static void move_slots(const struct endpoint_set *set, const struct endpoint_set *previous)
{
    for (size_t i = 0; previous && i < previous->count; i++)
        previous->endpoints[i]->slot = 0;
    for (size_t i = 0; i < set->count; i++)
        set->endpoints[i]->slot = (uint32_t)i + 1;
}

int balancer_use(struct balancer *balancer, enum balance_policy policy, struct endpoint_set *set)
{
    struct ranking *next = NULL;
    if (policy == BALANCE_LEAST_CONNECTIONS && !(next = ranking_new(set)))
        return -ENOMEM;
    usec_t now = clock_now();
    endpoint_set_ref(set);
    pthread_mutex_lock(&balancer->lock);
    struct endpoint_set *previous = balancer->set;
    struct ranking *before = atomic_load(&balancer->ranking);
    welcome(set, previous, now);
    if (next)
        ranking_fill(next, before, now);
    move_slots(set, previous);
    balancer->set = set;
    atomic_store(&balancer->ranking, next);
    pthread_mutex_unlock(&balancer->lock);
    ranking_free(before);
    endpoint_set_unref(previous);
    return 0;
}

/* After each change of `active`: nothing to do where nobody ranks by it. */
static void update(struct balancer *balancer, const struct endpoint *endpoint)
{
    if (!atomic_load_explicit(&balancer->ranking, memory_order_acquire))
        return;
    pthread_mutex_lock(&balancer->lock);
    struct ranking *ranking = atomic_load(&balancer->ranking);
    if (ranking)
        ranking_update(ranking, endpoint);
    pthread_mutex_unlock(&balancer->lock);
}

void balance_refresh(struct balancer *balancer, struct endpoint *endpoint)
{
    usec_t now = clock_now();
    pthread_mutex_lock(&balancer->lock);
    struct ranking *ranking = atomic_load(&balancer->ranking);
    if (ranking)
        ranking_refresh(ranking, endpoint, now);
    else if (!atomic_load(&endpoint->ejected))
        set_fresh(endpoint, now);
    pthread_mutex_unlock(&balancer->lock);
}

static struct endpoint *take(struct balancer *balancer, struct endpoint *endpoint)
{
    atomic_fetch_add_explicit(&endpoint->active, 1, memory_order_relaxed);
    update(balancer, endpoint);
    return endpoint_ref(endpoint);
}

void balance_release(struct balancer *balancer, struct endpoint *endpoint)
{
    atomic_fetch_sub_explicit(&endpoint->active, 1, memory_order_relaxed);
    update(balancer, endpoint);
    endpoint_unref(endpoint);
}

/* --- within one tier ------------------------------------------------------------------------- */

/* A choice that is to be made, in one tier. */
struct choice {
    const struct endpoint_set *set;
    const struct endpoint_tier *tier;
    const struct tried *tried;
};

static bool can_use(const struct choice *choice, size_t index)
{
    return is_usable(choice->set->endpoints[index], choice->tried);
}

/* The endpoint that has this one of the tier's `weight` places. The search has no branch that would
 * be guessed wrong half of the time. */
static size_t index_at(const struct choice *choice, uint32_t place)
{
    const uint32_t *ends = choice->set->ends + choice->tier->first;
    size_t low = 0, half;
    if (choice->tier->even)
        return choice->tier->first + place;
    for (size_t count = choice->tier->count; (half = count / 2) > 0; count -= half)
        low += (ends[low + half - 1] <= place) * half;
    return choice->tier->first + low;
}

/* One of the usable ones but `except`, at random by weight, after all were looked at. */
static size_t draw_of_all(const struct choice *choice, size_t except)
{
    size_t first = choice->tier->first, end = first + choice->tier->count, drawn = NOBODY;
    uint32_t sum = 0;
    for (size_t i = first; i < end; i++) {
        if (i == except || !can_use(choice, i))
            continue;
        sum += choice->set->weights[i];
        if (random_below(sum) < choice->set->weights[i])
            drawn = i;
    }
    return drawn;
}

/* One of the usable ones but `except` (NOBODY: of all), at random by weight; NOBODY: there is none.
 */
static size_t draw(const struct choice *choice, size_t except)
{
    uint32_t spared = except == NOBODY ? 0 : choice->set->weights[except];
    uint32_t sum = choice->tier->weight - spared;
    for (int i = 0; i < DRAWS_MOST && sum > 0; i++) {
        uint32_t place = random_below(sum);
        if (except != NOBODY && place >= choice->set->ends[except] - spared)
            place += spared;
        size_t index = index_at(choice, place);
        if (can_use(choice, index))
            return index;
    }
    return draw_of_all(choice, except);
}

static bool any_usable(const struct choice *choice)
{
    for (size_t i = 0; i < choice->tier->count; i++)
        if (can_use(choice, choice->tier->first + i))
            return true;
    return false;
}

static size_t next_place(const struct choice *choice, _Atomic uint64_t *cursor)
{
    uint64_t step = atomic_fetch_add_explicit(cursor, 1, memory_order_relaxed);
    uint32_t weight = choice->tier->weight;
    uint32_t place = (uint32_t)(step % weight);
    return index_at(choice,
                    choice->tier->even ? place : stride_place(step, choice->tier->stride, weight));
}

static size_t choose_in_turn(const struct choice *choice, _Atomic uint64_t *cursor)
{
    size_t index = next_place(choice, cursor);
    if (can_use(choice, index))
        return index;
    if (!any_usable(choice))
        return NOBODY;
    /* A place whose endpoint cannot be used is spent, as it was for the one who found it dead: the
     * next place is taken, not the neighbour's share. Other threads may take the places between, so
     * that the same dead endpoint comes up again and again; not for ever. */
    for (int i = 0; i < PLACES_MOST; i++)
        if (can_use(choice, index = next_place(choice, cursor)))
            return index;
    return draw(choice, NOBODY);
}

static uint64_t active_of(const struct endpoint *endpoint)
{
    return atomic_load_explicit(&endpoint->active, memory_order_relaxed);
}

/* How long it has been fresh, at most FRESH_SPAN, which all others have. */
static usec_t age_of(const struct endpoint *endpoint)
{
    usec_t since = atomic_load_explicit(&endpoint->fresh_since, memory_order_relaxed);
    usec_t age = since == 0 ? FRESH_SPAN : clock_now() - since;
    return age < FRESH_SPAN ? age : FRESH_SPAN;
}

/* Of two the one with fewer connections for its weight. But a fresh one beside a settled one would
 * win every time. */
static size_t better_of(const struct endpoint_set *set, size_t first, size_t other)
{
    uint64_t first_load = active_of(set->endpoints[first]) * set->weights[other];
    uint64_t other_load = active_of(set->endpoints[other]) * set->weights[first];
    size_t lesser = other_load < first_load ? other : first;
    size_t greater = lesser == first ? other : first;
    usec_t age = age_of(set->endpoints[lesser]);
    if (first_load == other_load || age == FRESH_SPAN ||
        age_of(set->endpoints[greater]) < FRESH_SPAN)
        return lesser;
    return (usec_t)random_below(2 * FRESH_SPAN) < FRESH_SPAN + age ? lesser : greater;
}

static size_t choose_of_two(const struct choice *choice)
{
    size_t first = draw(choice, NOBODY);
    size_t other = first != NOBODY ? draw(choice, first) : NOBODY;
    return other != NOBODY ? better_of(choice->set, first, other) : first;
}

/* --- over the tiers -------------------------------------------------------------------------- */

/* Of the first tier that has a usable endpoint; NULL where none has. */
static struct endpoint *pick_usable(struct balancer *balancer, enum balance_policy policy,
                                    const struct endpoint_set *set, const struct tried *tried)
{
    for (size_t t = 0; t < set->tier_count; t++) {
        const struct choice choice = {set, &set->tiers[t], tried};
        size_t cursor = t < BALANCE_CURSORS ? t : BALANCE_CURSORS - 1;
        size_t index = policy == BALANCE_RANDOM_TWO
                           ? choose_of_two(&choice)
                           : choose_in_turn(&choice, &balancer->cursors[cursor]);
        if (index != NOBODY)
            return take(balancer, set->endpoints[index]);
    }
    return NULL;
}

/* Returns false where there is no ranking, or nobody in it. */
static bool pick_ranked(struct balancer *balancer, const struct tried *tried,
                        struct endpoint **ret_endpoint)
{
    pthread_mutex_lock(&balancer->lock);
    struct ranking *ranking = atomic_load(&balancer->ranking);
    bool ranked = ranking && balancer->set->count > 0;
    *ret_endpoint = ranked ? ranking_pick(ranking, tried) : NULL;
    if (*ret_endpoint)
        endpoint_ref(*ret_endpoint);
    pthread_mutex_unlock(&balancer->lock);
    return ranked;
}

/* Nothing is known to serve: all are used that this client has not tried. */
static struct endpoint *pick_last(struct balancer *balancer, const struct endpoint_set *set,
                                  const struct tried *tried)
{
    struct endpoint *best = NULL;
    usec_t best_failed = 0;
    for (size_t i = 0; i < set->count; i++) {
        const struct endpoint *endpoint = set->endpoints[i];
        usec_t failed = atomic_load_explicit(&endpoint->failed_at, memory_order_relaxed);
        if (eject_is_drained(endpoint)) /* only for want of any other */
            failed = INT64_MAX;
        if ((!best || failed < best_failed) && !was_tried(tried, set->endpoints[i])) {
            best = set->endpoints[i];
            best_failed = failed;
        }
    }
    return best ? take(balancer, best) : NULL;
}

struct endpoint *balance_pick(struct balancer *balancer, enum balance_policy policy,
                              const struct endpoint_set *set, struct tried tried)
{
    struct endpoint *endpoint = NULL;
    if (policy != BALANCE_LEAST_CONNECTIONS || !pick_ranked(balancer, &tried, &endpoint))
        endpoint = pick_usable(balancer, policy, set, &tried);
    return endpoint ? endpoint : pick_last(balancer, set, &tried);
}
