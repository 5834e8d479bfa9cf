/* Which addresses count as behind a name: the verdict table, holding, confirming, samples. */
#include "discovery/membership.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "suite.h"

#define SECOND USEC_PER_SEC
#define POOL_MAX 200

static const struct membership_rules rules = {.hold = 30 * SECOND, .sample_size = 8};

static struct record nth_record(unsigned n)
{
    struct in_addr ip = {.s_addr = htonl(0x0a000000u + n)};
    return record_of(address_ipv4(&ip, 0));
}

/* An answer that names the addresses from…to-1. */
static struct answer naming(struct record *buffer, unsigned from, unsigned to)
{
    struct answer answer = {.outcome = ANSWER_RECORDS, .ttl = 1, .records = buffer};
    for (unsigned n = from; n < to; n++)
        buffer[answer.count++] = nth_record(n);
    return answer;
}

static enum membership_verdict take(struct membership *membership, unsigned from, unsigned to,
                                    usec_t now)
{
    struct record buffer[POOL_MAX];
    struct answer answer = naming(buffer, from, to);
    return membership_table[membership_take(membership, &rules, &answer, now)].verdict;
}

static enum membership_verdict take_outcome(struct membership *membership,
                                            enum answer_outcome outcome, usec_t now)
{
    struct answer answer = {.outcome = outcome, .ttl = ANSWER_TTL_UNKNOWN};
    return membership_table[membership_take(membership, &rules, &answer, now)].verdict;
}

static bool has(const struct membership *membership, unsigned n)
{
    struct record record = nth_record(n);
    return membership_find(membership, &record) != NULL;
}

static bool fails(struct membership *membership, unsigned n)
{
    struct record record = nth_record(n);
    return membership_connect_failed(membership, &record, 1);
}

/* --- the failure table
 * ---------------------------------------------------------------------------- */

START_TEST(failures_keep_everything)
{
    static const enum answer_outcome failures[] = {
        ANSWER_SERVFAIL,    ANSWER_REFUSED,   ANSWER_MALFORMED,  ANSWER_TIMEOUT,
        ANSWER_UNREACHABLE, ANSWER_NOT_ASKED, ANSWER_LOCAL_FAULT};
    struct membership membership = {0};
    take(&membership, 0, 3, 1);
    for (usec_t day = 1; day < 100; day++)
        ck_assert_int_eq(take_outcome(&membership, failures[_i], day * 86400 * SECOND),
                         MEMBERSHIP_KEEP);
    ck_assert_uint_eq(membership.count, 3);
    ck_assert(!fails(&membership, 1)); /* named by the last answer that named any */
    membership_clear(&membership);
}
END_TEST

START_TEST(nothing_is_believed_after_hold)
{
    static const enum answer_outcome nothings[] = {ANSWER_EMPTY, ANSWER_NXDOMAIN,
                                                   ANSWER_NO_SERVICE};
    struct membership membership = {0};
    take(&membership, 0, 3, SECOND);
    ck_assert_int_eq(take_outcome(&membership, nothings[_i], 10 * SECOND), MEMBERSHIP_HOLD);
    ck_assert_uint_eq(membership.count, 3);
    ck_assert_int_eq(membership_held_until(&membership, &rules), 40 * SECOND);
    take_outcome(&membership, nothings[_i], 39 * SECOND);
    ck_assert_uint_eq(membership.count, 3);
    take_outcome(&membership, nothings[_i], 40 * SECOND);
    ck_assert_uint_eq(membership.count, 0);
    ck_assert_int_eq(membership_held_until(&membership, &rules), 0);
    membership_clear(&membership);
}
END_TEST

START_TEST(silence_does_not_end_a_hold)
{
    struct membership membership = {0};
    take(&membership, 0, 3, SECOND);
    take_outcome(&membership, ANSWER_NXDOMAIN, 10 * SECOND);
    take_outcome(&membership, ANSWER_TIMEOUT, 100 * SECOND);
    ck_assert_uint_eq(membership.count, 3);
    /* … nor does a second word after it: nobody knows what was between. */
    take_outcome(&membership, ANSWER_NXDOMAIN, 101 * SECOND);
    ck_assert_uint_eq(membership.count, 3);
    ck_assert(fails(&membership, 0));
    take_outcome(&membership, ANSWER_NXDOMAIN, 131 * SECOND);
    ck_assert_uint_eq(membership.count, 0);
    membership_clear(&membership);
}
END_TEST

