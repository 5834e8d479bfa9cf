/* Which lines of a storm come through; the clock stands still but for what a test lets pass. */
#include "base/log_limit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

#define SEC USEC_PER_SEC
#define THREADS 4

static void setup(void)
{
    clock_freeze(1000 * SEC);
    log_limit_set(true);
}

static void teardown(void)
{
    clock_release();
}

static void ck_none_is_over(void)
{
    struct log_storm storm;
    ck_assert(!log_limit_take(false, &storm));
}

static void ck_over(const struct log_storm *storm, const char *message, const char *upstream,
                    unsigned suppressed)
{
    ck_assert_str_eq(storm->message, message);
    ck_assert_pstr_eq(storm->upstream, upstream);
    ck_assert_uint_eq(storm->suppressed, suppressed);
    free(storm->message);
    free(storm->upstream);
}

/* Returns how many of `count` come through; nothing may be over meanwhile. */
static unsigned admitted(const char *message, const char *upstream, unsigned count)
{
    unsigned through = 0;
    while (count-- > 0) {
        struct log_storm over;
        through += log_limit_admits(message, upstream, &over);
        ck_assert_uint_eq(over.suppressed, 0);
    }
    return through;
}

START_TEST(all_come_through_until_it_is_turned_on)
{
    log_limit_set(false);
    ck_assert_uint_eq(admitted("m", "u", 1000), 1000);
    log_limit_set(true);
    ck_assert_uint_eq(admitted("m", "u", 1000), LOG_LIMIT_LINES);
    log_limit_set(false);
    ck_assert_uint_eq(admitted("m", "u", 1000), 1000);
    ck_assert_uint_eq(log_limit_suppressed(), 1000 - LOG_LIMIT_LINES);
}
END_TEST

/* Of other messages and other upstreams nothing is taken. */
START_TEST(only_what_is_alike_counts)
{
    static const char *const messages[] = {"m", "n", "mu", ""}, *const upstreams[] = {"u", "v",
                                                                                      NULL};
    for (size_t i = 0; i < COUNT_OF(messages); i++)
        for (size_t j = 0; j < COUNT_OF(upstreams); j++)
            ck_assert_uint_eq(admitted(messages[i], upstreams[j], 2 * LOG_LIMIT_LINES),
                              LOG_LIMIT_LINES);
    ck_assert_uint_eq(log_limit_suppressed(), 12 * LOG_LIMIT_LINES);
}
END_TEST

START_TEST(where_one_text_ends_matters)
{
    ck_assert_uint_eq(admitted("ab", "c", 2 * LOG_LIMIT_LINES), LOG_LIMIT_LINES);
    ck_assert_uint_eq(admitted("a", "bc", 2 * LOG_LIMIT_LINES), LOG_LIMIT_LINES);
}
END_TEST

START_TEST(a_slow_stream_is_no_storm)
{
    for (int second = 0; second < 100; second++) {
        ck_assert_uint_eq(admitted("m", "u", 2), 2);
        clock_advance(SEC);
    }
    ck_none_is_over();
    ck_assert_uint_eq(log_limit_suppressed(), 0);
}
END_TEST

/* It is over by the clock alone, not one microsecond sooner, and told once. */
START_TEST(a_storm_is_over_after_its_time)
{
    struct log_storm storm;
    ck_assert_uint_eq(admitted("m", "u", 5), 5);
    clock_advance(3 * SEC);
    ck_assert_uint_eq(admitted("m", "u", 1000), LOG_LIMIT_LINES - 5);
    ck_none_is_over();
    ck_assert_int_eq(log_limit_wait(), LOG_LIMIT_TIME - 3 * SEC);
    clock_advance(log_limit_wait() - 1);
    ck_none_is_over();
    ck_assert_int_eq(log_limit_wait(), 1);
    clock_advance(1);
    ck_assert_int_eq(log_limit_wait(), 0);
    ck_assert(log_limit_take(false, &storm));
    ck_over(&storm, "m", "u", 1005 - LOG_LIMIT_LINES);
    ck_none_is_over();
    ck_assert_int_eq(log_limit_wait(), LOG_LIMIT_TIME);
    ck_assert_uint_eq(admitted("m", "u", 1000), LOG_LIMIT_LINES);
}
END_TEST

/* Where nobody has asked in time, the next line alike says so. */
START_TEST(the_next_line_tells_what_is_over)
{
    struct log_storm over;
    admitted("m", NULL, 100);
    clock_advance(LOG_LIMIT_TIME);
    ck_assert(log_limit_admits("m", NULL, &over));
    ck_over(&over, "m", NULL, 100 - LOG_LIMIT_LINES);
    ck_assert_uint_eq(admitted("m", NULL, 100), LOG_LIMIT_LINES - 1);
    ck_none_is_over();
}
END_TEST

