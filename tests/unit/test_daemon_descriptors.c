#include "daemon/descriptors.h"

#include <sys/resource.h>

#include "suite.h"

START_TEST(two_a_connection_beside_the_rest)
{
    static const struct {
        uint64_t limit;
        size_t fixed;
        uint32_t want;
    } rows[] = {
        {1024, 0, 496},
        {1024, 12, 490},
        {1024, 13, 489}, /* an odd one serves nobody */
        {20000, 8, 9980},
        {34, 0, 1},
        {33, 0, 1},
        {0, 0, 1}, /* at least one, whatever that leads to */
        {1024, 5000, 1},
        {1ull << 30, 0, 10000000}, /* the greatest max-connections */
        {UINT64_MAX, 0, 10000000}, /* no limit at all */
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        ck_assert_uint_eq(descriptors_connections(rows[i].limit, rows[i].fixed), rows[i].want);
}
END_TEST

START_TEST(more_descriptors_never_carry_less)
{
    for (size_t fixed = 0; fixed < 200; fixed += 7) {
        uint32_t before = 0;
        for (uint64_t limit = 0; limit < 5000; limit++) {
            uint32_t now = descriptors_connections(limit, fixed);
            ck_assert_uint_ge(now, before);
            if (now > 1)
                ck_assert_uint_le(now * 2 + fixed, limit);
            before = now;
        }
    }
}
END_TEST

START_TEST(the_soft_limit_is_raised_to_the_hard_one)
{
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = 64;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_uint_eq(descriptors_raise_limit(), limit.rlim_max);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_uint_eq(limit.rlim_cur, limit.rlim_max);
    ck_assert_uint_eq(descriptors_raise_limit(), limit.rlim_max); /* twice is harmless */
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, two_a_connection_beside_the_rest);
    tcase_add_test(cases, more_descriptors_never_carry_less);
    tcase_add_test(cases, the_soft_limit_is_raised_to_the_hard_one);
}

int main(void)
{
    return suite_run("daemon/descriptors", add);
}
