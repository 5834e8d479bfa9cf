#include "proxy/balance.h"

#include <stdbool.h>

#include "balance_rig.h"
#include "base/random.h"
#include "suite.h"

#define MOST RIG_MOST

static const enum balance_policy policies[] = {BALANCE_ROUND_ROBIN, BALANCE_LEAST_CONNECTIONS,
                                               BALANCE_RANDOM_TWO};

START_TEST(round_robin_is_exact)
{
    random_seed(61);
    for (size_t count = 1; count <= MOST; count++) {
        struct balance_rig rig;
        uint64_t counts[MOST + 1] = {0};
        rig_open(&rig, BALANCE_ROUND_ROBIN, rig_set_of(count));
        for (int n = 0; n < 500; n++) {
            struct endpoint *endpoint = rig_pick(&rig);
            counts[rig_place_of(rig.set, endpoint)]++;
            rig_release(&rig, endpoint);
            ck_spread(counts, count, 0, 1); /* at every moment */
        }
        rig_close(&rig);
    }
}
END_TEST

START_TEST(round_robin_is_exact_over_those_that_accept)
{
    random_seed(62);
    for (int round = 0; round < 300; round++) {
        size_t count = 1 + random_below(12);
        uint64_t dead = random_below(1u << count), counts[MOST + 1] = {0};
        struct balance_rig rig;
        rig_open(&rig, BALANCE_ROUND_ROBIN, rig_set_of(count));
        for (int n = 0; n < 200; n++) {
            size_t place = rig_dial(&rig, dead);
            ck_assert_int_eq(place == count, dead == (1u << count) - 1);
            if (place == count)
                break;
            counts[place]++;
            ck_spread(counts, count, dead, 1);
        }
        rig_close(&rig);
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
        uint64_t dead = random_below((1u << count) - 1), counts[MOST + 1] = {0};
        struct balance_rig rig;
        rig_open(&rig, BALANCE_ROUND_ROBIN, rig_set_of(count));
        for (int step = 0; step < 1000; step++) {
            struct client *client = &clients[random_below(COUNT_OF(clients))];
            struct endpoint *endpoint = balance_pick(&rig.balancer, rig.policy, rig.set,
                                                     (struct tried){client->tried, client->count});
            size_t place = rig_place_of(rig.set, endpoint);
            rig_release(&rig, endpoint);
            if (dead >> place & 1) {
                client->tried[client->count++] = endpoint;
                continue;
            }
            client->count = 0; /* served: the next client comes */
            counts[place]++;
            ck_spread(counts, count, dead, 1);
        }
        rig_close(&rig);
    }
}
END_TEST

START_TEST(least_connections_never_picks_above_the_least)
{
    random_seed(63);
    for (int round = 0; round < 50; round++) {
        size_t count = 1 + random_below(MOST), open_count = 0;
        struct balance_rig rig;
        struct endpoint *open[400];
        rig_open(&rig, BALANCE_LEAST_CONNECTIONS, rig_set_of(count));
        for (int n = 0; n < 800; n++) {
            if (open_count > 0 && (open_count == COUNT_OF(open) || random_below(5) < 2)) {
                size_t which = random_below((uint32_t)open_count);
                rig_release(&rig, open[which]);
                open[which] = open[--open_count];
                continue;
            }
            uint32_t least = UINT32_MAX;
            for (size_t i = 0; i < count; i++) {
                uint32_t active = atomic_load(&rig.set->endpoints[i]->active);
                least = active < least ? active : least;
            }
            struct endpoint *endpoint = rig_pick(&rig);
            ck_assert_uint_eq(atomic_load(&endpoint->active), least + 1);
            open[open_count++] = endpoint;
        }
        while (open_count > 0)
            rig_release(&rig, open[--open_count]);
        rig_close(&rig);
    }
}
END_TEST

/* All idle at each choice: the ties alone decide, and they rotate. */
START_TEST(least_connections_rotates_ties)
{
    for (size_t count = 1; count <= 9; count++) {
        struct balance_rig rig;
        uint64_t counts[MOST + 1] = {0};
        rig_open(&rig, BALANCE_LEAST_CONNECTIONS, rig_set_of(count));
        for (int n = 0; n < 200; n++) {
            struct endpoint *endpoint = rig_pick(&rig);
            counts[rig_place_of(rig.set, endpoint)]++;
            rig_release(&rig, endpoint);
            ck_spread(counts, count, 0, 1);
        }
        rig_close(&rig);
    }
}
END_TEST

