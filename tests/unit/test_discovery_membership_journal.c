/* SRV records as members, samples out of a cache, and the journal of who came and went. */
#include "discovery/membership.h"

#include <stdio.h>

#include "base/random.h"
#include "change_rig.h"
#include "suite.h"

#define SECOND USEC_PER_SEC
#define POOL_MAX 200
#define SAMPLE 8

static const struct membership_rules rules = {.hold = 30 * SECOND, .sample_size = SAMPLE};

static struct membership membership;
static struct record buffer[POOL_MAX];
static char names[POOL_MAX][32];

/* Makes the records SRV ones where it is set; otherwise addresses. */
static bool srv;

static struct record nth_record(unsigned n)
{
    struct in_addr ip = {.s_addr = htonl(0x0a000000u + n)};
    if (!srv)
        return record_of(address_ipv4(&ip, 0));
    snprintf(names[n], sizeof names[n], "t%u.test", n / 2); /* two ports a target */
    return (struct record){
        .type = DNS_TYPE_SRV, .target = names[n], .port = (uint16_t)(80 + n % 2), .priority = 1};
}

static enum membership_event take(struct answer *answer, usec_t now)
{
    answer_sort(answer);
    return membership_take(&membership, &rules, answer, now);
}

/* An answer that names the records from…to-1. */
static enum membership_event take_range(unsigned from, unsigned to, usec_t now)
{
    struct answer answer = {.outcome = ANSWER_RECORDS, .ttl = 10, .records = buffer};
    for (unsigned n = from; n < to; n++)
        buffer[answer.count++] = nth_record(n);
    return take(&answer, now);
}

static enum membership_event take_outcome(enum answer_outcome outcome, usec_t now)
{
    struct answer answer = {.outcome = outcome, .ttl = ANSWER_TTL_UNKNOWN};
    return membership_take(&membership, &rules, &answer, now);
}

static const struct member *find(unsigned n)
{
    struct record record = nth_record(n);
    return membership_find(&membership, &record);
}

static bool fails(unsigned n, usec_t now)
{
    struct record record = nth_record(n);
    return membership_connect_failed(&membership, &record, now);
}

static void teardown(void)
{
    membership_clear(&membership);
}

/* --- the journal ---------------------------------------------------------------------------- */

static void ck_last(unsigned n, enum change change, usec_t when)
{
    struct record record = nth_record(n);
    const struct journal_entry entry = change_of(&membership, &record);
    ck_assert_str_eq(change_text(entry.change), change_text(change));
    ck_assert_int_eq(entry.when, when);
}

static void ck_entries(size_t count)
{
    ck_assert_uint_eq(membership_changes(&membership), count);
}

START_TEST(a_whole_answer_adds_and_removes)
{
    srv = _i;
    take_range(0, 4, 1);
    ck_entries(4);
    ck_last(0, CHANGE_ADDED, 1);
    take_range(0, 4, 2); /* nothing new */
    ck_entries(4);
    take_range(1, 5, 3);
    ck_entries(6);
    ck_last(0, CHANGE_GONE_ABSENT, 3);
    ck_last(4, CHANGE_ADDED, 3);
    take_range(0, 5, 4);
    ck_last(0, CHANGE_ADDED, 4);
    ck_assert_int_eq(find(0)->since, 4);
    ck_assert_int_eq(find(1)->since, 1);
    ck_assert_int_eq(find(1)->seen, 4);
}
END_TEST

static void ck_founder(size_t n, const struct record *record)
{
    const struct journal_entry entry = membership_change(&membership, n);
    ck_assert_int_eq(record_compare(&entry.record, record), 0);
    ck_assert_int_eq(entry.change, CHANGE_ADDED);
    ck_assert_int_eq(entry.when, 1);
}

/* That they came is not written down until something else is, and told all the same. */
START_TEST(founders_are_told_in_order)
{
    struct record founders[120]; /* with targets of the members' */
    srv = _i;
    take_range(0, 120, 1);
    for (size_t i = 0; i < COUNT_OF(founders); i++)
        founders[i] = membership.members[i].record;
    ck_assert_uint_eq(membership.journal.entries.count, 0);
    ck_entries(JOURNAL_MOST);
    for (size_t n = 0; n < JOURNAL_MOST; n++)
        ck_founder(n, &founders[119 - n]);
    take_range(0, 121, 2);
    ck_entries(JOURNAL_MOST);
    ck_last(120, CHANGE_ADDED, 2);
    for (size_t n = 1; n < JOURNAL_MOST; n++)
        ck_founder(n, &founders[120 - n]);
}
END_TEST

