/* The budget of DNS packets. */
#include "discovery/budget.h"

#include "suite.h"

#define RATE 512

/* Takes all it gets for `span`, and counts what went in each window of a second that begins at any
 * packet. */
static unsigned most_in_a_second(usec_t span)
{
    static usec_t sent[10000];
    struct budget budget;
    usec_t now = 1;
    unsigned count = 0, most = 0, from = 0;
    budget_init(&budget, RATE, now);
    while (now < span) {
        usec_t wait = budget_take(&budget, 1, now);
        if (wait > 0) {
            now += wait;
            continue;
        }
        sent[count++] = now;
        while (sent[from] + USEC_PER_SEC <= now)
            from++;
        most = count - from > most ? count - from : most;
    }
    return most;
}

START_TEST(no_second_has_more_than_the_rate)
{
    unsigned most = most_in_a_second(10 * USEC_PER_SEC);
    ck_assert_uint_le(most, RATE);
    ck_assert_uint_ge(most, RATE * 9 / 10);
}
END_TEST

START_TEST(after_a_rest_there_is_one_burst)
{
    struct budget budget;
    unsigned at_once = 0;
    budget_init(&budget, RATE, 1);
    while (budget_take(&budget, 1, 3600 * USEC_PER_SEC) == 0)
        at_once++;
    ck_assert_uint_eq(at_once, RATE / 10);
}
END_TEST

START_TEST(the_wait_is_enough_and_not_too_long)
{
    struct budget budget;
    budget_init(&budget, 10, 1);
    ck_assert_int_eq(budget_take(&budget, 1, 1), 0);
    usec_t wait = budget_take(&budget, 1, 1);
    ck_assert_int_gt(wait, 0);
    ck_assert_int_le(wait, USEC_PER_SEC / 9 + 2);
    ck_assert_int_eq(budget_take(&budget, 1, 1 + wait), 0);
}
END_TEST

static bool busy_second(struct budget *budget, usec_t start, unsigned packets)
{
    bool told = false;
    for (unsigned i = 0; i < packets; i++) {
        usec_t now = start + (usec_t)i * USEC_PER_SEC / (usec_t)packets;
        ck_assert_int_eq(budget_take(budget, 1, now), 0);
        told = budget_reached_half(budget, now) || told;
    }
    return told;
}

START_TEST(half_is_told_once_until_it_is_calm)
{
    struct budget budget;
    budget_init(&budget, 100, 1);
    ck_assert(!busy_second(&budget, 1 * USEC_PER_SEC, 40));
    ck_assert(busy_second(&budget, 3 * USEC_PER_SEC, 80));
    ck_assert(!busy_second(&budget, 4 * USEC_PER_SEC, 80));
    ck_assert(!busy_second(&budget, 8 * USEC_PER_SEC, 20));
    ck_assert(busy_second(&budget, 10 * USEC_PER_SEC, 80));
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, no_second_has_more_than_the_rate);
    tcase_add_test(cases, after_a_rest_there_is_one_burst);
    tcase_add_test(cases, the_wait_is_enough_and_not_too_long);
    tcase_add_test(cases, half_is_told_once_until_it_is_calm);
}

int main(void)
{
    return suite_run("discovery/budget", add);
}
