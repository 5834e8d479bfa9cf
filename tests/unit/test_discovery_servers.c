/* resolv.conf(5), the order in which servers are asked, and what is remembered of answers. */
#include "discovery/servers.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ring.h"
#include "discovery/history.h"
#include "discovery/journal.h"
#include "discovery/resolv_conf.h"
#include "suite.h"

#define SEC USEC_PER_SEC

/* --- resolv.conf --------------------------------------------------------------------------------
 */

static const char *servers_of(const char *text)
{
    static char shown[1024];
    struct resolv_conf conf;
    size_t end = 0;
    shown[0] = '\0';
    resolv_conf_parse(text, strlen(text), &conf);
    for (size_t i = 0; i < conf.server_count; i++) {
        char address[ADDRESS_TEXT_MAX];
        end += (size_t)sprintf(shown + end, "%s ", address_format(&conf.servers[i], address));
    }
    for (size_t i = 0; i < conf.search_count; i++)
        end += (size_t)sprintf(shown + end, "%s ", conf.search[i]);
    sprintf(shown + end, "%u %u %u %d", conf.ndots, conf.timeout, conf.attempts, conf.rotate);
    resolv_conf_clear(&conf);
    return shown;
}

START_TEST(what_resolv_conf_says)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"", "1 0 0 0"},
        {"nameserver 10.0.0.2\n", "10.0.0.2:53 1 0 0 0"},
        {"# a\n; b\n\n nameserver\t10.0.0.2 # c\r\nnameserver fd00::1",
         "10.0.0.2:53 [fd00::1]:53 1 0 0 0"},
        {"nameserver fe80::1%1\nnameserver nonsense\n", "[fe80::1%1]:53 1 0 0 0"},
        {"search A.test b.TEST.\n", "a.test b.test 1 0 0 0"},
        {"search a.test\ndomain c.test\n", "c.test 1 0 0 0"},
        {"domain c.test\nsearch a.test b.test\n", "a.test b.test 1 0 0 0"},
        {"search a.test. . a.. .a a..b b\n", "a.test b 1 0 0 0"}, /* what is no name is none */
        {"search 0123456789012345678901234567890123456789012345678901234567890123 b\n",
         "b 1 0 0 0"},
        {"options ndots:5 timeout:2 attempts:3 rotate edns0\n", "5 2 3 1"},
        {"options ndots:99 timeout:999 attempts:99\n", "15 30 5 0"},
        {"options ndots:0 timeout: attempts:x\n", "0 0 0 0"},
        {"nameserver 1.1.1.1\nnameserver 1.1.1.2\nnameserver 1.1.1.3\nnameserver 1.1.1.4\n"
         "nameserver 1.1.1.5\nnameserver 1.1.1.6\nnameserver 1.1.1.7\nnameserver 1.1.1.8\n"
         "nameserver 1.1.1.9\n",
         "1.1.1.1:53 1.1.1.2:53 1.1.1.3:53 1.1.1.4:53 1.1.1.5:53 1.1.1.6:53 1.1.1.7:53 1.1.1.8:53 "
         "1 0 0 0"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        ck_assert_str_eq(servers_of(rows[i].text), rows[i].want);
}
END_TEST

static const char *candidates(const struct resolv_conf *conf, const char *name, bool search)
{
    static char shown[2048];
    char text[RESOLV_CONF_NAME_MOST + 1];
    shown[0] = '\0';
    for (size_t n = 0; resolv_conf_candidate(conf, name, search, n, text); n++) {
        strcat(shown, *text ? text : "-");
        strcat(shown, " ");
    }
    return shown;
}

START_TEST(which_names_are_asked_for)
{
    static const char text[] = "search a.test b.test\noptions ndots:2\n";
    struct resolv_conf conf;
    char name[RESOLV_CONF_NAME_MOST + 1];
    resolv_conf_parse(text, sizeof text - 1, &conf);
    ck_assert_str_eq(candidates(&conf, "x", false), "x ");
    ck_assert_str_eq(candidates(&conf, "x", true), "x.a.test x.b.test x ");
    ck_assert_str_eq(candidates(&conf, "x.y", true), "x.y.a.test x.y.b.test x.y ");
    ck_assert_str_eq(candidates(&conf, "x.y.z", true), "x.y.z x.y.z.a.test x.y.z.b.test ");
    memset(name, 'n', 250);
    name[250] = '\0';
    ck_assert_ptr_eq(strstr(candidates(&conf, name, true), "- - n"), candidates(&conf, name, true));
    resolv_conf_clear(&conf);
}
END_TEST