START_TEST(all_can_be_taken_at_once)
{
    struct log_storm storm;
    admitted("m", "u", LOG_LIMIT_LINES + 1);
    admitted("m", "v", LOG_LIMIT_LINES);
    ck_none_is_over();
    ck_assert(log_limit_take(true, &storm));
    ck_over(&storm, "m", "u", 1);
    ck_assert(!log_limit_take(true, &storm));
}
END_TEST

/* The wait is that for the first to be over. */
START_TEST(several_storms_end_one_after_the_other)
{
    struct log_storm storm;
    char upstream[16];
    for (int i = 0; i < 9; i++) {
        snprintf(upstream, sizeof upstream, "u%d", i);
        admitted("m", upstream, LOG_LIMIT_LINES + 1 + (unsigned)i);
        clock_advance(SEC);
    }
    for (int i = 0; i < 9; i++) {
        ck_none_is_over();
        ck_assert_int_eq(log_limit_wait(), SEC);
        clock_advance(SEC);
        snprintf(upstream, sizeof upstream, "u%d", i);
        ck_assert(log_limit_take(false, &storm));
        ck_over(&storm, "m", upstream, 1 + (unsigned)i);
    }
}
END_TEST

/* However many there are of which no one comes often, each comes through, also when there are more
 * than can be remembered; and a storm among them does not get lost. */
START_TEST(what_comes_seldom_is_never_suppressed)
{
    enum { MANY = 20000 };
    struct log_storm storm;
    char upstream[16];
    unsigned through = 0;
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(upstream, sizeof upstream, "u%u", i);
        ck_assert_uint_eq(admitted("endpoint ejected", upstream, 1), 1);
        if (i % 2 == 0)
            through += admitted("storm", "u", 1);
        if (i == 0)
            through += admitted("storm", "u", LOG_LIMIT_LINES); /* is one before it can be lost */
    }
    ck_assert_uint_eq(through, LOG_LIMIT_LINES);
    clock_advance(LOG_LIMIT_TIME);
    ck_assert(log_limit_take(false, &storm));
    ck_over(&storm, "storm", "u", MANY / 2);
    ck_assert(!log_limit_take(true, &storm));
}
END_TEST

/* More storms at once than there is room for: what has no room comes through. The books close. */
START_TEST(no_line_is_lost_uncounted)
{
    enum { STORMS = 5000, LINES = 30 };
    struct log_storm storm;
    char upstream[16];
    uint64_t through = 0, told = 0;
    for (unsigned i = 0; i < STORMS; i++) {
        snprintf(upstream, sizeof upstream, "u%u", i);
        through += admitted("m", upstream, LINES);
    }
    while (log_limit_take(true, &storm)) {
        told += storm.suppressed;
        free(storm.message);
        free(storm.upstream);
    }
    ck_assert_uint_eq(told, log_limit_suppressed());
    ck_assert_uint_eq(through + told, (uint64_t)STORMS * LINES);
    ck_assert_uint_gt(told, 100 * (LINES - LOG_LIMIT_LINES));
    ck_assert_int_eq(log_limit_wait(), LOG_LIMIT_TIME);
}
END_TEST

static _Atomic unsigned through_in_all;

static void *storm_on(void *arg)
{
    struct log_storm over;
    for (int i = 0; i < 10000; i++)
        through_in_all += log_limit_admits("m", arg, &over);
    return NULL;
}

START_TEST(threads_share_the_limit)
{
    static char upstream[] = "u";
    pthread_t threads[THREADS];
    struct log_storm storm;
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, storm_on, upstream), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_uint_eq(through_in_all, LOG_LIMIT_LINES);
    ck_assert(log_limit_take(true, &storm));
    ck_over(&storm, "m", "u", THREADS * 10000 - LOG_LIMIT_LINES);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, all_come_through_until_it_is_turned_on);
    tcase_add_test(cases, only_what_is_alike_counts);
    tcase_add_test(cases, where_one_text_ends_matters);
    tcase_add_test(cases, a_slow_stream_is_no_storm);
    tcase_add_test(cases, a_storm_is_over_after_its_time);
    tcase_add_test(cases, the_next_line_tells_what_is_over);
    tcase_add_test(cases, all_can_be_taken_at_once);
    tcase_add_test(cases, several_storms_end_one_after_the_other);
    tcase_add_test(cases, what_comes_seldom_is_never_suppressed);
    tcase_add_test(cases, no_line_is_lost_uncounted);
    tcase_add_test(cases, threads_share_the_limit);
}

int main(void)
{
    return suite_run("base/log_limit", add);
}
