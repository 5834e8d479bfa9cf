#ifndef REDIAL_DISCOVERY_ENDPOINT_SET_H
#define REDIAL_DISCOVERY_ENDPOINT_SET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discovery/endpoint.h"

/* Where an address stands among the others of its upstream. */
struct place {
    struct address address;
    uint32_t tier;   /* 0: the first choice; a greater one serves when the lesser ones cannot */
    uint16_t weight; /* its share within the tier, as of SRV; addresses without one: all the same */
};

/* Orders by tier, then by address: as qsort(3) wants it. */
int place_compare(const void *a, const void *b);

/* Leaves each address once, at its best place, in the order that a set wants. Returns how many are
 * left. */
size_t places_settle(struct place *places, size_t count);

/* The endpoints of one tier stand side by side in the set. */
struct endpoint_tier {
    uint32_t first, count;
    uint32_t weight; /* the sum of the weights */
    uint32_t stride; /* where they are not even: see base/stride, for `weight` places */
    bool even;       /* all weights are the same, and then they are 1 */
};

/* The endpoints of an upstream at one moment, by tier and address. Immutable; shared by reference
 * count. */
struct endpoint_set {
    _Atomic unsigned references;
    uint32_t
        serial; /* of all sets of the process: a later one has a greater one, or has begun anew */
    uint32_t count, tier_count;
    struct endpoint_tier *tiers; /* in order, none empty */
    const uint32_t *weights;     /* of each endpoint, at least 1, as they relate within the tier */
    const uint32_t *ends;        /* the sum of the weights of its tier up to and with each */
    struct endpoint *endpoints[];
};

/* The set of these places (sorted by place_compare(), each address once), in which every endpoint
 * that `previous` (NULL: none) had is the same object. Weights are brought to the least numbers
 * that relate alike; those of 0 share among them what a weight of 1 gets (RFC 2782, "Weight").
 * Returns NULL where there is no memory. */
struct endpoint_set *endpoint_set_new(const struct endpoint_set *previous,
                                      const struct place *places, size_t count);

/* Any thread. The last endpoint_set_unref() frees; NULL is accepted. */
struct endpoint_set *endpoint_set_ref(struct endpoint_set *set);
void endpoint_set_unref(struct endpoint_set *set);

/* Whether `set` was made after `other`. */
static inline bool endpoint_set_is_newer(const struct endpoint_set *set,
                                         const struct endpoint_set *other)
{
    return (int32_t)(set->serial - other->serial) > 0;
}

/* Whether the set has these places, and no others, with the same weights and tiers. */
bool endpoint_set_is(const struct endpoint_set *set, const struct place *places, size_t count);

/* The endpoint with this address, or NULL. */
struct endpoint *endpoint_set_find(const struct endpoint_set *set, const struct address *address);

#endif
