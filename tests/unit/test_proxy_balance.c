#include "proxy/balance.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdbool.h>

#include "base/random.h"
#include "plain_set.h"
#include "suite.h"

#define MOST 40
#define THREADS 4

static const enum balance_policy policies[] = {BALANCE_ROUND_ROBIN, BALANCE_LEAST_CONNECTIONS,
                                               BALANCE_RANDOM_TWO};

static struct endpoint_set *set_of(size_t count)
{
    struct address addresses[MOST];
    for (size_t i = 0; i < count; i++) {
        struct in_addr ip = {.s_addr = htonl(0x0a000000u + (uint32_t)i)};
        addresses[i] = address_ipv4(&ip, 80);
    }
    return plain_set(NULL, addresses, count);
}

static size_t place_of(const struct endpoint_set *set, const struct endpoint *endpoint)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->endpoints[i] == endpoint)
            return i;
    ck_abort_msg("an endpoint of no set");
    return 0;
}

/* Least and most of the counts that are not left out by the mask. */
static void ck_spread(const uint64_t *counts, size_t count, uint64_t left_out, uint64_t spread)
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

/* Everything was given back: nothing active, one reference from the set. */
static void ck_balanced(struct endpoint_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        ck_assert_uint_eq(atomic_load(&set->endpoints[i]->active), 0);
        ck_assert_uint_eq(atomic_load(&set->endpoints[i]->references), 1);
    }
    endpoint_set_unref(set);
}

/* A client that dials: endpoints of the `dead` mask refuse it, and it tries the next. Returns the
 * place of the one that accepts, the set's count where all are dead. It asserts nothing, since
 * Check writes each assertion down: several threads in here are to meet at the balancer alone. */
static size_t dial(struct balancer *balancer, enum balance_policy policy,
                   const struct endpoint_set *set, uint64_t dead)
{
    struct endpoint *tried[MOST], *endpoint;
    struct tried so_far = {tried, 0};
    while ((endpoint = balance_pick(balancer, policy, set, so_far)) != NULL) {
        size_t place = 0;
        while (set->endpoints[place] != endpoint)
            place++;
        balance_release(endpoint);
        if (!(dead >> place & 1))
            return place;
        tried[so_far.count++] = endpoint;
    }
    return set->count;
}

START_TEST(round_robin_is_exact)
{
    random_seed(61);
    for (size_t count = 1; count <= MOST; count++) {
        struct balancer balancer;
        struct endpoint_set *set = set_of(count);
        uint64_t counts[MOST] = {0};
        balancer_init(&balancer);
        for (int n = 0; n < 500; n++) {
            struct endpoint *endpoint =
                balance_pick(&balancer, BALANCE_ROUND_ROBIN, set, (struct tried){NULL, 0});
            counts[place_of(set, endpoint)]++;
            balance_release(endpoint);
            ck_spread(counts, count, 0, 1); /* at every moment */
        }
        ck_balanced(set);
    }
}
END_TEST

START_TEST(round_robin_is_exact_over_those_that_accept)
{
    random_seed(62);
    for (int round = 0; round < 300; round++) {
        size_t count = 1 + random_below(12);
        uint64_t dead = random_below(1u << count), counts[MOST] = {0};
        struct balancer balancer;
        struct endpoint_set *set = set_of(count);
        balancer_init(&balancer);
        for (int n = 0; n < 200; n++) {
            size_t place = dial(&balancer, BALANCE_ROUND_ROBIN, set, dead);
            ck_assert_int_eq(place == count, dead == (1u << count) - 1);
            if (place == count)
                break;
            counts[place]++;
            ck_spread(counts, count, dead, 1);
        }
        ck_balanced(set);
    }
}
END_TEST

/* Clients dial side by side, in any order of their steps: still exact at every moment. */
START_TEST(round_robin_is_exact_however_clients_interleave)
{
    random_seed(67);
    for (int round = 0; round < 100; round++) {
        struct client {
            struct endpoint *tried[MOST];
            size_t count;
        } clients[10] = {{.count = 0}};
        size_t count = 2 + random_below(9);
        uint64_t dead = random_below((1u << count) - 1), counts[MOST] = {0};
        struct balancer balancer;
        struct endpoint_set *set = set_of(count);
        balancer_init(&balancer);
        for (int step = 0; step < 1000; step++) {
            struct client *client = &clients[random_below(COUNT_OF(clients))];
            struct endpoint *endpoint = balance_pick(&balancer, BALANCE_ROUND_ROBIN, set,
                                                     (struct tried){client->tried, client->count});
            size_t place = place_of(set, endpoint);
            balance_release(endpoint);
            if (dead >> place & 1) {
                client->tried[client->count++] = endpoint;
                continue;
            }
            client->count = 0; /* served: the next client comes */
            counts[place]++;
            ck_spread(counts, count, dead, 1);
        }
        ck_balanced(set);
    }
}
END_TEST

