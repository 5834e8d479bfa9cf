#include "balance_rig.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdlib.h>

struct address rig_address(unsigned n)
{
    struct in_addr ip = {.s_addr = htonl(0x0a000000u + n)};
    return address_ipv4(&ip, 80);
}

struct endpoint_set *rig_places(const struct endpoint_set *previous, struct place *places,
                                size_t count)
{
    qsort(places, count, sizeof *places, place_compare);
    return endpoint_set_new(previous, places, count);
}

struct endpoint_set *rig_set_of(size_t count)
{
    struct place places[RIG_MOST];
    for (size_t i = 0; i < count; i++)
        places[i] = (struct place){rig_address((unsigned)i), 0, 1};
    return rig_places(NULL, places, count);
}

void rig_open(struct balance_rig *rig, enum balance_policy policy, struct endpoint_set *set)
{
    balancer_init(&rig->balancer);
    rig->policy = policy;
    rig->set = NULL;
    rig_use(rig, set);
}

void rig_use(struct balance_rig *rig, struct endpoint_set *set)
{
    if (balancer_use(&rig->balancer, rig->policy, set) < 0)
        abort();
    endpoint_set_unref(rig->set);
    rig->set = set;
}

void rig_close(struct balance_rig *rig)
{
    balancer_clear(&rig->balancer);
    ck_assert_uint_eq(atomic_load(&rig->set->references), 1);
    for (size_t i = 0; i < rig->set->count; i++) {
        ck_assert_uint_eq(atomic_load(&rig->set->endpoints[i]->active), 0);
        ck_assert_uint_eq(atomic_load(&rig->set->endpoints[i]->references), 1);
    }
    endpoint_set_unref(rig->set);
}

struct endpoint *rig_pick(struct balance_rig *rig)
{
    return balance_pick(&rig->balancer, rig->policy, rig->set, (struct tried){NULL, 0});
}

void rig_release(struct balance_rig *rig, struct endpoint *endpoint)
{
    balance_release(&rig->balancer, endpoint);
}

void rig_eject(struct balance_rig *rig, size_t place, bool ejected)
{
    atomic_store(&rig->set->endpoints[place]->ejected, ejected);
    balance_refresh(&rig->balancer, rig->set->endpoints[place]);
}

size_t rig_place_of(const struct endpoint_set *set, const struct endpoint *endpoint)
{
    size_t place = 0;
    while (place < set->count && set->endpoints[place] != endpoint)
        place++;
    return place;
}

size_t rig_dial(struct balance_rig *rig, uint64_t dead)
{
    struct endpoint *tried[RIG_MOST], *endpoint;
    struct tried so_far = {tried, 0};
    while ((endpoint = balance_pick(&rig->balancer, rig->policy, rig->set, so_far)) != NULL) {
        size_t place = rig_place_of(rig->set, endpoint);
        rig_release(rig, endpoint);
        if (!(dead >> place & 1))
            return place;
        tried[so_far.count++] = endpoint;
    }
    return rig->set->count;
}

void ck_spread(const uint64_t *counts, size_t count, uint64_t left_out, uint64_t spread)
{
    uint64_t least = UINT64_MAX, most = 0;
    for (size_t i = 0; i < count; i++) {
        if (left_out >> i & 1)
            continue;
        least = counts[i] < least ? counts[i] : least;
        most = counts[i] > most ? counts[i] : most;
    }
    ck_assert_msg(most - least <= spread, "%zu endpoints: from %lu to %lu", count,
                  (unsigned long)least, (unsigned long)most);
}
