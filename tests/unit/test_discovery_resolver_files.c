/* What resolv.conf(5), hosts(5) and the host's interfaces have to say about a question. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "discovery/resolver.h"
#include "discovery/servers.h"
#include "dns_message.h"
#include "dns_server.h"
#include "files.h"
#include "route_rig.h"
#include "suite.h"
#include "turn.h"

#define SECOND USEC_PER_SEC
#define SERVERS 2
#define CONF "resolv.conf"
#define HOSTS "hosts"

static struct event_base *base;
static struct dns_server *dns[SERVERS];
static struct resolver *resolver;
static struct servers *servers; /* the ones of `dns` */
static int rereads, reread_error;

/* What the callback was told. */
struct result {
    int calls;
    enum answer_outcome outcome;
    enum reply_source source;
    size_t count;
    char asked[256];
};

static void on_answer(void *arg, const struct reply *reply)
{
    struct result *result = arg;
    result->calls++;
    result->outcome = reply->answer->outcome;
    result->source = reply->source;
    result->count = reply->answer->count;
    snprintf(result->asked, sizeof result->asked, "%s", reply->asked);
}

static void on_reread(void *arg, int error)
{
    (void)arg;
    rereads++;
    reread_error = error;
}

static void setup(void)
{
    files_begin();
    base = event_base_new();
    for (size_t i = 0; i < SERVERS; i++)
        dns[i] = dns_server_new(base);
}

static void teardown(void)
{
    resolver_free(resolver);
    for (size_t i = 0; i < SERVERS; i++)
        dns_server_free(dns[i]);
    event_base_free(base);
    libevent_global_shutdown();
    clock_release();
    files_end();
}

/* A resolver with this resolv.conf, which asks the first `count` of `dns`. */
static void begin(const char *conf, size_t count)
{
    struct address addresses[SERVERS];
    for (size_t i = 0; i < count; i++)
        addresses[i] = *dns_server_address(dns[i]);
    files_write(CONF, conf);
    ck_assert_int_eq(resolver_new_with_files(base, 512, HOSTS, CONF, &resolver), 0);
    ck_assert_int_eq(resolver_servers(resolver, addresses, count, &servers), 0);
    resolver_on_reread(resolver, on_reread, NULL);
}

static void start(const struct question *question, struct result *result)
{
    struct query *query;
    *result = (struct result){.calls = 0};
    ck_assert_int_eq(resolver_ask(resolver, question, on_answer, result, &query), 0);
}

static bool is_called(void *arg)
{
    return ((struct result *)arg)->calls > 0;
}

static void wait_for(struct result *result)
{
    ck_assert(turn_until(base, is_called, result, 10000));
}

/* Asks and waits for the end. Returns how long it took on a clock that goes. */
static void ask(const struct question *question, struct result *result)
{
    start(question, result);
    wait_for(result);
}

static struct result searched(const char *name, enum dns_type type)
{
    struct question question = {.servers = servers, .name = name, .type = type, .search = true};
    struct result result;
    ask(&question, &result);
    return result;
}

static size_t count(const char *name, int type)
{
    return dns_server_count(dns[0], name, type);
}

/* --- the search list ----------------------------------------------------------------------------
 */

START_TEST(nxdomain_goes_on)
{
    begin("search s.test t.test u.test\n", 1);
    dns_server_say(dns[0], "a.t.test", DNS_A, 7, "10.0.0.1");
    struct result result = searched("a", DNS_TYPE_A);
    ck_assert_int_eq(result.outcome, ANSWER_RECORDS);
    ck_assert_str_eq(result.asked, "a.t.test");
    ck_assert_uint_eq(count("a.s.test", DNS_A), 1);
    ck_assert_uint_eq(dns_server_total(dns[0]), 2);
}
END_TEST

