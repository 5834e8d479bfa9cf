#include "config/value.h"

#include <errno.h>
#include <stdio.h>

#include "base/random.h"
#include "suite.h"

#define MSEC USEC_PER_MSEC
#define SEC USEC_PER_SEC

START_TEST(durations)
{
    static const struct {
        const char *text;
        usec_t span;
    } rows[] = {
        {"0", 0},
        {"00", 0},
        {"0ms", 0},
        {"0s", 0},
        {"0h", 0},
        {"1ms", MSEC},
        {"250ms", 250 * MSEC},
        {"5s", 5 * SEC},
        {"0005s", 5 * SEC},
        {"2m", 120 * SEC},
        {"1h", 3600 * SEC},
        {"24h", 24 * 3600 * SEC},
        {"9223372036854775ms", 9223372036854775 * MSEC},
        {"9223372036854s", 9223372036854 * SEC},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        usec_t span = -1;
        ck_assert_msg(value_parse_duration(rows[i].text, &span) == 0, "%s", rows[i].text);
        ck_assert_int_eq(span, rows[i].span);
    }
}
END_TEST

START_TEST(no_durations)
{
    static const char *const invalid[] = {
        "",     " ",   "5",     "1",    "ms",  "s",          "5 s",  " 5s",
        "5s ",  "-5s", "+5s",   "1.5s", "5S",  "5MS",        "5d",   "5us",
        "5sec", "5s5", "1h30m", "0x5s", "off", "5\xce\xbcs", "1e3s", "infinity",
    };
    static const char *const too_long[] = {
        "9223372036854776ms", "9223372036855s",        "153722867281m",
        "2562047789h",        "9223372036854775808ms", "99999999999999999999999999999999999s",
    };
    usec_t span = 42;
    for (size_t i = 0; i < COUNT_OF(invalid); i++)
        ck_assert_msg(value_parse_duration(invalid[i], &span) == -EINVAL, "\"%s\"", invalid[i]);
    for (size_t i = 0; i < COUNT_OF(too_long); i++)
        ck_assert_msg(value_parse_duration(too_long[i], &span) == -ERANGE, "\"%s\"", too_long[i]);
    ck_assert_int_eq(span, 42);
}
END_TEST

START_TEST(counts)
{
    int64_t count = 42;
    static const char *const invalid[] = {"",   " ", "-1",  "+1",  "1 ",   " 1",
                                          "1k", "x", "1.0", "0x1", "auto", "1,000"};
    for (size_t i = 0; i < COUNT_OF(invalid); i++)
        ck_assert_msg(value_parse_count(invalid[i], &count) == -EINVAL, "\"%s\"", invalid[i]);
    ck_assert_int_eq(value_parse_count("9223372036854775808", &count), -ERANGE);
    ck_assert_int_eq(value_parse_count("99999999999999999999999999", &count), -ERANGE);
    ck_assert_int_eq(count, 42);
    ck_assert_int_eq(value_parse_count("0", &count), 0);
    ck_assert_int_eq(count, 0);
    ck_assert_int_eq(value_parse_count("007", &count), 0);
    ck_assert_int_eq(count, 7);
    ck_assert_int_eq(value_parse_count("10000000", &count), 0);
    ck_assert_int_eq(count, 10000000);
}
END_TEST

/* "-ERANGE where the number does not fit in 63 bits": this one does. */
START_TEST(the_greatest_count)
{
    int64_t count = 42;
    ck_assert_int_eq(value_parse_count("9223372036854775807", &count), 0);
    ck_assert_int_eq(count, INT64_MAX);
}
END_TEST

START_TEST(durations_are_formatted_shortest)
{
    static const struct {
        usec_t span;
        const char *text;
    } rows[] = {
        {0, "0s"},
        {MSEC, "1ms"},
        {1500 * MSEC, "1500ms"},
        {2 * SEC, "2s"},
        {60 * SEC, "1m"},
        {90 * SEC, "90s"},
        {5 * 60 * SEC, "5m"},
        {3600 * SEC, "1h"},
        {24 * 3600 * SEC, "24h"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[VALUE_DURATION_MAX];
        ck_assert_str_eq(value_format_duration(rows[i].span, text), rows[i].text);
    }
}
END_TEST

START_TEST(what_is_formatted_parses_to_the_same)
{
    random_seed(11);
    for (int i = 0; i < 100000; i++) {
        char text[VALUE_DURATION_MAX];
        usec_t again;
        usec_t span = (usec_t)random_u32() * MSEC;
        if (random_below(2))
            span *= random_below(2) ? 3600 : 60;
        ck_assert_int_eq(value_parse_duration(value_format_duration(span, text), &again), 0);
        ck_assert_int_eq(again, span);
    }
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, durations);
    tcase_add_test(cases, no_durations);
    tcase_add_test(cases, counts);
    tcase_add_test(cases, the_greatest_count);
    tcase_add_test(cases, durations_are_formatted_shortest);
    tcase_add_test(cases, what_is_formatted_parses_to_the_same);
}

int main(void)
{
    return suite_run("config/value", add);
}