START_TEST(a_hold_that_ends)
{
    srv = _i;
    take_range(0, 2, SECOND);
    take_outcome(ANSWER_NO_SERVICE, 2 * SECOND);
    ck_last(1, CHANGE_HELD, 2 * SECOND);
    take_outcome(ANSWER_NXDOMAIN, 3 * SECOND); /* noted once */
    ck_entries(4);
    ck_assert(fails(0, 4 * SECOND));
    ck_last(0, CHANGE_GONE_FAILED, 4 * SECOND);
    take_outcome(ANSWER_EMPTY, 32 * SECOND);
    ck_last(1, CHANGE_GONE_HOLD_ENDED, 32 * SECOND);
    ck_assert_uint_eq(membership.count, 0);
    take_outcome(ANSWER_EMPTY, 33 * SECOND);
    ck_entries(6);
}
END_TEST

START_TEST(a_hold_that_is_cleared)
{
    srv = _i;
    take_range(0, 2, SECOND);
    take_outcome(ANSWER_NXDOMAIN, 2 * SECOND);
    ck_assert_int_eq(find(0)->state, MEMBER_HELD);
    take_range(0, 2, 3 * SECOND);
    ck_last(0, CHANGE_CLEARED, 3 * SECOND);
    ck_assert_int_eq(find(0)->state, MEMBER_PRESENT);
    ck_assert_int_eq(find(0)->since, SECOND);
}
END_TEST

START_TEST(a_shrink_that_is_confirmed)
{
    srv = _i;
    take_range(0, 6, 1);
    ck_assert_int_eq(take_range(0, 2, 2), EVENT_SHRINK);
    ck_last(5, CHANGE_SUSPECT, 2);
    take_outcome(ANSWER_SERVFAIL, 3);
    ck_last(5, CHANGE_SUSPECT, 2);
    ck_assert(fails(4, 4));
    ck_last(4, CHANGE_GONE_FAILED, 4);
    take_range(0, 2, 5);
    ck_last(5, CHANGE_GONE_CONFIRMED, 5);
    ck_assert_uint_eq(membership.count, 2);
}
END_TEST

START_TEST(a_shrink_that_was_none)
{
    srv = _i;
    take_range(0, 6, 1);
    take_range(0, 2, 2);
    take_range(0, 6, 3);
    ck_last(5, CHANGE_CLEARED, 3);
    ck_assert_uint_eq(membership.count, 6);
    ck_entries(6 + 4 + 4);
}
END_TEST

START_TEST(a_sample_that_lacks_one_for_too_long)
{
    srv = _i;
    usec_t now = SECOND;
    take_range(0, 9, now);
    unsigned limit = 0;
    while (find(8)) {
        now += 100 * SECOND;
        ck_assert_int_eq(take_range(0, 8, now), EVENT_SAMPLE);
        limit++;
        ck_assert_uint_eq(membership.miss_limit, membership_miss_limit(8, 9));
    }
    ck_assert_uint_eq(limit, membership_miss_limit(8, 9));
    ck_assert_uint_gt(limit, 1);
    ck_last(8, CHANGE_GONE_MISSED, now);
}
END_TEST

START_TEST(a_part_removes_nobody)
{
    struct answer answer = {
        .outcome = ANSWER_RECORDS, .ttl = 10, .records = buffer, .count = 1, .truncated = true};
    srv = _i;
    take_range(0, 3, 1);
    buffer[0] = nth_record(3);
    ck_assert_int_eq(take(&answer, 2), EVENT_PART);
    ck_assert_uint_eq(membership.count, 4);
    ck_entries(4);
    ck_assert_int_eq(find(0)->state, MEMBER_ABSENT);
}
END_TEST

/* --- SRV ---------------------------------------------------------------------------------------
 */

START_TEST(priority_and_weight_are_refreshed)
{
    srv = true;
    take_range(0, 3, 1);
    struct answer answer = {.outcome = ANSWER_RECORDS, .records = buffer, .count = 3};
    for (unsigned n = 0; n < 3; n++) {
        buffer[n] = nth_record(n);
        buffer[n].priority = (uint16_t)(10 + n);
        buffer[n].weight = (uint16_t)(20 + n);
    }
    ck_assert_int_eq(take(&answer, 2), EVENT_WHOLE);
    ck_entries(3); /* nobody came or went */
    for (unsigned n = 0; n < 3; n++) {
        ck_assert_uint_eq(find(n)->record.priority, 10 + n);
        ck_assert_uint_eq(find(n)->record.weight, 20 + n);
        ck_assert_int_eq(find(n)->since, 1);
    }
}
END_TEST

START_TEST(another_port_is_another_member)
{
    srv = true;
    take_range(0, 1, 1);
    take_range(1, 2, 2); /* the same target */
    ck_assert_uint_eq(membership.count, 2);
    ck_assert_int_eq(find(0)->state, MEMBER_SUSPECT);
    ck_assert(fails(0, 3));
    ck_assert(!fails(1, 3));
    ck_assert_uint_eq(membership.count, 1);
}
END_TEST

START_TEST(targets_are_copied)
{
    srv = true;
    take_range(0, 4, 1);
    struct record record = nth_record(0);
    char saved = names[0][0];
    const char *own = find(0)->record.target;
    ck_assert_ptr_ne(own, record.target);
    names[0][0] = 'x';
    ck_assert_str_eq(own, "t0.test");
    names[0][0] = saved;
}
END_TEST

