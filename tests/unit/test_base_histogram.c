#include "base/histogram.h"

#include "base/counter.h"
#include "suite.h"

static const struct scale scale = {4, {10, 20, 50, 100}};

static struct histogram of(const int64_t *values, size_t count)
{
    struct histogram histogram = {.scale = &scale};
    for (size_t i = 0; i < count; i++) {
        histogram.counts[scale_bucket(&scale, values[i])]++;
        histogram.count++;
        histogram.sum += (uint64_t)values[i];
    }
    return histogram;
}

START_TEST(a_bound_belongs_to_its_bucket)
{
    static const struct {
        int64_t value;
        size_t bucket;
    } rows[] = {{0, 0},  {1, 0},   {10, 0},  {11, 1},       {20, 1},
                {21, 2}, {100, 3}, {101, 4}, {INT64_MAX, 4}};
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        ck_assert_uint_eq(scale_bucket(&scale, rows[i].value), rows[i].bucket);
}
END_TEST

START_TEST(nothing_has_no_quantiles)
{
    struct histogram none = of(NULL, 0);
    ck_assert(histogram_mean(&none) == 0.0);
    ck_assert(histogram_quantile(&none, 0.5) == 0.0);
}
END_TEST

START_TEST(the_mean_is_exact)
{
    struct histogram some = of((const int64_t[]){1, 2, 6, 1000}, 4);
    ck_assert_double_eq_tol(histogram_mean(&some), 252.25, 1e-9);
}
END_TEST

/* Four from 10 to 20, as if they were 12.5, 15, 17.5 and 20. */
START_TEST(quantiles_lie_within_their_bucket)
{
    static const struct {
        double q, want;
    } rows[] = {{0.0, 10.0}, {0.25, 12.5}, {0.5, 15.0}, {0.99, 19.9}, {1.0, 20.0}};
    struct histogram some = of((const int64_t[]){11, 12, 13, 20}, 4);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        ck_assert_double_eq_tol(histogram_quantile(&some, rows[i].q), rows[i].want, 1e-9);
}
END_TEST

/* 90 in the first bucket, none in the second, 9 in the third, 1 beyond all. */
START_TEST(quantiles_of_several_buckets)
{
    static const struct {
        double q, want;
    } rows[] = {{0.45, 5.0}, {0.9, 10.0}, {0.93, 30.0}, {0.99, 50.0}, {0.999, 100.0}, {1.0, 100.0}};
    struct histogram some = {.scale = &scale, .counts = {90, 0, 9, 0, 1}, .count = 100};
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        ck_assert_double_eq_tol(histogram_quantile(&some, rows[i].q), rows[i].want, 1e-9);
}
END_TEST

START_TEST(quantiles_never_fall)
{
    for (unsigned mask = 1; mask < 1u << 5; mask++) {
        struct histogram some = {.scale = &scale};
        for (size_t i = 0; i < 5; i++)
            some.count += some.counts[i] = (mask >> i & 1) * (i + 1);
        double before = 0.0;
        for (int step = 0; step <= 1000; step++) {
            double value = histogram_quantile(&some, step / 1000.0);
            ck_assert(value >= before && value <= 100.0);
            before = value;
        }
    }
}
END_TEST

START_TEST(counters_add_up)
{
    counter count = 0;
    counter_add(&count, 3);
    counter_add(&count, 0);
    counter_add(&count, UINT64_C(1) << 40);
    ck_assert_uint_eq(counter_get(&count), (UINT64_C(1) << 40) + 3);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, a_bound_belongs_to_its_bucket);
    tcase_add_test(cases, nothing_has_no_quantiles);
    tcase_add_test(cases, the_mean_is_exact);
    tcase_add_test(cases, quantiles_lie_within_their_bucket);
    tcase_add_test(cases, quantiles_of_several_buckets);
    tcase_add_test(cases, quantiles_never_fall);
    tcase_add_test(cases, counters_add_up);
}

int main(void)
{
    return suite_run("base/histogram", add);
}
