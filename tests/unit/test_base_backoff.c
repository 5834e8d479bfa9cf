#include "base/backoff.h"

#include <stdint.h>

#include "base/random.h"
#include "suite.h"

#define MSEC USEC_PER_MSEC

START_TEST(doubles_up_to_the_most)
{
    static const usec_t full[] = {50, 100, 200, 400, 800, 1000, 1000};
    random_seed(7);
    for (unsigned level = 0; level < COUNT_OF(full); level++) {
        usec_t least = INT64_MAX, most = 0;
        for (int n = 0; n < 2000; n++) {
            usec_t span = backoff_wait(50 * MSEC, 1000 * MSEC, level);
            least = span < least ? span : least;
            most = span > most ? span : most;
        }
        ck_assert_int_le(most, full[level] * MSEC);
        ck_assert_int_ge(least, full[level] * MSEC * 8 / 10);
        ck_assert_int_gt(most - least, full[level] * MSEC / 6); /* chance uses the whole fifth */
    }
}
END_TEST

START_TEST(ends_of_the_range)
{
    usec_t day = 24 * 3600 * USEC_PER_SEC;
    ck_assert_int_le(backoff_wait(day, day, 4000000000u), day);
    ck_assert_int_ge(backoff_wait(day, day, 4000000000u), day * 8 / 10);
    ck_assert_int_ge(backoff_wait(1 * MSEC, day, 4000000000u), day * 8 / 10);
    ck_assert_int_le(backoff_wait(10 * MSEC, 5 * MSEC, 0), 5 * MSEC);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, doubles_up_to_the_most);
    tcase_add_test(cases, ends_of_the_range);
}

int main(void)
{
    return suite_run("base/backoff", add);
}