struct hammer {
    struct balancer *balancer;
    enum balance_policy policy;
    struct endpoint_set *set;
    uint64_t dead;
    uint64_t counts[MOST];
};

#define BLOWS 50000

static void *run_hammer(void *arg)
{
    struct hammer *hammer = arg;
    for (int i = 0; i < BLOWS; i++)
        hammer->counts[dial(hammer->balancer, hammer->policy, hammer->set, hammer->dead)]++;
    return NULL;
}

/* Four threads at one balancer; returns the sum of what they got. */
static void hammer_on(enum balance_policy policy, size_t count, uint64_t dead, uint64_t *counts)
{
    struct balancer balancer;
    struct endpoint_set *set = set_of(count);
    struct hammer hammers[THREADS];
    pthread_t threads[THREADS];
    balancer_init(&balancer);
    for (size_t i = 0; i < THREADS; i++) {
        hammers[i] = (struct hammer){&balancer, policy, set, dead, {0}};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, run_hammer, &hammers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        for (size_t j = 0; j < count; j++)
            counts[j] += hammers[i].counts[j];
    }
    ck_balanced(set);
}

START_TEST(round_robin_is_exact_with_four_threads)
{
    for (size_t count = 1; count <= 9; count++) {
        uint64_t counts[MOST] = {0};
        hammer_on(BALANCE_ROUND_ROBIN, count, 0, counts);
        ck_spread(counts, count, 0, 1);
    }
}
END_TEST

/* "N connections over K endpoints that accept differ by at most one. Any thread." */
START_TEST(round_robin_is_exact_with_four_threads_and_a_dead_endpoint)
{
    for (size_t count = 2; count <= 6; count++) {
        uint64_t counts[MOST] = {0};
        hammer_on(BALANCE_ROUND_ROBIN, count, 1, counts);
        ck_spread(counts, count, 1, 1);
    }
}
END_TEST

START_TEST(every_policy_gives_back_what_it_took)
{
    for (size_t i = 0; i < COUNT_OF(policies); i++) {
        uint64_t counts[MOST] = {0}, sum = 0;
        hammer_on(policies[i], 5, 4, counts);
        for (size_t j = 0; j < 5; j++)
            sum += counts[j];
        ck_assert_uint_eq(sum, THREADS * BLOWS);
        ck_assert_uint_eq(counts[2], 0);
    }
}
END_TEST

START_TEST(least_connections_never_picks_above_the_least)
{
    random_seed(63);
    for (int round = 0; round < 50; round++) {
        size_t count = 1 + random_below(MOST), open_count = 0;
        struct balancer balancer;
        struct endpoint_set *set = set_of(count);
        struct endpoint *open[400];
        balancer_init(&balancer);
        for (int n = 0; n < 800; n++) {
            if (open_count > 0 && (open_count == COUNT_OF(open) || random_below(5) < 2)) {
                size_t which = random_below((uint32_t)open_count);
                balance_release(open[which]);
                open[which] = open[--open_count];
                continue;
            }
            uint32_t least = UINT32_MAX;
            for (size_t i = 0; i < count; i++) {
                uint32_t active = atomic_load(&set->endpoints[i]->active);
                least = active < least ? active : least;
            }
            struct endpoint *endpoint =
                balance_pick(&balancer, BALANCE_LEAST_CONNECTIONS, set, (struct tried){NULL, 0});
            ck_assert_uint_eq(atomic_load(&endpoint->active), least + 1);
            open[open_count++] = endpoint;
        }
        while (open_count > 0)
            balance_release(open[--open_count]);
        ck_balanced(set);
    }
}
END_TEST

/* All idle at each choice: the ties alone decide, and they rotate. */
START_TEST(least_connections_rotates_ties)
{
    for (size_t count = 1; count <= 9; count++) {
        struct balancer balancer;
        struct endpoint_set *set = set_of(count);
        uint64_t counts[MOST] = {0};
        balancer_init(&balancer);
        for (int n = 0; n < 200; n++) {
            struct endpoint *endpoint =
                balance_pick(&balancer, BALANCE_LEAST_CONNECTIONS, set, (struct tried){NULL, 0});
            counts[place_of(set, endpoint)]++;
            balance_release(endpoint);
            ck_spread(counts, count, 0, 1);
        }
        ck_balanced(set);
    }
}
END_TEST

/* Connections that stay, from four threads at once: never two apart, since the choice and the count
 * are one step. */
static void *hold_open(void *arg)
{
    struct hammer *hammer = arg;
    for (int i = 0; i < 5000; i++)
        balance_pick(hammer->balancer, BALANCE_LEAST_CONNECTIONS, hammer->set,
                     (struct tried){NULL, 0});
    return NULL;
}

