#include "discovery/endpoint.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
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
    return endpoint_set_new(previous, addresses, count);
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

static void add(TCase *cases)
{
    tcase_add_test(cases, an_empty_set);
    tcase_add_test(cases, every_address_is_found);
    tcase_add_test(cases, who_stays_keeps_the_object);
    tcase_add_test(cases, an_endpoint_outlives_its_set);
    tcase_add_test(cases, threads_share_references);
}

int main(void)
{
    return suite_run("discovery/endpoint", add);
}
