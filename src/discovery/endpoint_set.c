#include "discovery/endpoint_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/stride.h"

int place_compare(const void *a, const void *b)
{
    const struct place *one = a, *other = b;
    if (one->tier != other->tier)
        return one->tier < other->tier ? -1 : 1;
    return address_compare(&one->address, &other->address);
}

/* --- weights -------------------------------------------------------------------------------- */

static uint64_t greatest_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static size_t count_zeros(const struct place *places, size_t count)
{
    size_t zeros = 0;
    for (size_t i = 0; i < count; i++)
        zeros += places[i].weight == 0;
    return zeros;
}

/* A weight of 0 counts as 1 shared by all zeros of the tier, so the others count so many times as
 * much. No more than 65536 zeros: their product fits 32 bits. */
static uint32_t scaled(const struct place *place, size_t zeros)
{
    if (zeros > UINT16_MAX)
        zeros = UINT16_MAX;
    return place->weight == 0 ? 1 : (uint32_t)(place->weight * (zeros > 0 ? zeros : 1));
}

static uint64_t sum_of(const uint32_t *weights, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += weights[i];
    return sum;
}

static void set_weights(const struct place *places, size_t count, uint32_t *weights)
{
    size_t zeros = count_zeros(places, count);
    uint64_t divisor = 0;
    for (size_t i = 0; i < count; i++) {
        weights[i] = scaled(&places[i], zeros);
        divisor = greatest_divisor(weights[i], divisor);
    }
    for (size_t i = 0; i < count; i++)
        weights[i] = (uint32_t)(weights[i] / divisor);
    while (sum_of(weights, count) > UINT32_MAX)
        for (size_t i = 0; i < count; i++)
            weights[i] = weights[i] > 1 ? weights[i] / 2 : 1;
}

/* --- the set --------------------------------------------------------------------------------- */

static size_t count_tiers(const struct place *places, size_t count)
{
    size_t tiers = 0;
    for (size_t i = 0; i < count; i++)
        tiers += i == 0 || places[i].tier != places[i - 1].tier;
    return tiers;
}

/* Most sets are plain: one tier, in which all weigh the same. They share these. */
#define ONES 1, 1, 1, 1, 1, 1, 1, 1
#define STEPS(n) (n) + 1, (n) + 2, (n) + 3, (n) + 4, (n) + 5, (n) + 6, (n) + 7, (n) + 8
static const uint32_t plain_weights[] = {ONES, ONES, ONES, ONES};
static const uint32_t plain_ends[] = {STEPS(0), STEPS(8), STEPS(16), STEPS(24)};
#define PLAIN_MOST (sizeof plain_weights / sizeof *plain_weights)

static bool is_plain(const struct place *places, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (places[i].tier != places[0].tier || places[i].weight != places[0].weight)
            return false;
    return count <= PLAIN_MOST;
}

/* The tiers stand between the pointers and the weights: each is aligned for what follows it. Where
 * the set is not plain, *ret_weights and *ret_ends are to be filled. */
static struct endpoint_set *allocate(const struct place *places, size_t count,
                                     uint32_t **ret_weights, uint32_t **ret_ends)
{
    size_t tiers = count_tiers(places, count);
    bool plain = is_plain(places, count);
    struct endpoint_set *set = NULL;
    size_t size = sizeof *set + count * sizeof *set->endpoints + tiers * sizeof *set->tiers;
    set = calloc(1, size + (plain ? 0 : count * (sizeof **ret_weights + sizeof **ret_ends)));
    if (!set)
        return NULL;
    set->references = 1;
    set->count = (uint32_t)count;
    set->tiers = (struct endpoint_tier *)(void *)(set->endpoints + count);
    *ret_weights = plain ? NULL : (uint32_t *)(void *)(set->tiers + tiers);
    *ret_ends = plain ? NULL : *ret_weights + count;
    set->weights = plain ? plain_weights : *ret_weights;
    set->ends = plain ? plain_ends : *ret_ends;
    return set;
}

/* Fills the tier's weights and ends. */
static void weigh_tier(struct endpoint_tier *tier, const struct place *places, uint32_t *weights,
                       uint32_t *ends)
{
    set_weights(places, tier->count, weights);
    for (size_t i = 0; i < tier->count; i++) {
        tier->weight += weights[i];
        tier->even = tier->even && weights[i] == weights[0];
        ends[i] = tier->weight;
    }
    tier->stride = tier->even ? 1 : stride_for(tier->weight);
}

