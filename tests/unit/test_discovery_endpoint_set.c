#include "discovery/endpoint_set.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "plain_set.h"
#include "suite.h"

#define UNIVERSE 20

static struct address address_of(unsigned n)
{
    struct in_addr ip = {.s_addr = htonl(0x0a000000u + n)};
    return address_ipv4(&ip, 80);
}

/* The set of the addresses whose bits are set. */
static struct endpoint_set *set_of(const struct endpoint_set *previous, uint32_t bits)
{
    struct address addresses[UNIVERSE];
    size_t count = 0;
    for (unsigned n = 0; n < UNIVERSE; n++)
        if (bits >> n & 1)
            addresses[count++] = address_of(n);
    return plain_set(previous, addresses, count);
}

static struct endpoint *find(const struct endpoint_set *set, unsigned n)
{
    struct address address = address_of(n);
    return endpoint_set_find(set, &address);
}

START_TEST(an_empty_set)
{
    struct endpoint_set *set = set_of(NULL, 0);
    ck_assert_uint_eq(set->count, 0);
    ck_assert_ptr_null(find(set, 3));
    endpoint_set_unref(set);
    endpoint_set_unref(NULL);
    endpoint_unref(NULL);
}
END_TEST

START_TEST(every_address_is_found)
{
    random_seed(41);
    for (int i = 0; i < 2000; i++) {
        uint32_t bits = random_below(1u << UNIVERSE);
        struct endpoint_set *set = set_of(NULL, bits);
        ck_assert_uint_eq(set->count, (size_t)__builtin_popcount(bits));
        for (unsigned n = 0; n < UNIVERSE; n++) {
            struct endpoint *endpoint = find(set, n);
            struct address address = address_of(n);
            ck_assert_int_eq(endpoint != NULL, bits >> n & 1);
            if (endpoint)
                ck_assert(address_equal(&endpoint->address, &address));
        }
        endpoint_set_unref(set);
    }
}
END_TEST

/* From set to set: who stays is the same object with the same counters, who comes is new, and the
 * references balance (the leak sanitizer counts with). */
START_TEST(who_stays_keeps_the_object)
{
    uint32_t bits = 0;
    struct endpoint_set *set = set_of(NULL, 0);
    uint64_t history[UNIVERSE] = {0};
    random_seed(42);
    for (int i = 0; i < 5000; i++) {
        uint32_t next_bits = random_below(1u << UNIVERSE);
        struct endpoint_set *next = set_of(set, next_bits);
        for (unsigned n = 0; n < UNIVERSE; n++) {
            struct endpoint *before = find(set, n), *after = find(next, n);
            if (before && after) {
                ck_assert_ptr_eq(before, after);
                ck_assert_uint_eq(atomic_load(&after->references), 2);
                ck_assert_uint_eq(atomic_load(&after->accepted), history[n]);
            } else if (after) {
                ck_assert_uint_eq(atomic_load(&after->references), 1);
                ck_assert_uint_eq(atomic_load(&after->accepted), 0);
                ck_assert_uint_eq(atomic_load(&after->active), 0);
                history[n] = 0;
            }
            if (after)
                history[n] = atomic_fetch_add(&after->accepted, 1) + 1;
        }
        endpoint_set_unref(set);
        set = next;
        bits = next_bits;
    }
    for (unsigned n = 0; n < UNIVERSE; n++)
        if (bits >> n & 1)
            ck_assert_uint_eq(atomic_load(&find(set, n)->references), 1);
    endpoint_set_unref(set);
}
END_TEST

START_TEST(an_endpoint_outlives_its_set)
{
    struct endpoint_set *set = set_of(NULL, 7);
    struct endpoint *kept = endpoint_ref(find(set, 1));
    struct endpoint_set *again = endpoint_set_ref(set);
    ck_assert_ptr_eq(again, set);
    endpoint_set_unref(set);
    ck_assert_uint_eq(atomic_load(&kept->references), 2);
    endpoint_set_unref(again);
    ck_assert_uint_eq(atomic_load(&kept->references), 1);
    atomic_fetch_add(&kept->failed, 1);
    endpoint_unref(kept);
}
END_TEST

static struct endpoint_set *shared;

static void *use_references(void *arg)
{
    (void)arg;
    for (int i = 0; i < 20000; i++) {
        struct endpoint_set *set = endpoint_set_ref(shared);
        struct endpoint *endpoint = endpoint_ref(set->endpoints[(size_t)i % set->count]);
        endpoint_set_unref(set);
        endpoint_unref(endpoint);
    }
    endpoint_set_unref(shared);
    return NULL;
}

START_TEST(threads_share_references)
{
    pthread_t threads[4];
    shared = set_of(NULL, 0xff);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        endpoint_set_ref(shared);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, use_references, NULL), 0);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_uint_eq(atomic_load(&shared->references), 1);
    for (size_t i = 0; i < shared->count; i++)
        ck_assert_uint_eq(atomic_load(&shared->endpoints[i]->references), 1);
    endpoint_set_unref(shared);
}
END_TEST

/* --- tiers and weights -------------------------------------------------------------------- */

static struct place place_of(unsigned n, uint32_t tier, uint16_t weight)
{
    return (struct place){address_of(n), tier, weight};
}

static struct endpoint_set *places_set(const struct endpoint_set *previous, struct place *places,
                                       size_t count)
{
    qsort(places, count, sizeof *places, place_compare);
    return endpoint_set_new(previous, places, count);
}