START_TEST(a_file_that_is_not_there)
{
    struct resolv_conf conf;
    ck_assert_int_lt(resolv_conf_read("/nonexistent/resolv.conf", &conf), 0);
    ck_assert_uint_eq(conf.server_count, 0);
    ck_assert_uint_eq(conf.ndots, 1);
    resolv_conf_clear(&conf);
}
END_TEST

/* --- servers ------------------------------------------------------------------------------------
 */

static struct event_base *base;
static struct servers *servers;

static struct address nth(unsigned n)
{
    struct in_addr ip = {.s_addr = htonl(0x7f000001u + n)};
    return address_ipv4(&ip, 53);
}

static void open_servers(size_t count, bool rotate)
{
    struct address addresses[8];
    struct servers_manner manner = {.timeout = SEC, .rounds = 2, .rotate = rotate};
    for (unsigned i = 0; i < count; i++)
        addresses[i] = nth(i);
    base = event_base_new();
    ck_assert_int_eq(servers_new(base, addresses, count, &manner, &servers), 0);
    ck_assert(servers_are(servers, addresses, count));
    ck_assert(!servers_are(servers, addresses, count - 1));
}

static void close_servers(void)
{
    servers_free(servers);
    event_base_free(base);
}

START_TEST(the_first_goes_first_and_comes_back)
{
    usec_t now = 1000 * SEC;
    open_servers(3, false);
    ck_assert_uint_eq(servers_first(servers, now), 0);
    servers_blame(servers, 0, now);
    servers_blame(servers, 0, now + 1); /* under way together: once */
    ck_assert_uint_eq(servers_first(servers, now + 4 * SEC), 1);
    ck_assert_uint_eq(servers_first(servers, now + 6 * SEC), 0);
    servers_blame(servers, 0, now + 6 * SEC); /* still: twice as long */
    ck_assert_uint_eq(servers_first(servers, now + 15 * SEC), 1);
    ck_assert_uint_eq(servers_first(servers, now + 18 * SEC), 0);
    servers_praise(servers, 0);
    servers_blame(servers, 0, now + 20 * SEC);
    ck_assert_uint_eq(servers_first(servers, now + 26 * SEC), 0);
    close_servers();
}
END_TEST

START_TEST(blame_lasts_a_minute_at_most)
{
    usec_t now = 1000 * SEC;
    open_servers(2, false);
    for (int i = 0; i < 20; i++) {
        servers_blame(servers, 0, now);
        ck_assert_uint_eq(servers_first(servers, now + SEC), 1);
        now += 67 * SEC;
        ck_assert_uint_eq(servers_first(servers, now), 0);
    }
    close_servers();
}
END_TEST

START_TEST(when_all_are_blamed_the_earliest_is_asked)
{
    usec_t now = 1000 * SEC;
    open_servers(3, false);
    servers_blame(servers, 1, now);
    servers_blame(servers, 2, now + SEC);
    servers_blame(servers, 0, now + 2 * SEC);
    ck_assert_uint_eq(servers_first(servers, now + 2 * SEC), 1);
    close_servers();
}
END_TEST

START_TEST(rotate_begins_elsewhere_each_time)
{
    open_servers(3, true);
    for (size_t i = 0; i < 7; i++)
        ck_assert_uint_eq(servers_first(servers, SEC), i % 3);
    servers_blame(servers, 1, SEC);
    ck_assert_uint_eq(servers_first(servers, SEC), 2); /* whose turn it would be is passed over */
    close_servers();
}
END_TEST

START_TEST(another_list_takes_the_place)
{
    struct address other = nth(9), none = {0};
    struct servers_manner manner = {.timeout = 2 * SEC, .rounds = 5};
    open_servers(3, false);
    ck_assert_int_lt(servers_replace(servers, &none, 1, &manner), 0); /* changes nothing */
    ck_assert_uint_eq(servers_count(servers), 3);
    ck_assert_int_eq(servers_replace(servers, &other, 1, &manner), 0);
    ck_assert_uint_eq(servers_count(servers), 1);
    ck_assert_uint_eq(servers_rounds(servers), 5);
    ck_assert(address_equal(servers_address(servers, 0), &other));
    close_servers();
}
END_TEST

/* --- what is remembered
 * --------------------------------------------------------------------------- */