START_TEST(all_that_do_not_exist)
{
    begin("search s.test t.test\n", 1);
    struct result result = searched("a", DNS_TYPE_A);
    ck_assert_int_eq(result.outcome, ANSWER_NXDOMAIN);
    ck_assert_str_eq(result.asked, "a");
    ck_assert_uint_eq(dns_server_total(dns[0]), 3);
    ck_assert_int_le(dns_server_time(dns[0], "a.s.test", DNS_A, 0),
                     dns_server_time(dns[0], "a.t.test", DNS_A, 0));
    ck_assert_int_le(dns_server_time(dns[0], "a.t.test", DNS_A, 0),
                     dns_server_time(dns[0], "a", DNS_A, 0));
}
END_TEST

START_TEST(with_dots_the_name_itself_goes_first)
{
    begin("search s.test\n", 1);
    dns_server_say(dns[0], "a.b", DNS_A, 7, "10.0.0.1");
    dns_server_say(dns[0], "a.b.s.test", DNS_A, 7, "10.0.0.2");
    struct result result = searched("a.b", DNS_TYPE_A);
    ck_assert_str_eq(result.asked, "a.b");
    ck_assert_uint_eq(dns_server_total(dns[0]), 1);
}
END_TEST

/* The name exists: A and AAAA must not find different ones. */
START_TEST(an_empty_answer_does_not_go_on)
{
    begin("search s.test t.test\n", 1);
    dns_server_say(dns[0], "a.s.test", DNS_AAAA, 7, "");
    dns_server_say(dns[0], "a.t.test", DNS_AAAA, 7, "fd00::1");
    struct result result = searched("a", DNS_TYPE_AAAA);
    ck_assert_int_eq(result.outcome, ANSWER_EMPTY);
    ck_assert_str_eq(result.asked, "a.s.test");
    ck_assert_uint_eq(count("a.t.test", DNS_AAAA), 0);
}
END_TEST

/* Who does not know must not lead to somebody else's name. */
START_TEST(an_error_does_not_go_on)
{
    begin("search s.test t.test\n", 1);
    dns_server_fail(dns[0], "a.s.test", DNS_A, _i == 0 ? DNS_SERVFAIL : DNS_REFUSED);
    dns_server_say(dns[0], "a.t.test", DNS_A, 7, "10.0.0.1");
    struct result result = searched("a", DNS_TYPE_A);
    ck_assert_int_eq(result.outcome, _i == 0 ? ANSWER_SERVFAIL : ANSWER_REFUSED);
    ck_assert_uint_eq(count("a.t.test", DNS_A), 0);
}
END_TEST

START_TEST(without_search_the_name_is_asked_as_it_is)
{
    begin("search s.test\n", 1);
    dns_server_say(dns[0], "a.s.test", DNS_A, 7, "10.0.0.1");
    struct question question = {.servers = servers, .name = "a", .type = DNS_TYPE_A};
    struct result result;
    ask(&question, &result);
    ck_assert_int_eq(result.outcome, ANSWER_NXDOMAIN);
    ck_assert_str_eq(result.asked, "a");
    ck_assert_uint_eq(dns_server_total(dns[0]), 1);
}
END_TEST

START_TEST(hosts_go_before_the_search)
{
    files_write(HOSTS, "10.9.9.9 a\n");
    begin("search s.test\n", 1);
    dns_server_say(dns[0], "a.s.test", DNS_SRV, 7, "b.test:80/1/1");
    struct result result = searched("a", DNS_TYPE_A);
    ck_assert_int_eq(result.outcome, ANSWER_RECORDS);
    ck_assert_int_eq(result.source, REPLY_HOSTS);
    ck_assert_str_eq(result.asked, "a");
    result = searched("a", DNS_TYPE_AAAA);
    ck_assert_int_eq(result.outcome, ANSWER_EMPTY);
    ck_assert_uint_eq(dns_server_total(dns[0]), 0);
    result = searched("a", DNS_TYPE_SRV); /* which no such file has */
    ck_assert_int_eq(result.source, REPLY_SERVER);
    ck_assert_str_eq(result.asked, "a.s.test");
    ck_assert_uint_eq(result.count, 1);
}
END_TEST

