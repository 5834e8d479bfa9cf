/* Four threads at one balancer. */
#include <pthread.h>
#include <stdbool.h>

#include "balance_rig.h"
#include "base/random.h"
#include "suite.h"

#define THREADS 4
#define BLOWS 50000

static const enum balance_policy policies[] = {BALANCE_ROUND_ROBIN, BALANCE_LEAST_CONNECTIONS,
                                               BALANCE_RANDOM_TWO};

struct hammer {
    struct balance_rig *rig;
    uint64_t dead;
    uint64_t counts[RIG_MOST + 1];
};

static void *run_hammer(void *arg)
{
    struct hammer *hammer = arg;
    for (int i = 0; i < BLOWS; i++)
        hammer->counts[rig_dial(hammer->rig, hammer->dead)]++;
    return NULL;
}

/* Gives the sum of what the threads got. */
static void hammer_on(struct balance_rig *rig, uint64_t dead, uint64_t *counts)
{
    struct hammer hammers[THREADS];
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        hammers[i] = (struct hammer){rig, dead, {0}};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, run_hammer, &hammers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        for (size_t j = 0; j < rig->set->count; j++)
            counts[j] += hammers[i].counts[j];
    }
}

START_TEST(round_robin_is_exact)
{
    for (size_t count = 1; count <= 9; count++) {
        struct balance_rig rig;
        uint64_t counts[RIG_MOST] = {0};
        rig_open(&rig, BALANCE_ROUND_ROBIN, rig_set_of(count));
        hammer_on(&rig, 0, counts);
        ck_spread(counts, count, 0, 1);
        rig_close(&rig);
    }
}
END_TEST

/* "N connections over K endpoints that accept differ by at most one. Any thread." */
START_TEST(round_robin_is_exact_with_a_dead_endpoint)
{
    for (size_t count = 2; count <= 6; count++) {
        struct balance_rig rig;
        uint64_t counts[RIG_MOST] = {0};
        rig_open(&rig, BALANCE_ROUND_ROBIN, rig_set_of(count));
        hammer_on(&rig, 1, counts);
        ck_spread(counts, count, 1, 1);
        rig_close(&rig);
    }
}
END_TEST

/* Ejected or refusing: what is left is even. */
START_TEST(round_robin_is_exact_under_ejection)
{
    for (size_t count = 3; count <= 9; count++) {
        struct balance_rig rig;
        uint64_t counts[RIG_MOST] = {0};
        rig_open(&rig, BALANCE_ROUND_ROBIN, rig_set_of(count));
        rig_eject(&rig, 1, true);
        hammer_on(&rig, 1, counts);
        ck_assert_uint_eq(counts[1], 0);
        ck_spread(counts, count, 3, 1);
        rig_close(&rig);
    }
}
END_TEST

/* 200,000 connections are whole rounds of 1 + 2 + 3 + 4, in any order of the threads. */
START_TEST(round_robin_is_exact_by_weight)
{
    struct place places[4];
    struct balance_rig rig;
    uint64_t counts[RIG_MOST] = {0};
    for (unsigned i = 0; i < 4; i++)
        places[i] = (struct place){rig_address(i), 0, (uint16_t)(10 * (i + 1))};
    rig_open(&rig, BALANCE_ROUND_ROBIN, rig_places(NULL, places, 4));
    hammer_on(&rig, 0, counts);
    for (uint64_t i = 0; i < 4; i++)
        ck_assert_uint_eq(counts[i], THREADS * BLOWS / 10 * (i + 1));
    rig_close(&rig);
}
END_TEST

START_TEST(every_policy_gives_back_what_it_took)
{
    for (size_t i = 0; i < COUNT_OF(policies); i++) {
        struct balance_rig rig;
        uint64_t counts[RIG_MOST] = {0}, sum = 0;
        rig_open(&rig, policies[i], rig_set_of(5));
        hammer_on(&rig, 4, counts);
        for (size_t j = 0; j < 5; j++)
            sum += counts[j];
        ck_assert_uint_eq(sum, THREADS * BLOWS);
        ck_assert_uint_eq(counts[2], 0);
        rig_close(&rig);
    }
}
END_TEST

/* Connections that stay, from four threads at once: never two apart, since the choice and the count
 * are one step. */
static void *hold_open(void *arg)
{
    for (int i = 0; i < 5000; i++)
        rig_pick(arg);
    return NULL;
}

