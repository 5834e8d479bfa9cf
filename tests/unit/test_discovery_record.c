/* Records, and what is remembered of them: the journal of changes, the history of answers and the
 * last good one. */
#include "discovery/record.h"

#include <stdlib.h>
#include <string.h>

#include "discovery/history.h"
#include "discovery/journal.h"
#include "discovery/kept.h"
#include "suite.h"

#define SECOND USEC_PER_SEC

static struct record address_record(const char *ip)
{
    struct address address;
    ck_assert(address_parse_ip(ip, 0, &address));
    return record_of(address);
}

static struct record nth_record(unsigned n)
{
    struct in_addr ip = {.s_addr = htonl(0x0a000000u + n)};
    return record_of(address_ipv4(&ip, 0));
}

static struct record srv(char *target, uint16_t port, uint16_t priority, uint16_t weight)
{
    return (struct record){.type = DNS_TYPE_SRV,
                           .target = target,
                           .port = port,
                           .priority = priority,
                           .weight = weight};
}

/* --- the last good answer ----------------------------------------------------------------------
 */

/* What comes back names the same, in order. */
static void expect_kept(const struct kept *kept, enum dns_type type, const struct answer *answer)
{
    struct answer again;
    ck_assert(kept_answer(kept, type, &again));
    ck_assert_int_eq(again.outcome, ANSWER_RECORDS);
    ck_assert_uint_eq(again.ttl, answer->ttl);
    ck_assert_int_eq(again.truncated, answer->truncated);
    ck_assert_uint_eq(again.refused, 0);
    ck_assert_uint_eq(again.extra_count, 0);
    ck_assert_uint_eq(again.count, answer->count);
    for (size_t i = 0; i < again.count; i++) {
        ck_assert_int_eq(record_compare(&again.records[i], &answer->records[i]), 0);
        ck_assert_uint_eq(again.records[i].priority, answer->records[i].priority);
        ck_assert_uint_eq(again.records[i].weight, answer->records[i].weight);
    }
    answer_clear(&again);
}

START_TEST(the_last_good_answer_comes_back)
{
    char a[] = "a.test", b[] = "b.test";
    struct record ipv4[] = {nth_record(1), nth_record(2), nth_record(0xff)};
    struct record ipv6[] = {address_record("fd00::1"), address_record("fd00::1:0:0:1")};
    struct record services[] = {srv(a, 80, 9, 8), srv(b, 443, 1, 0)};
    const struct {
        enum dns_type type;
        struct record *records;
        size_t count;
    } rows[] = {{DNS_TYPE_A, ipv4, 3}, {DNS_TYPE_AAAA, ipv6, 2}, {DNS_TYPE_SRV, services, 2}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct kept kept = {0};
        struct answer answer = {.outcome = ANSWER_RECORDS, .ttl = 7, .refused = 3};
        answer.records = rows[i].records;
        ck_assert(!kept_answer(&kept, rows[i].type, &answer));
        for (answer.count = rows[i].count; answer.count > 0; answer.count--) {
            kept_take(&kept, rows[i].type, &answer);
            expect_kept(&kept, rows[i].type, &answer);
            answer.truncated = !answer.truncated;
            answer.ttl++;
        }
        kept_clear(&kept, rows[i].type);
        ck_assert(!kept_answer(&kept, rows[i].type, &answer));
    }
}
END_TEST

/* --- records -----------------------------------------------------------------------------------
 */

START_TEST(order_and_text)
{
    char a[] = "a.test", b[] = "b.test", text[RECORD_TEXT_MAX];
    const struct record sorted[] = {srv(a, 80, 9, 9), srv(a, 443, 1, 1), srv(b, 80, 0, 0)};
    for (size_t i = 0; i < COUNT_OF(sorted); i++)
        for (size_t j = 0; j < COUNT_OF(sorted); j++) {
            int order = record_compare(&sorted[i], &sorted[j]);
            ck_assert_int_eq((order > 0) - (order < 0), (i > j) - (i < j));
        }
    struct record other = srv(a, 80, 1, 2);
    ck_assert_int_eq(record_compare(&sorted[0], &other), 0);
    ck_assert_str_eq(record_format(&sorted[1], text), "a.test:443");
    struct record ipv4 = address_record("10.0.0.1"), ipv6 = address_record("fd00::1");
    ck_assert_str_eq(record_format(&ipv4, text), "10.0.0.1");
    ck_assert_str_eq(record_format(&ipv6, text), "fd00::1");
    ck_assert_int_lt(record_compare(&ipv4, &ipv6), 0);
    ck_assert_str_eq(dns_type_name(DNS_TYPE_A), "A");
    ck_assert_str_eq(dns_type_name(DNS_TYPE_AAAA), "AAAA");
    ck_assert_str_eq(dns_type_name(DNS_TYPE_SRV), "SRV");
}
END_TEST

