#include "base/stride.h"

#include <stdbool.h>

#include "base/random.h"
#include "suite.h"

#define SMALL 2000

static uint32_t greatest_divisor(uint32_t a, uint32_t b)
{
    while (b != 0) {
        uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

START_TEST(each_round_visits_each_place_once)
{
    for (uint32_t total = 1; total <= SMALL; total++) {
        uint32_t stride = stride_for(total);
        bool visited[SMALL] = {false};
        uint32_t places = 0;
        for (uint64_t step = 7; step < 7 + total; step++) { /* from anywhere */
            uint32_t place = stride_place(step, stride, total);
            places += place < total && !visited[place];
            visited[place] = true;
        }
        ck_assert_msg(places == total, "%u of %u places", places, total);
    }
}
END_TEST

/* The places of a round that is too long to visit them all. */
START_TEST(long_rounds_too)
{
    random_seed(21);
    for (int i = 0; i < 20000; i++) {
        uint32_t total = i == 0 ? UINT32_MAX : 1 + (random_u32() >> random_below(31));
        uint32_t stride = stride_for(total);
        ck_assert_uint_ge(stride, 1);
        ck_assert_uint_le(stride, total);
        ck_assert_uint_eq(greatest_divisor(total, stride), 1);
        uint64_t step = (uint64_t)random_u32() << 31;
        uint32_t place = stride_place(step, stride, total);
        ck_assert_uint_lt(place, total);
        ck_assert_uint_eq(stride_place(step + total, stride, total), place);
    }
}
END_TEST

/* Visits of the first `length` places: in any stretch of steps never further than this from their
 * share. */
static void ck_even(uint32_t total, uint32_t length, double most)
{
    uint32_t stride = stride_for(total);
    double least_lead = 0, most_lead = 0, hits = 0;
    for (uint32_t step = 0; step < total; step++) {
        hits += stride_place(step, stride, total) < length;
        double lead = hits - (double)(step + 1) * length / total;
        least_lead = lead < least_lead ? lead : least_lead;
        most_lead = lead > most_lead ? lead : most_lead;
    }
    ck_assert_msg(most_lead - least_lead < most, "%u of %u: %f", length, total,
                  most_lead - least_lead);
}

START_TEST(visits_are_nearly_even)
{
    random_seed(22);
    for (uint32_t total = 2; total <= 120; total++)
        for (uint32_t length = 1; length < total; length++)
            ck_even(total, length, 3.0);
    for (int i = 0; i < 300; i++) {
        uint32_t total = 2 + random_below(100000);
        ck_even(total, 1 + random_below(total - 1), 7.0);
    }
}
END_TEST

/* Whoever has up to a quarter of the places is not visited twice in a row. */
START_TEST(neighbours_are_visited_far_apart)
{
    for (uint32_t total = 1; total <= 20000; total++) {
        uint32_t stride = stride_for(total), back = total - stride;
        if (stride == 1)
            ck_assert(total <= 4 || total == 6);
        else
            ck_assert_msg(4 * (uint64_t)(stride < back ? stride : back) >= total, "%u of %u",
                          stride, total);
    }
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, each_round_visits_each_place_once);
    tcase_add_test(cases, long_rounds_too);
    tcase_add_test(cases, visits_are_nearly_even);
    tcase_add_test(cases, neighbours_are_visited_far_apart);
}

int main(void)
{
    return suite_run("base/stride", add);
}
