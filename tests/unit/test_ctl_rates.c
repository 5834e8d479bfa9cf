#include "ctl/rates.h"

#include <math.h>
#include <stdlib.h>

#include "ctl/spark.h"
#include "suite.h"

/* A look at one upstream, which has opened and failed so many. */
static void look(struct rates *rates, int pid, double uptime, const char *name, int opened,
                 int failed)
{
    json_t *status =
        json_pack("{s:i,s:f,s:[{s:s,s:{s:i,s:i},s:{s:i},s:{s:i,s:i,s:i},s:{s:f}}]}", "pid", pid,
                  "uptime", uptime, "upstreams", "name", name, "connections", "open", 3, "opened",
                  opened, "connects", "failed", failed, "ended", "closed", opened, "client-reset",
                  opened, "deadline", failed, "connect_time", "p99", 0.002);
    ck_assert_ptr_nonnull(status);
    rates_take(rates, status);
    json_decref(status);
}

static double newest(const struct series *series)
{
    return series_at(series, 0);
}

START_TEST(rates_are_differences)
{
    struct rates rates = {0};
    look(&rates, 7, 100, "a", 1000, 10);
    ck_assert(isnan(newest(&rates.all.opened)));
    ck_assert_double_eq(newest(&rates.all.active), 3);
    look(&rates, 7, 102, "a", 1100, 13);
    ck_assert_double_eq(newest(&rates.all.opened), 50);
    ck_assert_double_eq(newest(&rates.all.errors), 1.5);
    ck_assert_double_eq(newest(&rates.all.failed), 1.5);
    ck_assert_double_eq(newest(&rates.all.p99), 0.002);
    const struct rate *rate = rates_find(&rates, "a");
    ck_assert_ptr_nonnull(rate);
    ck_assert_double_eq(newest(&rate->opened), 50);
    ck_assert_ptr_null(rates_find(&rates, "b"));
    ck_assert_ptr_null(rates_find(&rates, NULL));
    rates_clear(&rates);
}
END_TEST

/* Another process, the same one anew, or a look at the same moment: nobody knows. */
START_TEST(what_was_started_anew_has_no_rates)
{
    struct rates rates = {0};
    look(&rates, 7, 100, "a", 1000, 10);
    look(&rates, 8, 101, "a", 2000, 20);
    ck_assert(isnan(newest(&rates.all.opened)));
    look(&rates, 8, 102, "a", 2001, 20);
    ck_assert_double_eq(newest(&rates.all.opened), 1);
    look(&rates, 8, 1, "a", 3000, 30);
    ck_assert(isnan(newest(&rates.all.opened)));
    look(&rates, 8, 2, "a", 2, 30);
    ck_assert(isnan(newest(&rates.all.opened)));
    look(&rates, 8, 2, "a", 2, 30);
    ck_assert(isnan(newest(&rates.all.opened)));
    ck_assert_uint_eq(rates.all.opened.count, 6);
    rates_clear(&rates);
}
END_TEST

START_TEST(upstreams_come_and_go)
{
    struct rates rates = {0};
    look(&rates, 7, 100, "a", 1000, 10);
    look(&rates, 7, 101, "b", 5, 0);
    ck_assert_ptr_null(rates_find(&rates, "a"));
    ck_assert(isnan(newest(&rates_find(&rates, "b")->opened)));
    look(&rates, 7, 102, "b", 6, 0);
    ck_assert_double_eq(newest(&rates_find(&rates, "b")->opened), 1);
    ck_assert_uint_eq(rates.count, 1);
    json_t *empty = json_object();
    rates_take(&rates, empty);
    ck_assert_uint_eq(rates.count, 0);
    json_decref(empty);
    rates_clear(&rates);
}
END_TEST

START_TEST(series_keep_a_minute)
{
    struct series series = {0};
    ck_assert(isnan(series_at(&series, 0)));
    for (int i = 0; i < 100; i++)
        series_add(&series, i);
    ck_assert_double_eq(series_at(&series, 0), 99);
    ck_assert_double_eq(series_at(&series, 59), 40);
    ck_assert(isnan(series_at(&series, 60)));
}
END_TEST

START_TEST(bars_grow_with_the_values)
{
    static const double values[] = {0, 1, 50, NAN, 100};
    struct series series = {0};
    struct text text = {0};
    for (size_t i = 0; i < COUNT_OF(values); i++)
        series_add(&series, values[i]);
    setenv("LC_ALL", "C", 1);
    text_setup();
    spark_add(&text, &series, 7, 1);
    ck_assert_str_eq(text_string(&text), "  _.= #");
    text_clear(&text);
    setenv("LC_ALL", "C.UTF-8", 1);
    text_setup();
    spark_add(&text, &series, 3, 1);
    ck_assert_str_eq(text_string(&text), "\u2585 \u2588");
    text_clear(&text);
}
END_TEST

/* Of two values a column: the newest one fills up, and the others stay. */
START_TEST(columns_are_means)
{
    struct series series = {0};
    struct text text = {0};
    setenv("LC_ALL", "C", 1);
    text_setup();
    for (int i = 0; i < 4; i++)
        series_add(&series, i % 2 ? 100 : 0); /* means of 50 */
    spark_add(&text, &series, 3, 2);
    ck_assert_str_eq(text_string(&text), " ##");
    text_clear(&text);
    series_add(&series, 100);
    spark_add(&text, &series, 3, 2);
    ck_assert_str_eq(text_string(&text), "==#");
    text_clear(&text);
    series_add(&series, 0);
    spark_add(&text, &series, 4, 2);
    ck_assert_str_eq(text_string(&text), " ###");
    text_clear(&text);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, rates_are_differences);
    tcase_add_test(cases, what_was_started_anew_has_no_rates);
    tcase_add_test(cases, upstreams_come_and_go);
    tcase_add_test(cases, series_keep_a_minute);
    tcase_add_test(cases, bars_grow_with_the_values);
    tcase_add_test(cases, columns_are_means);
}

int main(void)
{
    return suite_run("ctl rates", add);
}