static void set_tiers(struct endpoint_set *set, const struct place *places, uint32_t *weights,
                      uint32_t *ends)
{
    uint32_t first = 0;
    for (uint32_t i = 1; i <= set->count; i++) {
        if (i < set->count && places[i].tier == places[first].tier)
            continue;
        struct endpoint_tier *tier = &set->tiers[set->tier_count++];
        *tier = (struct endpoint_tier){.first = first, .count = i - first, .even = true};
        if (weights) {
            weigh_tier(tier, places + first, weights + first, ends + first);
        } else {
            tier->weight = tier->count;
            tier->stride = 1;
        }
        first = i;
    }
}

static int compare_by_address(const void *a, const void *b)
{
    const struct place *one = a, *other = b;
    int order = address_compare(&one->address, &other->address);
    return order != 0 ? order : place_compare(a, b);
}

size_t places_settle(struct place *places, size_t count)
{
    size_t kept = 0;
    qsort(places, count, sizeof *places, compare_by_address);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || !address_equal(&places[kept - 1].address, &places[i].address))
            places[kept++] = places[i];
    qsort(places, kept, sizeof *places, place_compare);
    return kept;
}

/* Who is missing still is new. Returns false where there is no memory. */
static bool add_newcomers(struct endpoint_set *set, const struct place *places)
{
    struct address addresses[ENDPOINTS_MOST];
    struct endpoint *made[ENDPOINTS_MOST];
    uint32_t slots[ENDPOINTS_MOST];
    size_t count = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        if (!set->endpoints[i]) {
            addresses[count] = places[i].address;
            slots[count++] = i;
        }
        if (count == 0 || (count < ENDPOINTS_MOST && i + 1 < set->count))
            continue;
        if (!endpoints_new(addresses, count, made))
            return false;
        while (count-- > 0)
            set->endpoints[slots[count]] = made[count];
        count = 0;
    }
    return true;
}

struct endpoint_set *endpoint_set_new(const struct endpoint_set *previous,
                                      const struct place *places, size_t count)
{
    static _Atomic uint32_t serial;
    uint32_t *weights, *ends;
    struct endpoint_set *set = allocate(places, count, &weights, &ends);
    if (!set)
        return NULL;
    set->serial = ++serial;
    for (size_t i = 0; i < count && previous; i++) {
        struct endpoint *same = endpoint_set_find(previous, &places[i].address);
        set->endpoints[i] = same ? endpoint_ref(same) : NULL;
    }
    if (!add_newcomers(set, places)) {
        endpoint_set_unref(set);
        return NULL;
    }
    set_tiers(set, places, weights, ends);
    return set;
}

struct endpoint_set *endpoint_set_ref(struct endpoint_set *set)
{
    atomic_fetch_add_explicit(&set->references, 1, memory_order_relaxed);
    return set;
}

void endpoint_set_unref(struct endpoint_set *set)
{
    if (!set || atomic_fetch_sub_explicit(&set->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < set->count; i++)
        endpoint_unref(set->endpoints[i]);
    free(set);
}

static bool same_tier(const struct endpoint_set *set, const struct endpoint_tier *tier,
                      const struct place *places, uint32_t *weights)
{
    for (size_t i = 0; i < tier->count; i++)
        if (places[i].tier != places[0].tier ||
            !address_equal(&set->endpoints[tier->first + i]->address, &places[i].address))
            return false;
    set_weights(places, tier->count, weights);
    return memcmp(weights, set->weights + tier->first, tier->count * sizeof *weights) == 0;
}

bool endpoint_set_is(const struct endpoint_set *set, const struct place *places, size_t count)
{
    if (set->count != count || set->tier_count != count_tiers(places, count))
        return false;
    uint32_t *weights = calloc(count + 1, sizeof *weights);
    bool same = weights != NULL;
    for (size_t i = 0; i < set->tier_count && same; i++)
        same = same_tier(set, &set->tiers[i], places + set->tiers[i].first, weights);
    free(weights);
    return same;
}

static struct endpoint *find_in_tier(const struct endpoint_set *set,
                                     const struct endpoint_tier *tier,
                                     const struct address *address)
{
    size_t low = tier->first, high = tier->first + tier->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = address_compare(&set->endpoints[middle]->address, address);
        if (order == 0)
            return set->endpoints[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

struct endpoint *endpoint_set_find(const struct endpoint_set *set, const struct address *address)
{
    struct endpoint *found = NULL;
    for (size_t i = 0; i < set->tier_count && !found; i++)
        found = find_in_tier(set, &set->tiers[i], address);
    return found;
}
