#include "proxy/ranking.h"

#include <stdlib.h>

#include "base/random.h"
#include "proxy/heap.h"

/* Turns are counted in parts of one, for shares that are no whole numbers. */
#define TURN (UINT64_C(1) << 16)

/* One tier. The settled are ranked by active/weight, the fresh by the pick at which each is due. */
struct league {
    struct heap settled, fresh;
    uint64_t settled_load; /* the sum of active/weight, see load_of() */
    uint64_t settled_weight, fresh_weight;
    uint64_t picks;
    uint64_t pass;        /* of the last one picked: nobody saves up turns behind it */
    uint32_t heaviest;    /* the greatest weight; whoever has it goes one TURN a pick */
    usec_t settles_first; /* when the span of the first of the fresh is over, at the latest */
};

struct ranking {
    const struct endpoint_set *set;
    struct league *leagues; /* of each tier */
    uint32_t *tiers;        /* of each endpoint of the set */
    uint32_t *spots;        /* likewise: where it stands in a heap of its tier */
    struct rank ranks[];    /* of the settled, then of the fresh */
};

struct ranking *ranking_new(const struct endpoint_set *set)
{
    size_t count = set->count;
    struct ranking *ranking =
        calloc(1, sizeof *ranking + 2 * count * sizeof *ranking->ranks +
                      set->tier_count * sizeof *ranking->leagues +
                      count * (sizeof *ranking->tiers + sizeof *ranking->spots));
    if (!ranking)
        return NULL;
    ranking->set = set;
    ranking->leagues = (struct league *)(void *)(ranking->ranks + 2 * count);
    ranking->tiers = (uint32_t *)(void *)(ranking->leagues + set->tier_count);
    ranking->spots = ranking->tiers + count;
    for (size_t t = 0; t < set->tier_count; t++) {
        struct rank *ranks = ranking->ranks + set->tiers[t].first;
        ranking->leagues[t].settled = (struct heap){ranks, ranking->spots, 0};
        ranking->leagues[t].fresh = (struct heap){ranks + count, ranking->spots, 0};
    }
    return ranking;
}

void ranking_free(struct ranking *ranking)
{
    free(ranking);
}

/* --- coming and going ------------------------------------------------------------------------ */

static struct endpoint *endpoint_of(const struct ranking *ranking, const struct rank *rank)
{
    return ranking->set->endpoints[rank->slot];
}

/* active/weight in parts of 2^32, so that unlike fractions are unlike numbers: weights of DNS have
 * 16 bits. */
static uint64_t load_of(const struct endpoint *endpoint, uint32_t weight)
{
    uint64_t active = atomic_load_explicit(&endpoint->active, memory_order_relaxed);
    return (active << 32) / weight;
}

static usec_t fresh_since(const struct endpoint *endpoint)
{
    return atomic_load_explicit(&endpoint->fresh_since, memory_order_relaxed);
}

static void set_fresh(struct endpoint *endpoint, usec_t since)
{
    atomic_store_explicit(&endpoint->fresh_since, since, memory_order_relaxed);
}

static void add_settled(struct ranking *ranking, struct league *league, uint32_t slot,
                        uint64_t pass)
{
    struct endpoint *endpoint = ranking->set->endpoints[slot];
    uint32_t weight = ranking->set->weights[slot];
    struct rank rank = {load_of(endpoint, weight), pass, slot, weight};
    set_fresh(endpoint, 0);
    league->settled_load += rank.value;
    league->settled_weight += weight;
    heap_insert(&league->settled, &rank);
}

static void add_fresh(struct ranking *ranking, struct league *league, uint32_t slot, uint64_t pass,
                      uint64_t due)
{
    struct rank rank = {due, pass, slot, ranking->set->weights[slot]};
    usec_t settles = fresh_since(ranking->set->endpoints[slot]) + FRESH_SPAN;
    if (league->fresh.count == 0 || settles < league->settles_first)
        league->settles_first = settles;
    league->fresh_weight += rank.weight;
    heap_insert(&league->fresh, &rank);
}

static void remove_settled(struct league *league, uint32_t at)
{
    league->settled_load -= league->settled.ranks[at].value;
    league->settled_weight -= league->settled.ranks[at].weight;
    heap_remove(&league->settled, at);
}

static void remove_fresh(struct league *league, uint32_t at)
{
    league->fresh_weight -= league->fresh.ranks[at].weight;
    heap_remove(&league->fresh, at);
}

static bool is_over(const struct endpoint *endpoint, usec_t now)
{
    return now - fresh_since(endpoint) >= FRESH_SPAN;
}

/* Those whose span is over settle; all do where they have nobody to take turns with. The heap is
 * built anew in its own place, behind the one who is looked at. */