/* --- samples, fresh and out of a cache ----------------------------------------------------------
 */

START_TEST(the_same_sample_again_counts_no_miss)
{
    srv = _i;
    take_range(0, 10, SECOND);
    take_range(0, 8, 100 * SECOND); /* TTL 10 */
    ck_assert_uint_eq(find(9)->misses, 1);
    for (usec_t now = 101 * SECOND; now < 110 * SECOND; now += SECOND / 10)
        ck_assert_int_eq(take_range(0, 8, now), EVENT_SAMPLE);
    ck_assert_uint_eq(find(9)->misses, 1);
    ck_assert_int_eq(find(9)->state, MEMBER_ABSENT);
    ck_assert_int_eq(find(0)->seen, 110 * SECOND - SECOND / 10);
    take_range(0, 8, 110 * SECOND); /* its TTL is over: another sample, by chance the same */
    ck_assert_uint_eq(find(9)->misses, 2);
    take_range(1, 9, 111 * SECOND); /* another one within the TTL */
    ck_assert_uint_eq(find(9)->misses, 3);
    ck_assert_uint_eq(find(8)->misses, 0);
    ck_assert_uint_eq(find(0)->misses, 1);
    take_range(0, 8, 112 * SECOND); /* and the first one again, which is no repetition now */
    ck_assert_uint_eq(find(9)->misses, 4);
}
END_TEST

START_TEST(a_repetition_does_not_save_who_fails)
{
    take_range(0, 10, SECOND);
    take_range(0, 8, 100 * SECOND);
    take_range(0, 8, 101 * SECOND);
    ck_assert(fails(9, 102 * SECOND));
    take_range(0, 8, 103 * SECOND);
    ck_assert_uint_eq(membership.count, 9);
}
END_TEST

/* A zone of `total` live records that answers 8 at random, asked through a cache that gives each
 * answer `reuse` times. Returns whether a record that was seen was ever missing from the set. */
static bool run_loses_one(unsigned total, unsigned samples, unsigned reuse)
{
    unsigned pool[POOL_MAX];
    bool seen[POOL_MAX] = {false}, lost = false;
    size_t known = 0;
    usec_t now = SECOND;
    membership_clear(&membership);
    for (unsigned n = 0; n < total; n++)
        pool[n] = n;
    for (unsigned t = 0; t < samples && !lost; t++) {
        for (unsigned i = 0; i < SAMPLE; i++) {
            unsigned j = i + random_below(total - i), swapped = pool[i];
            pool[i] = pool[j];
            pool[j] = swapped;
            known += !seen[pool[i]];
            seen[pool[i]] = true;
        }
        for (unsigned i = 0; i < reuse; i++, now += SECOND) {
            struct answer answer = {.outcome = ANSWER_RECORDS, .ttl = reuse - i, .records = buffer};
            while (answer.count < SAMPLE) {
                buffer[answer.count] = nth_record(pool[answer.count]);
                answer.count++;
            }
            take(&answer, now);
        }
        lost = membership.count < known;
    }
    return lost;
}

/* One run in a hundred may lose a live record: of 300 runs 3. */
static void ck_runs(unsigned seed, unsigned reuse)
{
    int lost = 0;
    random_seed(seed);
    for (int run = 0; run < 300; run++)
        lost += run_loses_one(SAMPLE + random_below(POOL_MAX - SAMPLE + 1), 200, reuse);
    ck_assert_int_le(lost, 3);
}

START_TEST(chance_expels_srv_records_no_more_often)
{
    srv = true;
    ck_runs(20261122, 1);
}
END_TEST

START_TEST(a_cache_does_not_expel)
{
    ck_runs(20261123, 5);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, NULL, teardown);
    tcase_add_loop_test(cases, a_whole_answer_adds_and_removes, 0, 2);
    tcase_add_loop_test(cases, founders_are_told_in_order, 0, 2);
    tcase_add_loop_test(cases, a_hold_that_ends, 0, 2);
    tcase_add_loop_test(cases, a_hold_that_is_cleared, 0, 2);
    tcase_add_loop_test(cases, a_shrink_that_is_confirmed, 0, 2);
    tcase_add_loop_test(cases, a_shrink_that_was_none, 0, 2);
    tcase_add_loop_test(cases, a_sample_that_lacks_one_for_too_long, 0, 2);
    tcase_add_loop_test(cases, a_part_removes_nobody, 0, 2);
    tcase_add_test(cases, priority_and_weight_are_refreshed);
    tcase_add_test(cases, another_port_is_another_member);
    tcase_add_test(cases, targets_are_copied);
    tcase_add_loop_test(cases, the_same_sample_again_counts_no_miss, 0, 2);
    tcase_add_test(cases, a_repetition_does_not_save_who_fails);
    tcase_add_test(cases, chance_expels_srv_records_no_more_often);
    tcase_add_test(cases, a_cache_does_not_expel);
}

int main(void)
{
    return suite_run("discovery/membership and its journal", add);
}
