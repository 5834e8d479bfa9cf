#include "base/random.h"

#include <pthread.h>

#include "suite.h"

START_TEST(stays_below)
{
    static const uint32_t bounds[] = {1, 2, 3, 7, 8, 100, 65536, 1u << 31, UINT32_MAX};
    for (size_t i = 0; i < COUNT_OF(bounds); i++)
        for (int n = 0; n < 20000; n++)
            ck_assert_uint_lt(random_below(bounds[i]), bounds[i]);
    for (int n = 0; n < 1000; n++)
        ck_assert_uint_eq(random_below(0), 0);
}
END_TEST

START_TEST(repeats_from_a_seed)
{
    uint32_t first[100];
    random_seed(42);
    for (size_t i = 0; i < COUNT_OF(first); i++)
        first[i] = random_u32();
    random_seed(43);
    ck_assert_uint_ne(random_u32(), first[0]);
    random_seed(42);
    for (size_t i = 0; i < COUNT_OF(first); i++)
        ck_assert_uint_eq(random_u32(), first[i]);
}
END_TEST

/* 100,000 throws of a die: each face 16,667 times, give or take 5 sigma (590). */
START_TEST(is_even)
{
    unsigned faces[6] = {0};
    random_seed(7);
    for (int i = 0; i < 100000; i++)
        faces[random_below(6)]++;
    for (size_t i = 0; i < COUNT_OF(faces); i++) {
        ck_assert_uint_gt(faces[i], 16667 - 590);
        ck_assert_uint_lt(faces[i], 16667 + 590);
    }
}
END_TEST

static void *draw(void *arg)
{
    uint32_t *numbers = arg;
    for (int i = 0; i < 4; i++)
        numbers[i] = random_u32();
    return NULL;
}

START_TEST(each_thread_has_its_own)
{
    pthread_t threads[2];
    uint32_t numbers[2][4] = {{0}};
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, draw, numbers[i]), 0);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_mem_ne(numbers[0], numbers[1], sizeof numbers[0]);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, stays_below);
    tcase_add_test(cases, repeats_from_a_seed);
    tcase_add_test(cases, is_even);
    tcase_add_test(cases, each_thread_has_its_own);
}

int main(void)
{
    return suite_run("base/random", add);
}