/* With a suffix it would be longer than a name may be: its first place in the list is the second.
 */
START_TEST(hosts_know_long_names_too)
{
    char name[256] = "", line[300];
    for (int i = 0; i < 24; i++)
        strcat(name, i % 6 < 5 ? "a23456789-" : "123456789.");
    strcat(name, "test");
    snprintf(line, sizeof line, "10.9.9.9 %s\n", name);
    files_write(HOSTS, line);
    begin("search a-long-suffix.test\noptions ndots:15\n", 1);
    struct result result = searched(name, DNS_TYPE_A);
    ck_assert_int_eq(result.source, REPLY_HOSTS);
    ck_assert_str_eq(result.asked, name);
}
END_TEST

/* --- IPv6 --------------------------------------------------------------------------------------
 */

START_TEST(aaaa_is_not_asked_without_a_route)
{
    struct question question = {
        .servers = NULL, .name = "a.test", .type = DNS_TYPE_AAAA, .needs_route = true};
    struct result result;
    clock_freeze(1000 * SECOND);
    route_rig_ipv6 = false;
    begin("", 1);
    dns_server_say(dns[0], "a.test", DNS_AAAA, 7, "fd00::1");
    dns_server_say(dns[0], "a.test", DNS_A, 7, "10.0.0.1");
    question.servers = servers;
    ask(&question, &result);
    ck_assert_int_eq(result.outcome, ANSWER_NOT_ASKED);
    ck_assert_int_eq(result.source, REPLY_NOBODY);
    ck_assert_uint_eq(dns_server_total(dns[0]), 0);
    route_rig_ipv6 = true;
    clock_advance(SECOND);
    ask(&question, &result);
    ck_assert_int_eq(result.outcome, ANSWER_RECORDS);
    route_rig_ipv6 = false;
    clock_advance(SECOND);
    question.needs_route = false; /* family = ipv6: somebody wants it all the same */
    ask(&question, &result);
    ck_assert_int_eq(result.outcome, ANSWER_RECORDS);
    question = (struct question){
        .servers = servers, .name = "a.test", .type = DNS_TYPE_A, .needs_route = true};
    ask(&question, &result);
    ck_assert_int_eq(result.outcome, ANSWER_RECORDS);
    ck_assert_uint_eq(dns_server_total(dns[0]), 3);
}
END_TEST

/* --- a file that changes ------------------------------------------------------------------------
 */

static bool are(const struct servers *system, const char *ip)
{
    struct address address;
    ck_assert(address_parse_ip(ip, 53, &address));
    return servers_are(system, &address, 1);
}

/* Any question has the file looked at, once a second. */
static void look(void)
{
    clock_advance(SECOND);
    searched("look.test.", DNS_TYPE_A);
}

START_TEST(another_file_is_read)
{
    struct servers *system;
    clock_freeze(1000 * SECOND);
    begin("nameserver 127.0.0.201\nsearch s.test\n", 1);
    ck_assert_int_eq(resolver_servers(resolver, NULL, 0, &system), 0);
    ck_assert(are(system, "127.0.0.201"));
    look();
    ck_assert_int_eq(rereads, 0); /* it is as it was */
    files_write(CONF, "nameserver 127.0.0.202\nsearch t.test\noptions attempts:4\n");
    searched("a", DNS_TYPE_A);
    ck_assert_int_eq(rereads, 0); /* not yet */
    look();
    ck_assert_int_eq(rereads, 1);
    ck_assert_int_eq(reread_error, 0);
    ck_assert(are(system, "127.0.0.202"));
    ck_assert_uint_eq(servers_rounds(system), 4);
    ck_assert(servers_are(servers, dns_server_address(dns[0]), 1)); /* named elsewhere */
    searched("b", DNS_TYPE_A);
    ck_assert_uint_eq(count("b.t.test", DNS_A), 1);
    ck_assert_uint_eq(count("b.s.test", DNS_A), 0);
}
END_TEST