START_TEST(least_connections_is_even_with_four_threads)
{
    struct balancer balancer;
    struct endpoint_set *set = set_of(7);
    struct hammer hammer = {&balancer, BALANCE_LEAST_CONNECTIONS, set, 0, {0}};
    pthread_t threads[THREADS];
    uint64_t counts[7];
    balancer_init(&balancer);
    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, hold_open, &hammer), 0);
    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    for (size_t i = 0; i < 7; i++)
        counts[i] = atomic_load(&set->endpoints[i]->active);
    ck_spread(counts, 7, 0, 1);
    for (size_t i = 0; i < 7; i++)
        while (atomic_load(&set->endpoints[i]->active) > 0)
            balance_release(set->endpoints[i]);
    ck_balanced(set);
}
END_TEST

/* The busiest is never chosen: one of the two picks is always another one. */
START_TEST(random_two_avoids_the_busiest)
{
    struct balancer balancer;
    struct endpoint_set *set = set_of(8);
    uint64_t counts[MOST] = {0};
    random_seed(64);
    balancer_init(&balancer);
    atomic_store(&set->endpoints[3]->active, 1000);
    for (int n = 0; n < 20000; n++) {
        struct endpoint *endpoint =
            balance_pick(&balancer, BALANCE_RANDOM_TWO, set, (struct tried){NULL, 0});
        counts[place_of(set, endpoint)]++;
        balance_release(endpoint);
    }
    ck_assert_uint_eq(counts[3], 0);
    atomic_store(&set->endpoints[3]->active, 0);
    ck_spread(counts, 8, 8, 500); /* 2857 each, give or take 5 sigma */
    ck_balanced(set);
}
END_TEST

/* Connections that stay: the best of two keeps the fullest within a few of the mean. */
START_TEST(random_two_stays_even)
{
    struct balancer balancer;
    struct endpoint_set *set = set_of(20);
    random_seed(65);
    balancer_init(&balancer);
    for (int n = 0; n < 20 * 500; n++)
        balance_pick(&balancer, BALANCE_RANDOM_TWO, set, (struct tried){NULL, 0});
    for (size_t i = 0; i < 20; i++) {
        uint32_t active = atomic_load(&set->endpoints[i]->active);
        ck_assert_uint_ge(active, 490);
        ck_assert_uint_le(active, 510);
        while (atomic_load(&set->endpoints[i]->active) > 0)
            balance_release(set->endpoints[i]);
    }
    ck_balanced(set);
}
END_TEST

START_TEST(nothing_left_to_pick)
{
    for (size_t i = 0; i < COUNT_OF(policies); i++)
        for (size_t count = 0; count <= 5; count++) {
            struct balancer balancer;
            struct endpoint_set *set = set_of(count);
            balancer_init(&balancer);
            struct tried all = {set->endpoints, count};
            ck_assert_ptr_null(balance_pick(&balancer, policies[i], set, all));
            if (count > 0) {
                all.count--;
                struct endpoint *last = balance_pick(&balancer, policies[i], set, all);
                ck_assert_ptr_eq(last, set->endpoints[count - 1]);
                balance_release(last);
            }
            ck_balanced(set);
        }
}
END_TEST

START_TEST(the_tried_are_never_picked)
{
    random_seed(66);
    for (int round = 0; round < 5000; round++) {
        size_t count = 1 + random_below(10);
        struct endpoint_set *set = set_of(count);
        struct endpoint *tried[MOST];
        struct tried some = {tried, 0};
        struct balancer balancer;
        balancer_init(&balancer);
        for (size_t i = 0; i < count; i++)
            if (random_below(2))
                tried[some.count++] = set->endpoints[i];
        struct endpoint *endpoint = balance_pick(&balancer, policies[random_below(3)], set, some);
        ck_assert_int_eq(endpoint == NULL, some.count == count);
        for (size_t i = 0; i < some.count; i++)
            ck_assert_ptr_ne(endpoint, tried[i]);
        if (endpoint)
            balance_release(endpoint);
        ck_balanced(set);
    }
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, round_robin_is_exact);
    tcase_add_test(cases, round_robin_is_exact_over_those_that_accept);
    tcase_add_test(cases, round_robin_is_exact_however_clients_interleave);
    tcase_add_test(cases, round_robin_is_exact_with_four_threads);
    tcase_add_test(cases, round_robin_is_exact_with_four_threads_and_a_dead_endpoint);
    tcase_add_test(cases, every_policy_gives_back_what_it_took);
    tcase_add_test(cases, least_connections_never_picks_above_the_least);
    tcase_add_test(cases, least_connections_rotates_ties);
    tcase_add_test(cases, least_connections_is_even_with_four_threads);
    tcase_add_test(cases, random_two_avoids_the_busiest);
    tcase_add_test(cases, random_two_stays_even);
    tcase_add_test(cases, nothing_left_to_pick);
    tcase_add_test(cases, the_tried_are_never_picked);
}

int main(void)
{
    return suite_run("proxy/balance", add);
}