START_TEST(a_copy_has_a_target_of_its_own)
{
    char target[] = "a.test";
    struct record record = srv(target, 80, 1, 2), copy;
    ck_assert(record_copy(&copy, &record));
    target[0] = 'x';
    ck_assert_str_eq(copy.target, "a.test");
    ck_assert_uint_eq(copy.priority, 1);
    ck_assert_uint_eq(copy.weight, 2);
    record_clear(&copy);
    ck_assert_ptr_null(copy.target);
}
END_TEST

/* --- the journal ---------------------------------------------------------------------------- */

START_TEST(the_journal_keeps_the_newest)
{
    struct journal journal = {0};
    for (unsigned n = 1; n <= 250; n++) {
        struct record record = nth_record(n);
        journal_note(&journal, CHANGE_ADDED, &record, n * SECOND);
        unsigned count = n < JOURNAL_MOST ? n : JOURNAL_MOST;
        ck_assert_uint_eq(journal.entries.count, count);
        for (unsigned i = 0; i < count; i++)
            ck_assert_int_eq(journal_entry(&journal, i)->when, (n - i) * SECOND);
    }
    struct record last_kept = nth_record(151), first_lost = nth_record(150);
    ck_assert_ptr_nonnull(journal_find(&journal, &last_kept));
    ck_assert_ptr_null(journal_find(&journal, &first_lost));
    journal_clear(&journal);
}
END_TEST

START_TEST(the_newest_entry_of_a_record_is_found)
{
    struct journal journal = {0};
    struct record one = nth_record(1), two = nth_record(2);
    ck_assert_ptr_null(journal_find(&journal, &one));
    journal_note(&journal, CHANGE_ADDED, &one, 1);
    journal_note(&journal, CHANGE_ADDED, &two, 2);
    journal_note(&journal, CHANGE_HELD, &one, 3);
    ck_assert_int_eq(journal_find(&journal, &one)->change, CHANGE_HELD);
    ck_assert_int_eq(journal_find(&journal, &two)->when, 2);
    journal_clear(&journal);
    ck_assert_ptr_null(journal_find(&journal, &one));
}
END_TEST

/* Targets are copied, and freed when their place is taken (a leak is LeakSanitizer's to see). */
START_TEST(the_journal_owns_its_targets)
{
    struct journal journal = {0};
    char target[] = "a.test";
    for (uint16_t port = 1; port <= 300; port++) {
        struct record record = srv(target, port, 0, 0);
        journal_note(&journal, CHANGE_ADDED, &record, port);
    }
    target[0] = 'x';
    ck_assert_str_eq(journal_entry(&journal, 0)->record.target, "a.test");
    ck_assert_uint_eq(journal_entry(&journal, 99)->record.port, 201);
    journal_clear(&journal);
}
END_TEST

START_TEST(every_change_has_words_of_its_own)
{
    for (int a = CHANGE_ADDED; a <= CHANGE_GONE_FAILED; a++)
        for (int b = CHANGE_ADDED; b < a; b++)
            ck_assert_str_ne(change_text((enum change)a), change_text((enum change)b));
    ck_assert_str_eq(change_text(CHANGE_GONE_FAILED),
                     "gone: a connect to it failed, and the last answer lacked it");
    static const char *const reasons[] = {"ttl",          "min-ttl", "max-ttl",
                                          "confirmation", "backoff", "route"};
    for (size_t i = 0; i < COUNT_OF(reasons); i++)
        ck_assert_str_eq(wait_reason_name((enum wait_reason)i), reasons[i]);
}
END_TEST

/* --- the history -------------------------------------------------------------------------------
 */

static struct record the_records[2];
static struct answer the_answer;
static struct reply the_reply;
static enum wait_reason the_reason;

static void setup(void)
{
    the_records[0] = nth_record(1);
    the_records[1] = nth_record(2);
    the_answer =
        (struct answer){.outcome = ANSWER_RECORDS, .ttl = 60, .records = the_records, .count = 2};
    the_reply = (struct reply){.answer = &the_answer};
    the_reason = WAIT_TTL;
    ck_assert(address_parse_ip("127.0.0.53", 53, &the_reply.server));
}