START_TEST(least_connections_is_even)
{
    struct balance_rig rig;
    pthread_t threads[THREADS];
    uint64_t counts[7];
    rig_open(&rig, BALANCE_LEAST_CONNECTIONS, rig_set_of(7));
    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, hold_open, &rig), 0);
    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    for (size_t i = 0; i < 7; i++)
        counts[i] = atomic_load(&rig.set->endpoints[i]->active);
    ck_spread(counts, 7, 0, 1);
    for (size_t i = 0; i < 7; i++)
        while (atomic_load(&rig.set->endpoints[i]->active) > 0)
            rig_release(&rig, rig.set->endpoints[i]);
    rig_close(&rig);
}
END_TEST

/* --- while all else changes --------------------------------------------------------------------
 */

#define UNIVERSE 12
#define HELD 30

/* A worker: the set that it has heard of last, and connections that it holds open. */
struct worker {
    struct balance_rig *rig;
    pthread_mutex_t heard; /* in place of a mailbox */
    struct endpoint_set *set;
    _Atomic bool *over;
    uint64_t picks;
};

static struct endpoint_set *hear(struct worker *worker)
{
    pthread_mutex_lock(&worker->heard);
    struct endpoint_set *set = endpoint_set_ref(worker->set);
    pthread_mutex_unlock(&worker->heard);
    return set;
}

static void tell(struct worker *worker, struct endpoint_set *set)
{
    pthread_mutex_lock(&worker->heard);
    endpoint_set_unref(worker->set);
    worker->set = endpoint_set_ref(set);
    pthread_mutex_unlock(&worker->heard);
}

static void *work(void *arg)
{
    struct worker *worker = arg;
    struct balancer *balancer = &worker->rig->balancer;
    struct endpoint *held[HELD] = {NULL};
    while (!atomic_load(worker->over)) {
        struct endpoint_set *set = hear(worker);
        size_t at = random_below(HELD);
        if (held[at])
            balance_release(balancer, held[at]);
        struct tried tried = {set->endpoints, set->count < 2 ? 0 : random_below(2)};
        held[at] = balance_pick(balancer, policies[random_below(3)], set, tried);
        worker->picks += held[at] != NULL;
        if (held[at] && random_below(20) == 0) {
            atomic_store(&held[at]->ejected, !atomic_load(&held[at]->ejected));
            atomic_store(&held[at]->failed_at, clock_now());
            balance_refresh(balancer, held[at]);
        }
        endpoint_set_unref(set);
    }
    for (size_t at = 0; at < HELD; at++)
        if (held[at])
            balance_release(balancer, held[at]);
    return NULL;
}

static struct endpoint_set *random_set(const struct endpoint_set *previous)
{
    struct place places[UNIVERSE];
    size_t count = 0;
    for (unsigned n = 0; n < UNIVERSE; n++)
        if (random_below(3) > 0)
            places[count++] =
                (struct place){rig_address(n), random_below(2), (uint16_t)random_below(4)};
    return rig_places(previous, places, count);
}

/* Sets, policies and ejections change under the picks of workers that hear of it later: no harm,
 * and nothing is lost. */
START_TEST(everything_may_change_at_once)
{
    struct balance_rig rig;
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    _Atomic bool over = false;
    uint64_t picks = 0;
    rig_open(&rig, BALANCE_LEAST_CONNECTIONS, rig_set_of(UNIVERSE));
    for (size_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.rig = &rig, .over = &over};
        pthread_mutex_init(&workers[i].heard, NULL);
        tell(&workers[i], rig.set);
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int change = 0; change < 2000; change++) {
        if (random_below(10) == 0)
            rig.policy = policies[random_below(3)];
        rig_use(&rig, random_set(rig.set));
        for (size_t i = 0; i < THREADS; i++)
            tell(&workers[i], rig.set);
    }
    atomic_store(&over, true);
    for (size_t i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        endpoint_set_unref(workers[i].set);
        picks += workers[i].picks;
    }
    ck_assert_uint_gt(picks, 0);
    rig_close(&rig);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, round_robin_is_exact);
    tcase_add_test(cases, round_robin_is_exact_with_a_dead_endpoint);
    tcase_add_test(cases, round_robin_is_exact_under_ejection);
    tcase_add_test(cases, round_robin_is_exact_by_weight);
    tcase_add_test(cases, every_policy_gives_back_what_it_took);
    tcase_add_test(cases, least_connections_is_even);
    tcase_add_test(cases, everything_may_change_at_once);
}

int main(void)
{
    return suite_run("proxy/balance with threads", add);
}
