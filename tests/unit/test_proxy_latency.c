#include "proxy/latency.h"

#include <pthread.h>

#include "base/random.h"
#include "suite.h"

#define MSEC USEC_PER_MSEC
#define THREADS 4
#define ADDS 100000

static struct latency latency;

static void add_many(usec_t span, int count)
{
    for (int i = 0; i < count; i++)
        latency_add(&latency, span);
}

START_TEST(says_nothing_of_a_few)
{
    latency = (struct latency){0};
    add_many(20 * MSEC, LATENCY_SAMPLES_LEAST - 1);
    ck_assert_int_eq(latency_p99(&latency), 0);
    latency_add(&latency, 20 * MSEC);
    ck_assert_int_ne(latency_p99(&latency), 0);
}
END_TEST

/* Rounded up, by an eighth at the most, over the whole range; and its ends. */
START_TEST(is_true_to_an_eighth)
{
    for (usec_t span = 1 * MSEC; span < 2000 * MSEC; span += span / 7) {
        latency = (struct latency){0};
        add_many(span, 1000);
        ck_assert_int_gt(latency_p99(&latency), span);
        ck_assert_int_le(latency_p99(&latency), span + span / 8 + 1);
    }
    latency = (struct latency){0};
    add_many(0, 1000);
    ck_assert_int_eq(latency_p99(&latency), 1 * MSEC);
    latency = (struct latency){0};
    add_many(3600 * USEC_PER_SEC, 1000);
    ck_assert_int_ge(latency_p99(&latency), 2000 * MSEC);
}
END_TEST

START_TEST(is_the_99th_of_100)
{
    latency = (struct latency){0};
    for (int i = 0; i < 1000; i++) /* 2 of 100 are slow */
        latency_add(&latency, i % 50 == 0 ? 300 * MSEC : 5 * MSEC);
    ck_assert_int_ge(latency_p99(&latency), 300 * MSEC);
    latency = (struct latency){0};
    for (int i = 0; i < 1000; i++) /* 1 of 200 is */
        latency_add(&latency, i % 200 == 199 ? 300 * MSEC : 5 * MSEC);
    ck_assert_int_lt(latency_p99(&latency), 6 * MSEC);
}
END_TEST

/* A slow day is forgotten after a few thousand connects. */
START_TEST(follows_what_changes)
{
    latency = (struct latency){0};
    add_many(800 * MSEC, 100000);
    ck_assert_int_ge(latency_p99(&latency), 800 * MSEC);
    add_many(12 * MSEC, 10000);
    ck_assert_int_lt(latency_p99(&latency), 15 * MSEC);
    add_many(800 * MSEC, 100);
    ck_assert_int_ge(latency_p99(&latency), 800 * MSEC);
}
END_TEST

static void *add_from_a_thread(void *arg)
{
    (void)arg;
    for (int i = 0; i < ADDS; i++)
        latency_add(&latency, 40 * MSEC + random_below(1000));
    return NULL;
}

START_TEST(threads_add_without_loss)
{
    pthread_t threads[THREADS];
    uint64_t sum = 0;
    latency = (struct latency){0};
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, add_from_a_thread, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < LATENCY_BUCKETS; i++)
        sum += atomic_load(&latency.counts[i]);
    ck_assert_uint_eq(sum, atomic_load(&latency.total));
    ck_assert_uint_le(sum, 2000);
    ck_assert_int_gt(latency_p99(&latency), 40 * MSEC);
    ck_assert_int_le(latency_p99(&latency), 47 * MSEC);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, says_nothing_of_a_few);
    tcase_add_test(cases, is_true_to_an_eighth);
    tcase_add_test(cases, is_the_99th_of_100);
    tcase_add_test(cases, follows_what_changes);
    tcase_add_test(cases, threads_add_without_loss);
}

int main(void)
{
    return suite_run("proxy/latency", add);
}