/* One that has not been sent yet, and one whose answer is on its way: no mixture of two lists. */
START_TEST(a_search_under_way_begins_again)
{
    struct result result, other;
    clock_freeze(1000 * SECOND);
    begin("nameserver 127.0.0.201\nsearch s.test u.test\n", 1);
    dns_server_say(dns[0], "a.t.test", DNS_A, 7, "10.0.0.1");
    struct question question = {
        .servers = servers, .name = "a", .type = DNS_TYPE_A, .search = true};
    start(&question, &result);
    while (_i == 1 && dns_server_total(dns[0]) == 0)
        event_base_loop(base, EVLOOP_ONCE);
    files_write(CONF, "nameserver 127.0.0.201\nsearch t.test\n");
    clock_advance(SECOND);
    start(&question, &other);
    wait_for(&result);
    wait_for(&other);
    ck_assert_str_eq(result.asked, "a.t.test");
    ck_assert_int_eq(result.outcome, ANSWER_RECORDS);
    ck_assert_uint_eq(count("a.s.test", DNS_A), (size_t)_i);
    ck_assert_uint_eq(count("a.u.test", DNS_A), 0);
    ck_assert_uint_eq(count("a", DNS_A), 0);
}
END_TEST

START_TEST(a_file_without_servers_changes_nothing)
{
    struct servers *system;
    clock_freeze(1000 * SECOND);
    begin("nameserver 127.0.0.201\nsearch s.test\n", 1);
    ck_assert_int_eq(resolver_servers(resolver, NULL, 0, &system), 0);
    files_write(CONF, "search t.test\n");
    look();
    ck_assert_int_eq(reread_error, -ENODATA);
    ck_assert_int_eq(unlink(CONF), 0);
    look();
    ck_assert_int_eq(reread_error, -ENOENT);
    look();
    ck_assert_int_eq(rereads, 2); /* told once */
    ck_assert(are(system, "127.0.0.201"));
    searched("b", DNS_TYPE_A);
    ck_assert_uint_eq(count("b.s.test", DNS_A), 1);
    files_write(CONF, "nameserver 127.0.0.203\n");
    look();
    ck_assert_int_eq(reread_error, 0);
    ck_assert(are(system, "127.0.0.203"));
}
END_TEST

START_TEST(no_file_is_this_host)
{
    struct servers *system;
    ck_assert_int_eq(resolver_new_with_files(base, 512, HOSTS, CONF, &resolver), 0);
    ck_assert_int_eq(resolver_servers(resolver, NULL, 0, &system), 0);
    ck_assert(are(system, "127.0.0.1"));
}
END_TEST

/* resolv.conf cannot name ports: this needs 53. */
START_TEST(a_question_under_way_goes_to_the_new_servers)
{
    struct servers *system;
    struct result first, second;
    struct dns_server *silent = dns_server_new_at(base, "127.0.0.201", 53);
    struct dns_server *good = dns_server_new_at(base, "127.0.0.202", 53);
    if (!silent || !good) {
        fprintf(stderr, "skipped: port 53 must not be used here\n");
        goto out;
    }
    clock_freeze(1000 * SECOND);
    begin("nameserver 127.0.0.201\noptions timeout:30\n", 1);
    ck_assert_int_eq(resolver_servers(resolver, NULL, 0, &system), 0);
    dns_server_fail(silent, "a.test", DNS_A, DNS_SILENT);
    dns_server_say(good, "a.test", DNS_A, 7, "10.0.0.1");
    struct question question = {.servers = system, .name = "a.test", .type = DNS_TYPE_A};
    start(&question, &first);
    while (dns_server_total(silent) == 0)
        event_base_loop(base, EVLOOP_ONCE);
    files_write(CONF, "nameserver 127.0.0.202\n");
    clock_advance(SECOND);
    start(&question, &second);
    wait_for(&second);
    wait_for(&first);
    ck_assert_int_eq(first.outcome, ANSWER_RECORDS);
    ck_assert_int_eq(first.calls, 1);
    ck_assert_uint_eq(dns_server_total(good), 2);
    ck_assert_uint_eq(dns_server_total(silent), 1);
out:
    if (silent)
        dns_server_free(silent);
    if (good)
        dns_server_free(good);
}
END_TEST