START_TEST(a_good_answer_ends_a_hold)
{
    struct membership membership = {0};
    take(&membership, 0, 3, SECOND);
    take_outcome(&membership, ANSWER_NXDOMAIN, 10 * SECOND);
    ck_assert_int_eq(take(&membership, 0, 3, 20 * SECOND), MEMBERSHIP_REPLACE);
    take_outcome(&membership, ANSWER_NXDOMAIN, 45 * SECOND);
    ck_assert_uint_eq(membership.count, 3); /* a new hold began */
    membership_clear(&membership);
}
END_TEST

START_TEST(a_held_address_leaves_by_its_first_failure)
{
    struct membership membership = {0};
    take(&membership, 0, 3, SECOND);
    ck_assert(!fails(&membership, 1));
    take_outcome(&membership, ANSWER_NXDOMAIN, 2 * SECOND);
    ck_assert(fails(&membership, 1));
    ck_assert(!fails(&membership, 1));
    ck_assert_uint_eq(membership.count, 2);
    membership_clear(&membership);
}
END_TEST

/* --- whole answers
 * --------------------------------------------------------------------------------- */

START_TEST(a_whole_answer_replaces)
{
    struct membership membership = {0};
    ck_assert_int_eq(take(&membership, 0, 4, 1), MEMBERSHIP_REPLACE);
    ck_assert_int_eq(take(&membership, 2, 6, 2), MEMBERSHIP_REPLACE); /* half of four may go */
    ck_assert_uint_eq(membership.count, 4);
    ck_assert(!has(&membership, 0) && !has(&membership, 1) && has(&membership, 5));
    membership_clear(&membership);
}
END_TEST

START_TEST(a_great_loss_must_be_confirmed)
{
    struct membership membership = {0};
    take(&membership, 0, 5, 1);
    ck_assert_int_eq(take(&membership, 0, 2, 2), MEMBERSHIP_CONFIRM);
    ck_assert_uint_eq(membership.count, 5);
    ck_assert(membership_unconfirmed(&membership));
    ck_assert_int_eq(take_outcome(&membership, ANSWER_TIMEOUT, 3), MEMBERSHIP_KEEP);
    ck_assert_uint_eq(membership.count, 5); /* silence confirms nothing */
    take(&membership, 0, 2, 4);
    ck_assert_uint_eq(membership.count, 2);
    ck_assert(!membership_unconfirmed(&membership));
    membership_clear(&membership);
}
END_TEST

START_TEST(a_loss_that_was_a_mistake_changes_nothing)
{
    struct membership membership = {0};
    take(&membership, 0, 7, 1);
    take(&membership, 0, 1, 2);
    take(&membership, 0, 7, 3);
    ck_assert_uint_eq(membership.count, 7);
    ck_assert(!membership_unconfirmed(&membership));
    membership_clear(&membership);
}
END_TEST

START_TEST(a_replacement_of_all_adds_at_once)
{
    struct membership membership = {0};
    take(&membership, 0, 3, 1);
    ck_assert_int_eq(take(&membership, 10, 13, 2), MEMBERSHIP_CONFIRM);
    ck_assert_uint_eq(membership.count, 6);
    ck_assert(fails(&membership, 0)); /* an old one that is dead leaves before the confirmation */
    take(&membership, 10, 13, 3);
    ck_assert_uint_eq(membership.count, 3);
    ck_assert(has(&membership, 12));
    membership_clear(&membership);
}
END_TEST

START_TEST(a_truncated_answer_only_adds)
{
    struct membership membership = {0};
    struct record buffer[POOL_MAX];
    take(&membership, 0, 5, 1);
    struct answer answer = naming(buffer, 5, 6);
    answer.truncated = true;
    ck_assert_int_eq(membership_take(&membership, &rules, &answer, 2), EVENT_PART);
    ck_assert_uint_eq(membership.count, 6);
    ck_assert(!fails(&membership, 5)); /* named */
    ck_assert(fails(&membership, 0));  /* not named, and dead */
    ck_assert_uint_eq(membership.count, 5);
    membership_clear(&membership);
}
END_TEST

/* --- samples
 * ------------------------------------------------------------------------------------------ */

static struct answer draw(struct record *buffer, unsigned *pool, unsigned total, unsigned size)
{
    struct answer answer = {.outcome = ANSWER_RECORDS, .records = buffer};
    for (unsigned i = 0; i < size; i++) {
        unsigned j = i + random_below(total - i), swapped = pool[i];
        pool[i] = pool[j];
        pool[j] = swapped;
        buffer[answer.count++] = nth_record(pool[i]);
    }
    answer_sort(&answer);
    return answer;
}

static size_t count_seen(bool *seen, const unsigned *pool, unsigned size)
{
    size_t fresh = 0;
    for (unsigned i = 0; i < size; i++) {
        fresh += !seen[pool[i]];
        seen[pool[i]] = true;
    }
    return fresh;
}