static void settle_due(struct ranking *ranking, struct league *league, usec_t now)
{
    bool all = league->settled.count == 0;
    uint32_t count = league->fresh.count;
    if (!all && now < league->settles_first)
        return;
    league->fresh.count = 0;
    league->fresh_weight = 0;
    for (uint32_t at = 0; at < count; at++) {
        const struct rank rank = league->fresh.ranks[at];
        if (all || is_over(endpoint_of(ranking, &rank), now))
            add_settled(ranking, league, rank.slot, rank.pass);
        else
            add_fresh(ranking, league, rank.slot, rank.pass, rank.value);
    }
}

/* Whether a fresh one has as many connections for its weight as the settled have on average. */
static bool has_caught_up(const struct ranking *ranking, const struct league *league,
                          const struct rank *rank)
{
    return load_of(endpoint_of(ranking, rank), rank->weight) >=
           league->settled_load / league->settled.count;
}

/* --- picking --------------------------------------------------------------------------------- */

/* Who comes before `best` (HEAP_NONE: nobody was found yet) among `at` and those below it: they
 * come behind it, so it ends at the first usable one on each way down. */
static uint32_t find_usable(const struct ranking *ranking, const struct heap *heap,
                            const struct tried *tried, uint32_t at, uint32_t best)
{
    if (at >= heap->count)
        return best;
    if (best != HEAP_NONE && !rank_before(&heap->ranks[at], &heap->ranks[best]))
        return best;
    if (is_usable(endpoint_of(ranking, &heap->ranks[at]), tried))
        return at;
    best = find_usable(ranking, heap, tried, 2 * at + 1, best);
    return find_usable(ranking, heap, tried, 2 * at + 2, best);
}

static struct endpoint *count_in(const struct ranking *ranking, struct league *league,
                                 struct rank *rank)
{
    struct endpoint *endpoint = endpoint_of(ranking, rank);
    atomic_fetch_add_explicit(&endpoint->active, 1, memory_order_relaxed);
    league->picks++;
    league->pass = rank->pass > league->pass ? rank->pass : league->pass;
    rank->pass = league->pass + league->heaviest * TURN / rank->weight;
    return endpoint;
}

static void rerank_settled(struct league *league, uint32_t at, const struct endpoint *endpoint,
                           uint64_t pass)
{
    struct rank rank = league->settled.ranks[at];
    league->settled_load -= rank.value;
    rank.value = load_of(endpoint, rank.weight);
    rank.pass = pass;
    league->settled_load += rank.value;
    heap_change(&league->settled, at, &rank);
}

static struct endpoint *take_settled(const struct ranking *ranking, struct league *league,
                                     uint32_t at)
{
    struct rank rank = league->settled.ranks[at];
    struct endpoint *endpoint = count_in(ranking, league, &rank);
    rerank_settled(league, at, endpoint, rank.pass);
    return endpoint;
}

/* It is due again after as many picks as make its share, and the earlier the longer it is here. */
static struct endpoint *take_fresh(const struct ranking *ranking, struct league *league,
                                   uint32_t at, usec_t now)
{
    struct rank rank = league->fresh.ranks[at];
    uint64_t now_due = league->picks * TURN;
    struct endpoint *endpoint = count_in(ranking, league, &rank);
    usec_t left = fresh_since(endpoint) + FRESH_SPAN - now;
    uint64_t round = (league->settled_weight + league->fresh_weight) * TURN;
    rank.value += round / rank.weight * (uint64_t)(left / USEC_PER_MSEC) /
                  (uint64_t)(FRESH_SPAN / USEC_PER_MSEC);
    if (rank.value < now_due)
        rank.value = now_due;
    heap_change(&league->fresh, at, &rank);
    return endpoint;
}

/* A fresh one whose turn it is, or NULL. */
static struct endpoint *pick_due(struct ranking *ranking, struct league *league,
                                 const struct tried *tried, usec_t now)
{
    settle_due(ranking, league, now);
    for (;;) {
        uint32_t at = find_usable(ranking, &league->fresh, tried, 0, HEAP_NONE);
        if (at == HEAP_NONE || league->fresh.ranks[at].value > league->picks * TURN)
            return NULL;
        const struct rank rank = league->fresh.ranks[at];
        if (!has_caught_up(ranking, league, &rank))
            return take_fresh(ranking, league, at, now);
        remove_fresh(league, at);
        add_settled(ranking, league, rank.slot, rank.pass);
    }
}

static struct endpoint *pick_in(struct ranking *ranking, struct league *league,
                                const struct tried *tried)
{
    usec_t now = league->fresh.count > 0 ? clock_now() : 0;
    struct endpoint *due = now != 0 ? pick_due(ranking, league, tried, now) : NULL;
    if (due)
        return due;
    uint32_t at = find_usable(ranking, &league->settled, tried, 0, HEAP_NONE);
    if (at != HEAP_NONE)
        return take_settled(ranking, league, at);
    at = find_usable(ranking, &league->fresh, tried, 0, HEAP_NONE);
    return at != HEAP_NONE ? take_fresh(ranking, league, at, now) : NULL;
}