START_TEST(tiers_stand_in_order)
{
    struct place places[] = {place_of(1, 5, 1), place_of(2, 0, 1), place_of(3, 5, 1),
                             place_of(4, 2, 1)};
    struct endpoint_set *set = places_set(NULL, places, COUNT_OF(places));
    const size_t firsts[] = {0, 1, 2}, counts[] = {1, 1, 2};
    ck_assert_uint_eq(set->tier_count, 3);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(set->tiers[i].first, firsts[i]);
        ck_assert_uint_eq(set->tiers[i].count, counts[i]);
    }
    for (unsigned n = 1; n <= 4; n++)
        ck_assert_ptr_nonnull(find(set, n));
    ck_assert_ptr_null(find(set, 5));
    ck_assert_ptr_eq(set->endpoints[0], find(set, 2));
    endpoint_set_unref(set);
}
END_TEST

/* An endpoint whose tier changes is the same object still. */
START_TEST(who_changes_tier_stays)
{
    struct place places[] = {place_of(1, 0, 1), place_of(2, 1, 1)};
    struct endpoint_set *set = places_set(NULL, places, COUNT_OF(places));
    struct place turned[] = {place_of(1, 1, 1), place_of(2, 0, 7)};
    struct endpoint_set *next = places_set(set, turned, COUNT_OF(turned));
    ck_assert_ptr_eq(find(set, 1), find(next, 1));
    ck_assert_ptr_eq(find(set, 2), find(next, 2));
    ck_assert_ptr_eq(next->endpoints[0], find(next, 2));
    endpoint_set_unref(set);
    endpoint_set_unref(next);
}
END_TEST

/* Each row: weights as they come, and as they relate (RFC 2782). */
static const struct {
    size_t count;
    uint16_t given[4];
    uint32_t kept[4];
    bool even;
} weight_rows[] = {
    {3, {1, 1, 1}, {1, 1, 1}, true},
    {3, {0, 0, 0}, {1, 1, 1}, true},
    {3, {100, 100, 100}, {1, 1, 1}, true},
    {3, {10, 20, 30}, {1, 2, 3}, false},
    {3, {10, 0, 10}, {10, 1, 10}, false},
    {4, {5, 0, 0, 1}, {10, 1, 1, 2}, false},
    {2, {UINT16_MAX, 0}, {UINT16_MAX, 1}, false},
    {1, {7}, {1}, true},
};

START_TEST(weights_relate_within_a_tier)
{
    struct place places[5];
    size_t count = weight_rows[_i].count;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        places[i] = place_of((unsigned)i, 0, weight_rows[_i].given[i]);
    places[count] = place_of(9, 1, 0); /* of another tier: no zero of this one */
    struct endpoint_set *set = places_set(NULL, places, count + 1);
    for (size_t i = 0; i < count; i++) {
        ck_assert_uint_eq(set->weights[i], weight_rows[_i].kept[i]);
        sum += set->weights[i];
        ck_assert_uint_eq(set->ends[i], sum);
    }
    ck_assert_uint_eq(set->tiers[0].weight, sum);
    ck_assert_uint_eq(set->ends[count], 1); /* each tier counts for itself */
    ck_assert(set->tiers[0].even == weight_rows[_i].even);
    endpoint_set_unref(set);
}
END_TEST

/* 600 of no weight beside 600 of the greatest: their sum is beyond 32 bits, and is rounded. */
START_TEST(great_sums_of_weights_fit)
{
    struct place places[1200];
    double least = 1, most = 0;
    for (unsigned i = 0; i < 1200; i++)
        places[i] = place_of(i, 0, i < 600 ? 0 : UINT16_MAX);
    struct endpoint_set *set = places_set(NULL, places, 1200);
    for (size_t i = 0; i < 600; i++)
        ck_assert_uint_eq(set->weights[i], 1);
    for (size_t i = 600; i < 1200; i++) {
        double share = (double)set->weights[i] / set->tiers[0].weight;
        least = share < least ? share : least;
        most = share > most ? share : most;
    }
    ck_assert_uint_eq(set->ends[1199], set->tiers[0].weight);
    ck_assert_msg(least * 600 > 1 - 1e-6 && most * 600 <= 1, "%.9f to %.9f", least * 600,
                  most * 600);
    ck_assert(endpoint_set_is(set, places, 1200));
    endpoint_set_unref(set);
}
END_TEST

START_TEST(the_same_places_are_known)
{
    struct place places[] = {place_of(1, 0, 10), place_of(2, 0, 20), place_of(3, 1, 5)};
    struct place alike[] = {place_of(1, 0, 1), place_of(2, 0, 2), place_of(3, 4, 1)};
    struct endpoint_set *set = places_set(NULL, places, COUNT_OF(places));
    ck_assert(endpoint_set_is(set, places, 3));
    ck_assert(endpoint_set_is(set, alike, 3));
    ck_assert(!endpoint_set_is(set, places, 2));
    alike[1].weight = 3;
    ck_assert(!endpoint_set_is(set, alike, 3));
    alike[1] = place_of(4, 0, 2);
    ck_assert(!endpoint_set_is(set, alike, 3));
    alike[1] = place_of(2, 0, 2);
    alike[2].tier = 0;
    ck_assert(!endpoint_set_is(set, alike, 3));
    endpoint_set_unref(set);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, tiers_stand_in_order);
    tcase_add_test(cases, who_changes_tier_stays);
    tcase_add_loop_test(cases, weights_relate_within_a_tier, 0, COUNT_OF(weight_rows));
    tcase_add_test(cases, great_sums_of_weights_fit);
    tcase_add_test(cases, the_same_places_are_known);
    tcase_add_test(cases, an_empty_set);
    tcase_add_test(cases, every_address_is_found);
    tcase_add_test(cases, who_stays_keeps_the_object);
    tcase_add_test(cases, an_endpoint_outlives_its_set);
    tcase_add_test(cases, threads_share_references);
}

int main(void)
{
    return suite_run("discovery/endpoint_set", add);
}