/* --- its options --------------------------------------------------------------------------------
 */

START_TEST(timeout_and_attempts)
{
    begin("options timeout:2 attempts:1\n", 1);
    dns_server_fail(dns[0], "a.test", DNS_A, DNS_SILENT);
    usec_t before = clock_now();
    struct result result = searched("a.test", DNS_TYPE_A);
    ck_assert_int_eq(result.outcome, ANSWER_TIMEOUT);
    ck_assert_int_ge(clock_now() - before, 2 * SECOND);
    ck_assert_uint_eq(dns_server_total(dns[0]), 1);
}
END_TEST

START_TEST(rotate)
{
    begin("options rotate\n", 2);
    for (int i = 0; i < 6; i++)
        searched("a.test", DNS_TYPE_A);
    ck_assert_uint_eq(dns_server_total(dns[0]), 3);
    ck_assert_uint_eq(dns_server_total(dns[1]), 3);
}
END_TEST

/* --- servers that fail and return ---------------------------------------------------------------
 */

START_TEST(who_was_silent_is_asked_again_later)
{
    struct result result;
    struct question question = {.name = "a.test", .type = DNS_TYPE_A};
    clock_freeze(1000 * SECOND);
    begin("", 2);
    question.servers = servers;
    dns_server_fail(dns[0], "a.test", DNS_A, DNS_SILENT);
    dns_server_say(dns[1], "a.test", DNS_A, 7, "10.0.0.1");
    for (int i = 0; i < 5; i++)
        ask(&question, &result);
    ck_assert_uint_eq(dns_server_total(dns[0]), 1);
    ck_assert_uint_eq(dns_server_total(dns[1]), 5);
    dns_server_say(dns[0], "a.test", DNS_A, 7, "10.0.0.1");
    clock_advance(4 * SECOND);
    ask(&question, &result);
    ck_assert_uint_eq(dns_server_total(dns[0]), 1);
    clock_advance(2 * SECOND);
    for (int i = 0; i < 5; i++)
        ask(&question, &result);
    ck_assert_uint_eq(dns_server_total(dns[0]), 6);
    ck_assert_uint_eq(dns_server_total(dns[1]), 6);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, nxdomain_goes_on);
    tcase_add_test(cases, all_that_do_not_exist);
    tcase_add_test(cases, with_dots_the_name_itself_goes_first);
    tcase_add_test(cases, an_empty_answer_does_not_go_on);
    tcase_add_loop_test(cases, an_error_does_not_go_on, 0, 2);
    tcase_add_test(cases, without_search_the_name_is_asked_as_it_is);
    tcase_add_test(cases, hosts_go_before_the_search);
    tcase_add_test(cases, hosts_know_long_names_too);
    tcase_add_test(cases, aaaa_is_not_asked_without_a_route);
    tcase_add_test(cases, another_file_is_read);
    tcase_add_loop_test(cases, a_search_under_way_begins_again, 0, 2);
    tcase_add_test(cases, a_file_without_servers_changes_nothing);
    tcase_add_test(cases, no_file_is_this_host);
    tcase_add_test(cases, a_question_under_way_goes_to_the_new_servers);
    tcase_add_test(cases, timeout_and_attempts);
    tcase_add_test(cases, rotate);
    tcase_add_test(cases, who_was_silent_is_asked_again_later);
}

int main(void)
{
    return suite_run("discovery/resolver and files", add);
}
