#include "proxy/hedge.h"

#include <pthread.h>

#include "suite.h"

#define MSEC USEC_PER_MSEC
#define THREADS 4

static struct hedger hedger;

static void reset(void)
{
    hedge_clear(&hedger);
    hedger = (struct hedger){0};
}

START_TEST(the_option_says_when)
{
    struct upstream_options options = {.hedge_after = 250 * MSEC};
    reset();
    ck_assert_int_eq(hedge_after(&hedger, &options), 250 * MSEC);
    options.hedge_after = 0;
    ck_assert_int_eq(hedge_after(&hedger, &options), 0);
    for (int i = 0; i < 1000; i++)
        hedge_learn(&hedger, &options, 30 * MSEC);
    options.hedge_after = HEDGE_ADAPTIVE; /* nothing was learnt: nobody had asked */
    ck_assert_int_eq(hedge_after(&hedger, &options), 250 * MSEC);
}
END_TEST

START_TEST(adaptive_is_the_p99_within_bounds)
{
    static const usec_t rows[][3] = {
        {100, 10000, 10000}, {30 * MSEC, 30 * MSEC, 34 * MSEC}, {5000 * MSEC, 1000000, 1000000}};
    struct upstream_options options = {.hedge_after = HEDGE_ADAPTIVE};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        reset();
        for (int n = 0; n < 99; n++)
            hedge_learn(&hedger, &options, rows[i][0]);
        ck_assert_int_eq(hedge_after(&hedger, &options), 250 * MSEC);
        for (int n = 0; n < 300; n++)
            hedge_learn(&hedger, &options, rows[i][0]);
        ck_assert_int_ge(hedge_after(&hedger, &options), rows[i][1]);
        ck_assert_int_le(hedge_after(&hedger, &options), rows[i][2]);
    }
}
END_TEST

static unsigned take_all(size_t endpoints)
{
    unsigned taken = 0;
    while (hedge_take(&hedger, endpoints))
        taken++;
    return taken;
}

START_TEST(a_tenth_of_connects_and_a_burst)
{
    reset();
    ck_assert_uint_eq(take_all(2), 10);
    for (int i = 0; i < 1000; i++)
        hedge_earn(&hedger);
    ck_assert_uint_eq(take_all(2), 10); /* quiet times are not saved up */
    unsigned taken = 0;
    for (int i = 0; i < 1000; i++) {
        hedge_earn(&hedger);
        taken += take_all(2);
    }
    ck_assert_uint_eq(taken, 100);
    hedge_give_back(&hedger);
    ck_assert_uint_eq(take_all(2), 1);
}
END_TEST

/* Two losses eject an endpoint: there are so many for each. */
START_TEST(the_burst_grows_with_the_endpoints)
{
    reset();
    ck_assert_uint_eq(take_all(50), 100);
    ck_assert_uint_eq(take_all(60), 20);
    ck_assert_uint_eq(take_all(2), 0);
}
END_TEST

static void *take_from_a_thread(void *arg)
{
    unsigned *taken = arg;
    for (int i = 0; i < 100000; i++) {
        hedge_earn(&hedger);
        *taken += hedge_take(&hedger, 1);
    }
    return NULL;
}

START_TEST(threads_share_it)
{
    pthread_t threads[THREADS];
    unsigned taken[THREADS] = {0}, sum = 0;
    reset();
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, take_from_a_thread, &taken[i]);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        sum += taken[i];
    }
    ck_assert_uint_le(sum, THREADS * 10000 + 10);
    ck_assert_uint_ge(sum, THREADS * 10000 - 10);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, the_option_says_when);
    tcase_add_test(cases, adaptive_is_the_p99_within_bounds);
    tcase_add_test(cases, a_tenth_of_connects_and_a_burst);
    tcase_add_test(cases, the_burst_grows_with_the_endpoints);
    tcase_add_test(cases, threads_share_it);
}

int main(void)
{
    return suite_run("proxy/hedge", add);
}
