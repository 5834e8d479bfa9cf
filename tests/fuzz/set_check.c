#include "set_check.h"

#include "target.h"

/* The ports of SRV records come in many names: the address tells the members apart. */
static struct place place_of(const struct member *member, size_t index)
{
    const struct record *record = &member->record;
    struct in_addr ip = {.s_addr = htonl(0x0a010000u + (uint32_t)index)};
    return (struct place){
        .address = record_is_srv(record) ? address_ipv4(&ip, record->port) : record_address(record),
        .tier = record_is_srv(record) ? record->priority : 0,
        .weight = record_is_srv(record) ? record->weight : 0,
    };
}

static void check_tier(const struct endpoint_set *set, const struct endpoint_tier *tier)
{
    uint64_t sum = 0;
    bool even = true;
    expect(tier->count > 0);
    for (size_t i = tier->first; i < tier->first + tier->count; i++) {
        expect(set->weights[i] > 0);
        sum += set->weights[i];
        expect(set->ends[i] == sum);
        even = even && set->weights[i] == set->weights[tier->first];
    }
    expect(sum == tier->weight && even == tier->even);
    expect(!even || sum == tier->count);
}

void set_check_shape(const struct endpoint_set *set)
{
    size_t first = 0;
    for (size_t i = 0; i < set->tier_count; i++) {
        const struct endpoint_tier *tier = &set->tiers[i];
        expect(tier->first == first);
        check_tier(set, tier);
        first += tier->count;
        for (size_t j = tier->first + 1; j < first; j++)
            expect(address_compare(&set->endpoints[j - 1]->address, &set->endpoints[j]->address) <
                   0);
    }
    expect(first == set->count);
}

static void check_set(const struct endpoint_set *set, const struct endpoint_set *previous,
                      const struct place *places, size_t count)
{
    expect(set->count == count && endpoint_set_is(set, places, count));
    set_check_shape(set);
    for (size_t i = 0; i < count; i++) {
        const struct endpoint *endpoint = endpoint_set_find(set, &places[i].address);
        const struct endpoint *before =
            previous ? endpoint_set_find(previous, &places[i].address) : NULL;
        expect(endpoint == set->endpoints[i]);
        expect(address_equal(&endpoint->address, &places[i].address));
        expect(!before || before == endpoint);
        expect(endpoint->references == (before ? 2 : 1));
    }
}

struct endpoint_set *set_check_next(struct endpoint_set *previous,
                                    const struct membership *membership)
{
    struct place *places = calloc(membership->count + 1, sizeof *places);
    expect(places);
    for (size_t i = 0; i < membership->count; i++)
        places[i] = place_of(&membership->members[i], i);
    qsort(places, membership->count, sizeof *places, place_compare);
    struct endpoint_set *next = endpoint_set_new(previous, places, membership->count);
    expect(next);
    check_set(next, previous, places, membership->count);
    endpoint_set_unref(previous);
    free(places);
    return next;
}