struct endpoint *ranking_pick(struct ranking *ranking, const struct tried *tried)
{
    struct endpoint *endpoint = NULL;
    for (size_t t = 0; t < ranking->set->tier_count && !endpoint; t++)
        endpoint = pick_in(ranking, &ranking->leagues[t], tried);
    return endpoint;
}

/* --- what is told ---------------------------------------------------------------------------- */

void ranking_update(struct ranking *ranking, const struct endpoint *endpoint)
{
    if (endpoint->slot == 0)
        return;
    uint32_t slot = endpoint->slot - 1, at = ranking->spots[slot];
    struct league *league = &ranking->leagues[ranking->tiers[slot]];
    if (at != HEAP_NONE && fresh_since(endpoint) == 0)
        rerank_settled(league, at, endpoint, league->settled.ranks[at].pass);
}

void ranking_refresh(struct ranking *ranking, struct endpoint *endpoint, usec_t now)
{
    if (endpoint->slot == 0)
        return;
    uint32_t slot = endpoint->slot - 1, at = ranking->spots[slot];
    struct league *league = &ranking->leagues[ranking->tiers[slot]];
    bool ejected = atomic_load(&endpoint->ejected);
    if (!ejected && at == HEAP_NONE) {
        set_fresh(endpoint, now);
        add_fresh(ranking, league, slot, league->pass, league->picks * TURN);
    } else if (ejected && at != HEAP_NONE && fresh_since(endpoint) != 0) {
        remove_fresh(league, at);
    } else if (ejected && at != HEAP_NONE) {
        remove_settled(league, at);
    }
}

/* --- from set to set ------------------------------------------------------------------------- */

/* What the tiers of the same place in the previous set go on with. */
static void fill_leagues(struct ranking *ranking, const struct ranking *previous)
{
    const struct endpoint_set *set = ranking->set;
    for (size_t t = 0; t < set->tier_count; t++) {
        struct league *league = &ranking->leagues[t];
        if (previous && t < previous->set->tier_count) {
            league->picks = previous->leagues[t].picks;
            league->pass = previous->leagues[t].pass;
        }
        for (size_t i = 0; i < set->tiers[t].count; i++) {
            size_t slot = set->tiers[t].first + i;
            ranking->tiers[slot] = (uint32_t)t;
            ranking->spots[slot] = HEAP_NONE;
            if (set->weights[slot] > league->heaviest)
                league->heaviest = set->weights[slot];
        }
    }
}

/* The rank that the endpoint has there, or NULL. */
static const struct rank *rank_in(const struct ranking *previous, const struct endpoint *endpoint)
{
    if (!previous || endpoint->slot == 0)
        return NULL;
    uint32_t slot = endpoint->slot - 1, at = previous->spots[slot];
    const struct league *league = &previous->leagues[previous->tiers[slot]];
    if (at == HEAP_NONE)
        return NULL;
    return fresh_since(endpoint) != 0 ? &league->fresh.ranks[at] : &league->settled.ranks[at];
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Whoever comes from a tier that was ahead in its count waits no longer than one round. */
static void fill_slot(struct ranking *ranking, uint32_t slot, const struct rank *before,
                      uint64_t pass, usec_t now)
{
    struct endpoint *endpoint = ranking->set->endpoints[slot];
    struct league *league = &ranking->leagues[ranking->tiers[slot]];
    uint64_t due = league->picks * TURN;
    if (before)
        pass = least(before->pass, league->pass + league->heaviest * TURN);
    if (fresh_since(endpoint) == 0 || is_over(endpoint, now)) {
        add_settled(ranking, league, slot, pass);
        return;
    }
    uint64_t round = ranking->set->tiers[ranking->tiers[slot]].weight * TURN;
    if (before)
        due = least(before->value, due + round / ranking->set->weights[slot]);
    add_fresh(ranking, league, slot, pass, due);
}

void ranking_fill(struct ranking *ranking, const struct ranking *previous, usec_t now)
{
    uint32_t count = (uint32_t)ranking->set->count;
    uint32_t first = random_below(count); /* not the first address, on all hosts alike */
    fill_leagues(ranking, previous);
    for (uint32_t slot = 0; slot < count; slot++) {
        struct endpoint *endpoint = ranking->set->endpoints[slot];
        uint64_t start = ranking->leagues[ranking->tiers[slot]].pass;
        if (!atomic_load(&endpoint->ejected))
            fill_slot(ranking, slot, rank_in(previous, endpoint),
                      previous ? start : (slot + count - first) % count, now);
    }
}
