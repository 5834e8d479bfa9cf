#include "base/clock.h"

#include <pthread.h>

#include "suite.h"

#define MOMENT ((usec_t)1234567)

START_TEST(runs_and_never_goes_back)
{
    usec_t last = clock_now();
    ck_assert_int_gt(last, 0);
    for (int i = 0; i < 10000; i++) {
        usec_t now = clock_now();
        ck_assert_int_ge(now, last);
        last = now;
    }
}
END_TEST

START_TEST(stands_still_while_frozen)
{
    clock_freeze(MOMENT);
    ck_assert_int_eq(clock_now(), MOMENT);
    ck_assert_int_eq(clock_now(), MOMENT);
    clock_advance(USEC_PER_SEC);
    ck_assert_int_eq(clock_now(), MOMENT + USEC_PER_SEC);
    clock_advance(1);
    ck_assert_int_eq(clock_now(), MOMENT + USEC_PER_SEC + 1);
    clock_release();
    ck_assert_int_ne(clock_now(), MOMENT + USEC_PER_SEC + 1);
}
END_TEST

START_TEST(runs_on_after_release)
{
    usec_t before = clock_now();
    clock_freeze(1);
    clock_release();
    ck_assert_int_ge(clock_now(), before);
}
END_TEST

static void *read_clock(void *arg)
{
    *(usec_t *)arg = clock_now();
    return NULL;
}

START_TEST(other_threads_see_the_freeze)
{
    pthread_t thread;
    usec_t seen = 0;
    clock_freeze(MOMENT);
    ck_assert_int_eq(pthread_create(&thread, NULL, read_clock, &seen), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(seen, MOMENT);
}
END_TEST

START_TEST(spans_become_timevals)
{
    static const struct {
        usec_t span;
        long seconds, micros;
    } rows[] = {
        {0, 0, 0},
        {1, 0, 1},
        {USEC_PER_MSEC, 0, 1000},
        {USEC_PER_SEC - 1, 0, 999999},
        {USEC_PER_SEC, 1, 0},
        {90 * USEC_PER_SEC + 5, 90, 5},
        {-1, 0, 0},
        {INT64_MIN, 0, 0},
        {INT64_MAX, INT64_MAX / USEC_PER_SEC, INT64_MAX % USEC_PER_SEC},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct timeval span = clock_timeval(rows[i].span);
        ck_assert_int_eq(span.tv_sec, rows[i].seconds);
        ck_assert_int_eq(span.tv_usec, rows[i].micros);
    }
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, runs_and_never_goes_back);
    tcase_add_test(cases, stands_still_while_frozen);
    tcase_add_test(cases, runs_on_after_release);
    tcase_add_test(cases, other_threads_see_the_freeze);
    tcase_add_test(cases, spans_become_timevals);
}

int main(void)
{
    return suite_run("base/clock", add);
}
