/* Names that the search list completes, as the resolver asks for them. */
#include <stdio.h>
#include <string.h>

#include "discovery/resolver.h"
#include "dns_message.h"
#include "dns_server.h"
#include "files.h"
#include "suite.h"
#include "turn.h"

static struct event_base *base;
static struct dns_server *server;
static struct resolver *resolver;
static struct servers *servers;

static struct {
    int calls;
    enum answer_outcome outcome;
    enum reply_source source;
    char asked[300];
} told;

static void setup(void)
{
    files_clear();
    files_write("hosts", "10.0.0.9 known\n");
    files_write("resolv.conf", "nameserver 127.0.0.1\nsearch a.test b.test\noptions ndots:2\n");
    base = event_base_new();
    server = dns_server_new(base);
    ck_assert_int_eq(resolver_new_with_files(base, 512, "hosts", "resolv.conf", &resolver), 0);
    ck_assert_int_eq(resolver_servers(resolver, dns_server_address(server), 1, &servers), 0);
}

static void teardown(void)
{
    resolver_free(resolver);
    dns_server_free(server);
    event_base_free(base);
    libevent_global_shutdown();
}

static void on_reply(void *arg, const struct reply *reply)
{
    (void)arg;
    told.calls++;
    told.outcome = reply->answer->outcome;
    told.source = reply->source;
    snprintf(told.asked, sizeof told.asked, "%s", reply->asked);
}

static bool is_told(void *arg)
{
    (void)arg;
    return told.calls > 0;
}

/* "name outcome" of what is found for a name. */
static const char *find(const char *name, int type, bool search)
{
    static char shown[400];
    struct query *query;
    struct question question = {
        .servers = servers, .name = name, .type = (enum dns_type)type, .search = search};
    told.calls = 0;
    ck_assert_int_eq(resolver_ask(resolver, &question, on_reply, NULL, &query), 0);
    ck_assert(turn_until(base, is_told, NULL, 5000));
    ck_assert_int_eq(told.calls, 1);
    snprintf(shown, sizeof shown, "%s %s", told.asked, answer_outcome_name(told.outcome));
    return shown;
}

START_TEST(a_name_that_does_not_exist_goes_on)
{
    dns_server_say(server, "x.b.test", DNS_A, 60, "10.0.0.1");
    ck_assert_str_eq(find("x", DNS_A, true), "x.b.test records");
    ck_assert_uint_eq(dns_server_count(server, "x.a.test", DNS_A), 1);
    ck_assert_uint_eq(dns_server_total(server), 2);
    ck_assert_str_eq(find("x", DNS_A, false), "x nxdomain");
    ck_assert_uint_eq(dns_server_total(server), 3);
}
END_TEST

/* A and AAAA must find the same host. */
START_TEST(an_empty_answer_ends_it)
{
    dns_server_say(server, "x.a.test", DNS_AAAA, 60, "");
    dns_server_say(server, "x.b.test", DNS_AAAA, 60, "fd00::1");
    ck_assert_str_eq(find("x", DNS_AAAA, true), "x.a.test empty");
}
END_TEST

/* A server that is ill must not make another name be found. */
START_TEST(a_failure_ends_it)
{
    dns_server_fail(server, "x.a.test", DNS_A, DNS_SERVFAIL);
    dns_server_say(server, "x.b.test", DNS_A, 60, "10.0.0.1");
    ck_assert_str_eq(find("x", DNS_A, true), "x.a.test servfail");
}
END_TEST

START_TEST(dots_decide_what_goes_first)
{
    dns_server_say(server, "x.y", DNS_A, 60, "10.0.0.1");
    ck_assert_str_eq(find("x.y", DNS_A, true), "x.y records");
    ck_assert_uint_eq(dns_server_total(server), 3); /* last */
    dns_server_say(server, "x.y.z", DNS_A, 60, "10.0.0.1");
    ck_assert_str_eq(find("x.y.z", DNS_A, true), "x.y.z records");
    ck_assert_uint_eq(dns_server_total(server), 4); /* first */
    ck_assert_str_eq(find("u.v.w", DNS_A, true), "u.v.w.b.test nxdomain");
}
END_TEST

START_TEST(hosts_go_before_the_list)
{
    dns_server_say(server, "known.a.test", DNS_A, 60, "10.0.0.1");
    ck_assert_str_eq(find("known", DNS_A, true), "known records");
    ck_assert_int_eq(told.source, REPLY_HOSTS);
    ck_assert_uint_eq(dns_server_total(server), 0);
}
END_TEST

START_TEST(names_that_would_be_too_long_are_left_out)
{
    char name[253];
    for (size_t i = 0; i < sizeof name - 1; i++)
        name[i] = i % 50 == 49 ? '.' : 'n';
    name[sizeof name - 1] = '\0';
    dns_server_say(server, name, DNS_A, 60, "10.0.0.1");
    find(name, DNS_A, true);
    ck_assert_int_eq(told.outcome, ANSWER_RECORDS);
    ck_assert_uint_eq(dns_server_total(server), 1);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_unchecked_fixture(cases, files_begin, files_end);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, a_name_that_does_not_exist_goes_on);
    tcase_add_test(cases, an_empty_answer_ends_it);
    tcase_add_test(cases, a_failure_ends_it);
    tcase_add_test(cases, dots_decide_what_goes_first);
    tcase_add_test(cases, hosts_go_before_the_list);
    tcase_add_test(cases, names_that_would_be_too_long_are_left_out);
}

int main(void)
{
    return suite_run("discovery/search", add);
}
