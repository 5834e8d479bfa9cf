#include "proxy/retire.h"

#include "base/random.h"
#include "config/model.h"
#include "suite.h"

#define MSEC USEC_PER_MSEC
#define SEC USEC_PER_SEC
#define HOUR (3600 * SEC)
#define START (1000 * SEC)

static struct retirement one;
static usec_t left;

static enum retire_call call(const struct upstream_options *options, usec_t at)
{
    return retire_call(&one, options, at, &left);
}

START_TEST(nothing_is_due_by_default)
{
    const struct upstream_options options = {.max_age = 0};
    retire_init(&one, &options, START);
    ck_assert_int_eq(retire_due(&one), 0);
    ck_assert_int_eq(call(&options, START + 100000 * HOUR), RETIRE_NOT_YET);
    ck_assert(!retire_is_draining(&one));
}
END_TEST

/* Within a tenth both ways, and all over it. */
START_TEST(max_age_has_a_jitter)
{
    static const usec_t ages[] = {SEC, 10 * SEC, HOUR, 1000 * HOUR};
    random_seed(1);
    for (size_t i = 0; i < COUNT_OF(ages); i++) {
        const struct upstream_options options = {.max_age = ages[i]};
        unsigned parts[8] = {0};
        for (int n = 0; n < 8000; n++) {
            retire_init(&one, &options, START);
            usec_t late = retire_due(&one) - START - ages[i] / 10 * 9;
            ck_assert_int_ge(late, 0);
            ck_assert_int_lt(late, ages[i] / 5);
            parts[late * 8 / (ages[i] / 5)]++;
        }
        for (size_t part = 0; part < COUNT_OF(parts); part++)
            ck_assert(parts[part] > 800 && parts[part] < 1200);
    }
}
END_TEST

START_TEST(max_age_has_a_grace)
{
    static const struct {
        usec_t age, grace;
    } rows[] = {{SEC, 5 * SEC}, {50 * SEC, 5 * SEC}, {100 * SEC, 10 * SEC}, {HOUR, 360 * SEC}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct upstream_options options = {.max_age = rows[i].age};
        retire_init(&one, &options, START);
        usec_t due = retire_due(&one);
        ck_assert_int_eq(call(&options, due - 1), RETIRE_NOT_YET);
        ck_assert_int_eq(call(&options, due), RETIRE_WHEN_IDLE);
        ck_assert_int_eq(left, rows[i].grace);
        ck_assert_int_eq(call(&options, due + rows[i].grace - 1), RETIRE_WHEN_IDLE);
        ck_assert_int_eq(left, 1);
        ck_assert_int_eq(call(&options, due + rows[i].grace), RETIRE_NOW);
    }
}
END_TEST

/* Each has its own share of nine tenths of the time, in the order of the places. */
START_TEST(a_drain_is_spread)
{
    static const size_t counts[] = {1, 2, 7, 100, 20000};
    const struct upstream_options options = {.removed_drain = 60 * SEC};
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        usec_t share = 54 * SEC / (usec_t)counts[i];
        for (size_t place = 0; place < counts[i]; place++) {
            retire_init(&one, &options, START);
            retire_drain(&one, &options, START, place, counts[i]);
            ck_assert(retire_is_draining(&one));
            ck_assert_int_ge(one.slot, START + (usec_t)place * share);
            ck_assert_int_lt(one.slot, START + (usec_t)(place + 1) * share);
            ck_assert_int_eq(one.end, START + 60 * SEC);
        }
    }
}
END_TEST

START_TEST(a_drain_has_an_end)
{
    const struct upstream_options options = {.removed_drain = 10 * SEC};
    retire_init(&one, &options, START);
    retire_drain(&one, &options, START, 1, 2);
    ck_assert_int_eq(retire_due(&one), one.slot);
    ck_assert_int_eq(call(&options, one.slot - 1), RETIRE_NOT_YET);
    ck_assert_int_eq(call(&options, one.slot), RETIRE_WHEN_IDLE);
    ck_assert_int_eq(call(&options, START + 10 * SEC - 1), RETIRE_WHEN_IDLE);
    ck_assert_int_eq(left, 1);
    ck_assert_int_eq(call(&options, START + 10 * SEC), RETIRE_NOW);
    retire_cancel_drain(&one);
    ck_assert(!retire_is_draining(&one));
    ck_assert_int_eq(call(&options, START + 10 * SEC), RETIRE_NOT_YET);
}
END_TEST

/* Whichever is sooner, and what is left of the other when a drain is called off. */
START_TEST(both_at_once)
{
    const struct upstream_options options = {.removed_drain = 10 * SEC, .max_age = 100 * SEC};
    retire_init(&one, &options, START);
    usec_t aged = retire_due(&one);
    retire_drain(&one, &options, START, 0, 1);
    ck_assert_int_eq(call(&options, START + 10 * SEC), RETIRE_NOW);
    retire_cancel_drain(&one);
    ck_assert_int_eq(retire_due(&one), aged);
    ck_assert_int_eq(call(&options, aged), RETIRE_WHEN_IDLE);
    retire_drain(&one, &options, aged + 9 * SEC, 0, 1); /* the grace of its age ends first */
    ck_assert_int_eq(call(&options, aged + 10 * SEC), RETIRE_NOW);
}
END_TEST

START_TEST(the_nearer_the_end_the_shorter_the_pause)
{
    static const usec_t lefts[] = {HOUR,    60 * SEC, 40 * SEC,   39 * SEC,   8 * SEC,
                                   4 * SEC, SEC,      800 * MSEC, 100 * MSEC, 0};
    static const usec_t pauses[] = {5 * SEC,    5 * SEC,    5 * SEC,    4875 * MSEC, SEC,
                                    500 * MSEC, 125 * MSEC, 100 * MSEC, 100 * MSEC,  100 * MSEC};
    for (size_t i = 0; i < COUNT_OF(lefts); i++)
        ck_assert_int_eq(retire_pause(lefts[i]), pauses[i]);
}
END_TEST

/* Ten a second are no storm; more are closed only where there is no time for less. */
START_TEST(the_gap_between_two_closings)
{
    ck_assert_int_eq(retire_gap(1, HOUR), 100 * MSEC);
    ck_assert_int_eq(retire_gap(300, 60 * SEC), 100 * MSEC);
    ck_assert_int_eq(retire_gap(600, 60 * SEC), 50 * MSEC);
    ck_assert_int_eq(retire_gap(6000, 60 * SEC), 5 * MSEC);
    ck_assert_int_eq(retire_gap(10, 0), 0);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, nothing_is_due_by_default);
    tcase_add_test(cases, max_age_has_a_jitter);
    tcase_add_test(cases, max_age_has_a_grace);
    tcase_add_test(cases, a_drain_is_spread);
    tcase_add_test(cases, a_drain_has_an_end);
    tcase_add_test(cases, both_at_once);
    tcase_add_test(cases, the_nearer_the_end_the_shorter_the_pause);
    tcase_add_test(cases, the_gap_between_two_closings);
}

int main(void)
{
    return suite_run("proxy/retire", add);
}