/* The busiest is never chosen: one of the two picks is always another one. */
START_TEST(random_two_avoids_the_busiest)
{
    struct balance_rig rig;
    uint64_t counts[MOST + 1] = {0};
    random_seed(64);
    rig_open(&rig, BALANCE_RANDOM_TWO, rig_set_of(8));
    atomic_store(&rig.set->endpoints[3]->active, 1000);
    for (int n = 0; n < 20000; n++) {
        struct endpoint *endpoint = rig_pick(&rig);
        counts[rig_place_of(rig.set, endpoint)]++;
        rig_release(&rig, endpoint);
    }
    ck_assert_uint_eq(counts[3], 0);
    atomic_store(&rig.set->endpoints[3]->active, 0);
    ck_spread(counts, 8, 8, 500); /* 2857 each, give or take 5 sigma */
    rig_close(&rig);
}
END_TEST

/* Connections that stay: the best of two keeps the fullest within a few of the mean. */
START_TEST(random_two_stays_even)
{
    struct balance_rig rig;
    random_seed(65);
    rig_open(&rig, BALANCE_RANDOM_TWO, rig_set_of(20));
    for (int n = 0; n < 20 * 500; n++)
        rig_pick(&rig);
    for (size_t i = 0; i < 20; i++) {
        uint32_t active = atomic_load(&rig.set->endpoints[i]->active);
        ck_assert_uint_ge(active, 490);
        ck_assert_uint_le(active, 510);
        while (atomic_load(&rig.set->endpoints[i]->active) > 0)
            rig_release(&rig, rig.set->endpoints[i]);
    }
    rig_close(&rig);
}
END_TEST

START_TEST(nothing_left_to_pick)
{
    for (size_t i = 0; i < COUNT_OF(policies); i++)
        for (size_t count = 0; count <= 5; count++) {
            struct balance_rig rig;
            rig_open(&rig, policies[i], rig_set_of(count));
            struct tried all = {rig.set->endpoints, count};
            ck_assert_ptr_null(balance_pick(&rig.balancer, policies[i], rig.set, all));
            if (count > 0) {
                all.count--;
                struct endpoint *last = balance_pick(&rig.balancer, policies[i], rig.set, all);
                ck_assert_ptr_eq(last, rig.set->endpoints[count - 1]);
                rig_release(&rig, last);
            }
            rig_close(&rig);
        }
}
END_TEST

START_TEST(the_tried_are_never_picked)
{
    random_seed(66);
    for (int round = 0; round < 5000; round++) {
        size_t count = 1 + random_below(10);
        struct endpoint *tried[MOST];
        struct tried some = {tried, 0};
        struct balance_rig rig;
        rig_open(&rig, policies[random_below(3)], rig_set_of(count));
        for (size_t i = 0; i < count; i++)
            if (random_below(2))
                tried[some.count++] = rig.set->endpoints[i];
        struct endpoint *endpoint = balance_pick(&rig.balancer, rig.policy, rig.set, some);
        ck_assert_int_eq(endpoint == NULL, some.count == count);
        for (size_t i = 0; i < some.count; i++)
            ck_assert_ptr_ne(endpoint, tried[i]);
        if (endpoint)
            rig_release(&rig, endpoint);
        rig_close(&rig);
    }
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, round_robin_is_exact);
    tcase_add_test(cases, round_robin_is_exact_over_those_that_accept);
    tcase_add_test(cases, round_robin_is_exact_however_clients_interleave);
    tcase_add_test(cases, least_connections_never_picks_above_the_least);
    tcase_add_test(cases, least_connections_rotates_ties);
    tcase_add_test(cases, random_two_avoids_the_busiest);
    tcase_add_test(cases, random_two_stays_even);
    tcase_add_test(cases, nothing_left_to_pick);
    tcase_add_test(cases, the_tried_are_never_picked);
}

int main(void)
{
    return suite_run("proxy/balance", add);
}