START_TEST(a_ring_keeps_the_newest)
{
    struct ring ring = {0};
    bool reused;
    for (int i = 0; i < 250; i++) {
        int *place = ring_push(&ring, sizeof *place, 100, &reused);
        ck_assert(reused == (i >= 100));
        ck_assert_int_eq(*place, reused ? i - 100 : 0);
        *place = i;
        for (size_t n = 0; n < ring.count; n += 7)
            ck_assert_int_eq(*(int *)ring_item(&ring, sizeof(int), n), i - (int)n);
    }
    ck_assert_uint_eq(ring.count, 100);
    ring_clear(&ring);
}
END_TEST

START_TEST(the_journal_knows_the_last_change)
{
    struct journal journal = {0};
    struct record record = record_of(nth(1)), other = record_of(nth(2));
    ck_assert_ptr_null(journal_find(&journal, &record));
    journal_note(&journal, CHANGE_ADDED, &record, 1);
    journal_note(&journal, CHANGE_ADDED, &other, 2);
    journal_note(&journal, CHANGE_GONE_FAILED, &record, 3);
    ck_assert_int_eq(journal_find(&journal, &record)->change, CHANGE_GONE_FAILED);
    ck_assert_int_eq(journal_find(&journal, &other)->when, 2);
    for (int i = 0; i < JOURNAL_MOST; i++)
        journal_note(&journal, CHANGE_HELD, &other, 10 + i);
    ck_assert_uint_eq(journal.entries.count, JOURNAL_MOST);
    ck_assert_ptr_null(journal_find(&journal, &record));
    ck_assert_int_eq(journal_entry(&journal, 0)->when, 9 + JOURNAL_MOST);
    for (int change = CHANGE_ADDED; change <= CHANGE_GONE_FAILED; change++)
        ck_assert_ptr_nonnull(strchr(change_text((enum change)change), ':'));
    journal_clear(&journal);
}
END_TEST

START_TEST(equal_answers_are_one_entry)
{
    struct history history = {0};
    struct record record = record_of(nth(1));
    struct answer answer = {.outcome = ANSWER_RECORDS, .ttl = 5, .records = &record, .count = 1};
    struct reply reply = {.answer = &answer, .source = REPLY_SERVER, .server = nth(7)};
    for (int i = 0; i < 1000; i++)
        ck_assert(history_note(&history, &reply, SEC, WAIT_TTL, i) == (i == 0));
    ck_assert_uint_eq(history.entries.count, 1);
    ck_assert_uint_eq(history_entry(&history, 0)->repeats, 1000);
    ck_assert_int_eq(history_entry(&history, 0)->last, 999);
    record = record_of(nth(2));
    ck_assert(history_note(&history, &reply, SEC, WAIT_TTL, 1000));
    answer.outcome = ANSWER_TIMEOUT;
    answer.count = 0;
    ck_assert(history_note(&history, &reply, SEC, WAIT_BACKOFF, 1001));
    ck_assert_uint_eq(history.entries.count, 3);
    ck_assert_int_eq(history_entry(&history, 0)->outcome, ANSWER_TIMEOUT);
    ck_assert_int_eq(history_entry(&history, 2)->first, 0);
    for (uint32_t i = 0; i < 300; i++) {
        answer.ttl = i;
        history_note(&history, &reply, SEC, WAIT_BACKOFF, 2000 + i);
    }
    ck_assert_uint_eq(history.entries.count, HISTORY_MOST);
    ck_assert_uint_eq(history_entry(&history, HISTORY_MOST - 1)->ttl, 200);
    history_clear(&history);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, what_resolv_conf_says);
    tcase_add_test(cases, which_names_are_asked_for);
    tcase_add_test(cases, a_file_that_is_not_there);
    tcase_add_test(cases, the_first_goes_first_and_comes_back);
    tcase_add_test(cases, blame_lasts_a_minute_at_most);
    tcase_add_test(cases, when_all_are_blamed_the_earliest_is_asked);
    tcase_add_test(cases, rotate_begins_elsewhere_each_time);
    tcase_add_test(cases, another_list_takes_the_place);
    tcase_add_test(cases, a_ring_keeps_the_newest);
    tcase_add_test(cases, the_journal_knows_the_last_change);
    tcase_add_test(cases, equal_answers_are_one_entry);
}

int main(void)
{
    return suite_run("discovery/servers", add);
}
