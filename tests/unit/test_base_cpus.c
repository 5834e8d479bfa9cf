#include "base/cpus.h"

#include <sched.h>

#include "suite.h"

START_TEST(there_is_at_least_one)
{
    ck_assert_uint_ge(cpus_usable(), 1);
    ck_assert_uint_le(cpus_usable(), CPU_SETSIZE);
}
END_TEST

START_TEST(the_affinity_mask_bounds_it)
{
    cpu_set_t mask, one;
    ck_assert_int_eq(sched_getaffinity(0, sizeof mask, &mask), 0);
    ck_assert_uint_le(cpus_usable(), (unsigned)CPU_COUNT(&mask));
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &mask))
            continue;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        ck_assert_int_eq(sched_setaffinity(0, sizeof one, &one), 0);
        ck_assert_uint_eq(cpus_usable(), 1);
    }
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, there_is_at_least_one);
    tcase_add_test(cases, the_affinity_mask_bounds_it);
}

int main(void)
{
    return suite_run("base/cpus", add);
}