static bool note(struct history *history, usec_t now)
{
    return history_note(history, &the_reply, SECOND, the_reason, now);
}

START_TEST(equal_answers_are_one_entry)
{
    struct history history = {0};
    ck_assert(note(&history, 10));
    for (usec_t now = 11; now < 1000; now++)
        ck_assert(!note(&history, now));
    ck_assert_uint_eq(history.entries.count, 1);
    const struct history_entry *entry = history_entry(&history, 0);
    ck_assert_int_eq(entry->first, 10);
    ck_assert_int_eq(entry->last, 999);
    ck_assert_uint_eq(entry->repeats, 990);
    ck_assert_uint_eq(entry->count, 2);
    ck_assert_uint_eq(entry->ttl, 60);
    ck_assert_int_eq(entry->wait, SECOND);
    ck_assert(address_equal(&entry->server, &the_reply.server));
    ck_assert_int_eq(entry->outcome, ANSWER_RECORDS);
    history_clear(&history);
    ck_assert_uint_eq(history.entries.count, 0);
}
END_TEST

static void change(int what)
{
    switch (what) {
    case 0:
        the_answer.ttl = 61;
        break;
    case 1:
        the_answer.outcome = ANSWER_NXDOMAIN;
        break;
    case 2:
        the_answer.count = 1;
        break;
    case 3:
        the_records[1] = nth_record(3);
        break;
    case 4:
        the_answer.truncated = true;
        break;
    case 5:
        the_answer.refused = 1;
        break;
    case 6:
        the_answer.ttl_origin = TTL_OF_CNAME;
        break;
    case 7:
        the_reply.source = REPLY_HOSTS;
        break;
    case 8:
        address_set_port(&the_reply.server, 54);
        break;
    case 9:
        the_reason = WAIT_BACKOFF;
        break;
    case 10:
        the_records[0].weight = 1;
        break;
    default:
        the_records[0].priority = 1;
        break;
    }
}

START_TEST(any_difference_is_another_entry)
{
    struct history history = {0};
    note(&history, 1);
    change(_i);
    ck_assert(note(&history, 2));
    ck_assert_uint_eq(history.entries.count, 2);
    ck_assert_int_eq(history_entry(&history, 0)->first, 2);
    ck_assert_int_eq(history_entry(&history, 1)->first, 1);
    ck_assert_uint_eq(history_entry(&history, 1)->repeats, 1);
    history_clear(&history);
}
END_TEST

/* "ab" and "c" are not "a" and "bc". */
START_TEST(targets_that_run_together_differ)
{
    char one[] = "ab.test", other[] = "a", last[] = "b.test";
    struct history history = {0};
    the_records[0] = srv(one, 1, 0, 0);
    the_records[1] = srv(other, 1, 0, 0);
    note(&history, 1);
    the_records[0] = srv(other, 1, 0, 0);
    the_records[1] = srv(last, 1, 0, 0);
    ck_assert(note(&history, 2));
    history_clear(&history);
}
END_TEST

START_TEST(the_history_keeps_the_newest_hundred)
{
    struct history history = {0};
    for (uint32_t ttl = 1; ttl <= 250; ttl++) {
        the_answer.ttl = ttl;
        ck_assert(note(&history, ttl));
        ck_assert(!note(&history, ttl));
    }
    ck_assert_uint_eq(history.entries.count, HISTORY_MOST);
    for (uint32_t n = 0; n < HISTORY_MOST; n++) {
        ck_assert_uint_eq(history_entry(&history, n)->ttl, 250 - n);
        ck_assert_uint_eq(history_entry(&history, n)->repeats, 2);
    }
    history_clear(&history);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, setup, NULL);
    tcase_add_test(cases, order_and_text);
    tcase_add_test(cases, the_last_good_answer_comes_back);
    tcase_add_test(cases, a_copy_has_a_target_of_its_own);
    tcase_add_test(cases, the_journal_keeps_the_newest);
    tcase_add_test(cases, the_newest_entry_of_a_record_is_found);
    tcase_add_test(cases, the_journal_owns_its_targets);
    tcase_add_test(cases, every_change_has_words_of_its_own);
    tcase_add_test(cases, equal_answers_are_one_entry);
    tcase_add_loop_test(cases, any_difference_is_another_entry, 0, 12);
    tcase_add_test(cases, targets_that_run_together_differ);
    tcase_add_test(cases, the_history_keeps_the_newest_hundred);
}

int main(void)
{
    return suite_run("discovery/record", add);
}