/* A zone of `total` live addresses that answers 8 at random, `answers` times. Returns whether an
 * address that was seen was ever missing from the set. */
static bool run_loses_one(unsigned total, unsigned answers)
{
    struct membership membership = {0};
    struct record buffer[8];
    unsigned pool[POOL_MAX];
    bool seen[POOL_MAX] = {false}, lost = false;
    size_t known = 0;
    for (unsigned n = 0; n < total; n++)
        pool[n] = n;
    for (unsigned t = 1; t <= answers && !lost; t++) {
        struct answer answer = draw(buffer, pool, total, 8);
        known += count_seen(seen, pool, 8);
        membership_take(&membership, &rules, &answer, (usec_t)t * SECOND);
        lost = membership.count < known;
    }
    membership_clear(&membership);
    return lost;
}

START_TEST(chance_expels_in_less_than_one_run_of_a_hundred)
{
    const int runs = 1000;
    int lost = 0;
    random_seed(20261122);
    for (int run = 0; run < runs; run++)
        lost += run_loses_one(8 + random_below(POOL_MAX - 8 + 1), 300);
    ck_assert_int_lt(lost, runs / 100);
}
END_TEST

START_TEST(a_dead_address_leaves_by_its_first_failure_while_absent)
{
    struct membership membership = {0};
    struct record buffer[8];
    unsigned pool[40];
    random_seed(7);
    for (unsigned n = 0; n < 40; n++)
        pool[n] = n;
    for (unsigned t = 1; t < 60; t++) {
        struct answer answer = draw(buffer, pool, 40, 8);
        membership_take(&membership, &rules, &answer, t);
    }
    ck_assert_uint_eq(membership.count, 40);
    ck_assert(!fails(&membership, pool[0])); /* in the last answer */
    ck_assert(fails(&membership, pool[8]));  /* not in it */
    ck_assert_uint_eq(membership.count, 39);
    membership_clear(&membership);
}
END_TEST

START_TEST(a_removed_address_is_expelled_in_the_end)
{
    struct membership membership = {0};
    struct record buffer[8];
    unsigned pool[12], answers = 0;
    random_seed(9);
    for (unsigned n = 0; n < 12; n++)
        pool[n] = n;
    for (unsigned t = 0; t < 50; t++) {
        struct answer answer = draw(buffer, pool, 12, 8);
        membership_take(&membership, &rules, &answer, 1);
    }
    for (unsigned n = 0; n < 11; n++)
        pool[n] = n; /* 11 is gone */
    while (has(&membership, 11) && answers < 100) {
        struct answer answer = draw(buffer, pool, 11, 8);
        membership_take(&membership, &rules, &answer, 2);
        answers++;
    }
    ck_assert_uint_le(answers, membership_miss_limit(8, 12) + 1);
    ck_assert_uint_eq(membership.count, 11);
    membership_clear(&membership);
}
END_TEST

START_TEST(the_limit_of_misses_follows_the_total)
{
    ck_assert_uint_eq(membership_miss_limit(8, 8), 1);
    ck_assert_uint_eq(membership_miss_limit(9, 8), 1);
    unsigned before = 1;
    for (size_t total = 9; total <= 10000; total += 1 + total / 10) {
        unsigned limit = membership_miss_limit(8, total);
        ck_assert_uint_ge(limit, before);
        before = limit;
    }
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_loop_test(cases, failures_keep_everything, 0, 7);
    tcase_add_loop_test(cases, nothing_is_believed_after_hold, 0, 3);
    tcase_add_test(cases, silence_does_not_end_a_hold);
    tcase_add_test(cases, a_good_answer_ends_a_hold);
    tcase_add_test(cases, a_held_address_leaves_by_its_first_failure);
    tcase_add_test(cases, a_whole_answer_replaces);
    tcase_add_test(cases, a_great_loss_must_be_confirmed);
    tcase_add_test(cases, a_loss_that_was_a_mistake_changes_nothing);
    tcase_add_test(cases, a_replacement_of_all_adds_at_once);
    tcase_add_test(cases, a_truncated_answer_only_adds);
    tcase_add_test(cases, chance_expels_in_less_than_one_run_of_a_hundred);
    tcase_add_test(cases, a_dead_address_leaves_by_its_first_failure_while_absent);
    tcase_add_test(cases, a_removed_address_is_expelled_in_the_end);
    tcase_add_test(cases, the_limit_of_misses_follows_the_total);
}

int main(void)
{
    return suite_run("discovery/membership", add);
}
