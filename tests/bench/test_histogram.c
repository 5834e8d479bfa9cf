/* What the load of the bench says of how long things took. */
#include "histogram.h"

#include <stdlib.h>

#include "unit/suite.h"

static struct histogram histogram;

static void clear(void)
{
    histogram_clear(&histogram);
}

START_TEST(without_values_there_is_nothing)
{
    ck_assert_int_eq(histogram_at(&histogram, 500), 0);
}
END_TEST

/* Each value, wherever it lies, is read as itself or at most a thirty-second more. */
START_TEST(a_value_is_never_read_as_less)
{
    for (int64_t ns = 0; ns < INT64_C(3600) * 1000 * 1000 * 1000; ns += ns / 50 + 1) {
        histogram_clear(&histogram);
        histogram_add(&histogram, ns);
        ck_assert_int_ge(histogram_at(&histogram, 500), ns);
        ck_assert_int_le(histogram_at(&histogram, 500), ns + ns / 32);
    }
}
END_TEST

START_TEST(an_hour_is_the_most)
{
    histogram_add(&histogram, INT64_MAX);
    histogram_add(&histogram, -1);
    ck_assert_int_eq(histogram_at(&histogram, 500), 0);
    ck_assert_int_ge(histogram_at(&histogram, 1000), INT64_C(3600) * 1000 * 1000 * 1000);
}
END_TEST

/* 1 … 1000 us: the 990th of a thousand, and not the one above it. */
START_TEST(percentiles_are_ranks)
{
    const unsigned asked[] = {1, 500, 990, 999, 1000};

    for (int us = 1000; us >= 1; us--)
        histogram_add(&histogram, us * 1000);
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        int64_t exact = asked[i] * INT64_C(1000);
        ck_assert_int_ge(histogram_at(&histogram, asked[i]), exact);
        ck_assert_int_le(histogram_at(&histogram, asked[i]), exact + exact / 32);
    }
}
END_TEST

START_TEST(one_in_a_thousand_is_seen)
{
    for (int i = 0; i < 998; i++)
        histogram_add(&histogram, 10);
    histogram_add(&histogram, 60);
    histogram_add(&histogram, 60);
    ck_assert_int_eq(histogram_at(&histogram, 998), 10);
    ck_assert_int_eq(histogram_at(&histogram, 999), 60);
}
END_TEST

START_TEST(it_is_printed_in_order)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);

    ck_assert_ptr_nonnull(to);
    histogram_add(&histogram, 64); /* the first bucket of two */
    histogram_add(&histogram, 7);
    histogram_add(&histogram, 65);
    histogram_print(&histogram, to);
    fclose(to);
    ck_assert_str_eq(text, "7:1,65:2");
    free(text);
}
END_TEST

static void add_cases(TCase *cases)
{
    tcase_add_checked_fixture(cases, clear, NULL);
    tcase_add_test(cases, without_values_there_is_nothing);
    tcase_add_test(cases, a_value_is_never_read_as_less);
    tcase_add_test(cases, an_hour_is_the_most);
    tcase_add_test(cases, percentiles_are_ranks);
    tcase_add_test(cases, one_in_a_thousand_is_seen);
    tcase_add_test(cases, it_is_printed_in_order);
}

int main(void)
{
    return suite_run("histogram", add_cases);
}
