#include "discovery/resolver.h"

#include <ares.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "dns_message.h"
#include "dns_server.h"
#include "suite.h"
#include "turn.h"

#define NAME "a.test"
#define SERVERS 3
#define AT_ONCE 100 /* as many as a socket buffer holds for sure */
/* What one silent server costs, and how much more a busy machine may take. */
#define SILENCE (1000 * USEC_PER_MSEC)
#define SLACK (2 * USEC_PER_MSEC) /* epoll_wait(2) waits whole ones */

static struct event_base *base;
static struct dns_server *servers[SERVERS];
static struct resolver *resolver;
static struct servers *asked_servers;

/* What the callback was told. */
struct result {
    int calls;
    enum answer_outcome outcome;
    size_t count;
    uint32_t ttl;
    struct address first, server;
    bool truncated;
};

static void on_answer(void *arg, const struct reply *reply)
{
    struct result *result = arg;
    const struct answer *answer = reply->answer;
    result->calls++;
    result->outcome = answer->outcome;
    result->count = answer->count;
    result->ttl = answer->ttl;
    result->server = reply->server;
    result->truncated = answer->truncated;
    if (answer->count > 0)
        result->first = record_address(&answer->records[0]);
}

static void setup(void)
{
    base = event_base_new();
    for (size_t i = 0; i < SERVERS; i++)
        servers[i] = dns_server_new(base);
}

static void teardown(void)
{
    resolver_free(resolver);
    for (size_t i = 0; i < SERVERS; i++)
        if (servers[i])
            dns_server_free(servers[i]);
    event_base_free(base);
    libevent_global_shutdown();
}

/* A resolver that asks the first `count` servers. */
static void resolve_within(unsigned budget, size_t count)
{
    struct address addresses[SERVERS];
    for (size_t i = 0; i < count; i++)
        addresses[i] = *dns_server_address(servers[i]);
    ck_assert_int_eq(resolver_new(base, budget, &resolver), 0);
    ck_assert_int_eq(resolver_servers(resolver, addresses, count, &asked_servers), 0);
}

static void resolve_with(size_t count)
{
    resolve_within(512, count);
}

static void begin(const char *name, int type, resolver_callback *callback, void *arg,
                  struct query **ret_query)
{
    struct question question = {
        .servers = asked_servers, .name = name, .type = (enum dns_type)type};
    *ret_query = NULL;
    ck_assert_int_eq(resolver_ask(resolver, &question, callback, arg, ret_query), 0);
    ck_assert_ptr_nonnull(*ret_query);
}

static bool is_called(void *arg)
{
    return ((struct result *)arg)->calls > 0;
}

/* Asks and waits for the end. Returns how long it took. */
static usec_t ask(const char *name, int type, struct result *result)
{
    struct query *query = NULL;
    usec_t start = clock_now();
    *result = (struct result){.calls = 0};
    begin(name, type, on_answer, result, &query);
    ck_assert_int_eq(result->calls, 0);
    ck_assert(turn_until(base, is_called, result, 10000));
    ck_assert_int_eq(result->calls, 1);
    return clock_now() - start;
}

static void ck_counts(size_t first, size_t second, size_t third)
{
    ck_assert_uint_eq(dns_server_total(servers[0]), first);
    ck_assert_uint_eq(dns_server_total(servers[1]), second);
    ck_assert_uint_eq(dns_server_total(servers[2]), third);
}

START_TEST(an_answer)
{
    struct result result;
    char text[ADDRESS_TEXT_MAX];
    resolve_with(1);
    dns_server_say(servers[0], NAME, DNS_A, 7, "10.0.0.2,10.0.0.1");
    dns_server_say(servers[0], NAME, DNS_AAAA, 9, "fd00::1");
    ask(NAME, DNS_A, &result);
    ck_assert_int_eq(result.outcome, ANSWER_RECORDS);
    ck_assert_uint_eq(result.count, 2);
    ck_assert_uint_eq(result.ttl, 7);
    ck_assert_str_eq(address_format(&result.first, text), "10.0.0.1:0");
    ck_assert(address_equal(&result.server, dns_server_address(servers[0])));
    ask(NAME, DNS_AAAA, &result);
    ck_assert_str_eq(address_format(&result.first, text), "[fd00::1]:0");
    turn_for(base, 100);
    ck_assert_int_eq(result.calls, 1);
}
END_TEST

START_TEST(final_answers_are_not_asked_on)
{
    struct result result;
    resolve_with(3);
    ask("unknown.test", DNS_A, &result);
    ck_assert_int_eq(result.outcome, ANSWER_NXDOMAIN);
    dns_server_say(servers[0], NAME, DNS_AAAA, 7, "");
    ask(NAME, DNS_AAAA, &result);
    ck_assert_int_eq(result.outcome, ANSWER_EMPTY);
    ck_counts(2, 0, 0);
}
END_TEST

START_TEST(errors_go_to_the_next_server)
{
    static const int errors[] = {DNS_SERVFAIL, DNS_REFUSED, DNS_NOTIMP, DNS_GARBAGE};
    for (size_t i = 0; i < COUNT_OF(errors); i++) {
        struct result result;
        resolve_with(2);
        dns_server_fail(servers[0], NAME, DNS_A, errors[i]);
        dns_server_say(servers[1], NAME, DNS_A, 7, "10.0.0.1");
        ask(NAME, DNS_A, &result);
        ck_assert_int_eq(result.outcome, ANSWER_RECORDS);
        ck_assert(address_equal(&result.server, dns_server_address(servers[1])));
        ck_counts(i + 1, i + 1, 0);
        resolver_free(resolver);
        resolver = NULL;
    }
}
END_TEST

START_TEST(when_all_fail_each_was_asked_once)
{
    static const int errors[] = {DNS_SERVFAIL, DNS_REFUSED, DNS_GARBAGE};
    static const enum answer_outcome outcomes[] = {ANSWER_SERVFAIL, ANSWER_REFUSED,
                                                   ANSWER_MALFORMED};
    resolve_with(3);
    for (size_t i = 0; i < COUNT_OF(errors); i++) {
        struct result result;
        for (size_t j = 0; j < SERVERS; j++)
            dns_server_fail(servers[j], NAME, DNS_A, errors[i]);
        ask(NAME, DNS_A, &result);
        ck_assert_int_eq(result.outcome, outcomes[i]);
        ck_counts(i + 1, i + 1, i + 1);
    }
}
END_TEST

START_TEST(a_silent_server_costs_a_second)
{
    struct result result;
    resolve_with(2);
    dns_server_fail(servers[0], NAME, DNS_A, DNS_SILENT);
    dns_server_say(servers[1], NAME, DNS_A, 7, "10.0.0.1");
    usec_t took = ask(NAME, DNS_A, &result);
    ck_assert_int_eq(result.outcome, ANSWER_RECORDS);
    ck_assert_int_ge(took, SILENCE);
    ck_assert_int_le(took, SILENCE + SLACK);
    took = ask(NAME, DNS_A, &result); /* and not again */
    ck_assert_int_le(took, SLACK);
    ck_counts(1, 2, 0);
}
END_TEST

START_TEST(two_silent_rounds_are_a_timeout)
{
    struct result result;
    resolve_with(1);
    dns_server_fail(servers[0], NAME, DNS_A, DNS_SILENT);
    usec_t took = ask(NAME, DNS_A, &result);
    ck_assert_int_eq(result.outcome, ANSWER_TIMEOUT);
    ck_assert_int_ge(took, 2 * SILENCE);
    ck_assert_int_le(took, 2 * SILENCE + SLACK);
    ck_counts(2, 0, 0);
}
END_TEST

/* What is no message at all ends the waiting of newer c-ares: the next server is asked at
 * once. 1.18 is the last one that is known to wait on. */
static bool may_end_by_rubbish(int failure)
{
    return failure == DNS_RUBBISH && ARES_VERSION > 0x0112ff;
}

/* It may be forged, so the right one is waited for. */
START_TEST(a_foreign_answer_is_none)
{
    static const int foreign[] = {DNS_FOREIGN, DNS_RUBBISH};
    struct result result;
    resolve_with(2);
    dns_server_fail(servers[0], NAME, DNS_A, foreign[_i]);
    dns_server_say(servers[1], NAME, DNS_A, 7, "10.0.0.1");
    ask(NAME, DNS_A, &result);
    ck_assert_int_eq(result.outcome, ANSWER_RECORDS);
    ck_assert(address_equal(&result.server, dns_server_address(servers[1])));
    dns_server_fail(servers[1], NAME, DNS_A, foreign[_i]);
    ask(NAME, DNS_A, &result);
    if (!may_end_by_rubbish(foreign[_i]) || result.outcome != ANSWER_MALFORMED)
        ck_assert_int_eq(result.outcome, ANSWER_TIMEOUT);
}
END_TEST

START_TEST(a_closed_port_is_known_at_once)
{
    struct result result;
    resolve_with(2);
    dns_server_say(servers[1], NAME, DNS_A, 7, "10.0.0.1");
    dns_server_free(servers[0]);
    servers[0] = NULL;
    usec_t took = ask(NAME, DNS_A, &result);
    ck_assert_int_eq(result.outcome, ANSWER_RECORDS);
    ck_assert_int_le(took, SLACK);
    resolver_free(resolver);
    struct address closed = *dns_server_address(servers[2]);
    dns_server_free(servers[2]);
    servers[2] = NULL;
    ck_assert_int_eq(resolver_new(base, 512, &resolver), 0);
    ck_assert_int_eq(resolver_servers(resolver, &closed, 1, &asked_servers), 0);
    took = ask(NAME, DNS_A, &result);
    ck_assert_int_eq(result.outcome, ANSWER_UNREACHABLE);
    ck_assert_int_le(took, SLACK);
}
END_TEST

START_TEST(cancel_means_no_callback)
{
    struct result result = {.calls = 0};
    struct query *query;
    resolve_with(1);
    dns_server_say(servers[0], NAME, DNS_A, 7, "10.0.0.1");
    begin(NAME, DNS_A, on_answer, &result, &query);
    query_cancel(query); /* not sent yet */
    turn_for(base, 50);
    ck_counts(0, 0, 0);
    begin(NAME, DNS_A, on_answer, &result, &query);
    while (dns_server_total(servers[0]) == 0)
        event_base_loop(base, EVLOOP_ONCE);
    query_cancel(query); /* the answer is on its way */
    turn_for(base, 100);
    ck_assert_int_eq(result.calls, 0);
    query_cancel(NULL);
    ask(NAME, DNS_A, &result);
    ck_assert_int_eq(result.outcome, ANSWER_RECORDS);
}
END_TEST

START_TEST(free_cancels_what_is_under_way)
{
    struct result results[20] = {{.calls = 0}};
    struct query *query;
    resolve_with(1);
    dns_server_fail(servers[0], NAME, DNS_A, DNS_SILENT);
    for (size_t i = 0; i < COUNT_OF(results); i++) {
        begin(NAME, DNS_A, on_answer, &results[i], &query);
        if (i == COUNT_OF(results) / 2)
            turn_for(base, 50); /* one half is sent, the other is not */
        if (i % 5 == 0)
            query_cancel(query);
    }
    resolver_free(resolver);
    resolver = NULL;
    turn_for(base, 50);
    for (size_t i = 0; i < COUNT_OF(results); i++)
        ck_assert_int_eq(results[i].calls, 0);
    resolver_free(NULL);
}
END_TEST

static bool all_called(void *arg)
{
    struct result *results = arg;
    for (size_t i = 0; i < AT_ONCE; i++)
        if (results[i].calls == 0)
            return false;
    return true;
}

START_TEST(many_at_once)
{
    static struct result results[AT_ONCE];
    resolve_with(2);
    dns_server_say(servers[0], NAME, DNS_A, 7, "10.0.0.1");
    dns_server_say(servers[1], NAME, DNS_A, 7, "10.0.0.1");
    dns_server_fail(servers[0], "b.test", DNS_A, DNS_SERVFAIL);
    dns_server_say(servers[1], "b.test", DNS_A, 7, "10.0.0.1,10.0.0.2");
    for (size_t i = 0; i < COUNT_OF(results); i++) {
        struct query *query;
        begin(i % 2 ? NAME : "b.test", DNS_A, on_answer, &results[i], &query);
    }
    ck_assert(turn_until(base, all_called, results, 20000));
    turn_for(base, 100);
    for (size_t i = 0; i < COUNT_OF(results); i++) {
        ck_assert_int_eq(results[i].calls, 1);
        ck_assert_int_eq(results[i].outcome, ANSWER_RECORDS);
        ck_assert_uint_eq(results[i].count, i % 2 ? 1 : 2);
    }
}
END_TEST

/* A callback that asks on and cancels another question. */
struct chain {
    int left;
    struct result cancelled;
    struct query *other;
};

static void on_link(void *arg, const struct reply *reply)
{
    struct chain *chain = arg;
    struct query *query;
    (void)reply;
    query_cancel(chain->other);
    chain->other = NULL;
    if (--chain->left > 0)
        begin(NAME, DNS_A, on_link, chain, &query);
}

static bool chain_ended(void *arg)
{
    return ((struct chain *)arg)->left == 0;
}

START_TEST(a_callback_may_ask_and_cancel)
{
    struct chain chain = {.left = 10};
    struct query *query;
    resolve_with(1);
    dns_server_say(servers[0], NAME, DNS_A, 7, "10.0.0.1");
    dns_server_fail(servers[0], "b.test", DNS_A, DNS_SILENT);
    begin("b.test", DNS_A, on_answer, &chain.cancelled, &chain.other);
    begin(NAME, DNS_A, on_link, &chain, &query);
    ck_assert(turn_until(base, chain_ended, &chain, 5000));
    turn_for(base, 50);
    ck_assert_int_eq(chain.cancelled.calls, 0);
}
END_TEST

/* Without a question under way nothing is left for the loop to wait for. */
START_TEST(it_sleeps_when_nothing_is_asked)
{
    struct result result;
    resolve_with(2);
    dns_server_say(servers[0], NAME, DNS_A, 7, "10.0.0.1");
    ask(NAME, DNS_A, &result);
    for (size_t i = 0; i < SERVERS; i++) {
        dns_server_free(servers[i]);
        servers[i] = NULL;
    }
    ck_assert_int_eq(event_base_dispatch(base), 1); /* no event is registered */
}
END_TEST

START_TEST(servers_that_cannot_be)
{
    struct address none = {0};
    struct servers *made = NULL;
    resolve_with(1);
    ck_assert_int_eq(resolver_servers(resolver, &none, 1, &made), -EINVAL);
    ck_assert_ptr_null(made);
}
END_TEST

START_TEST(the_same_list_is_opened_once)
{
    struct servers *same, *other, *system;
    resolve_with(2);
    struct address addresses[] = {*dns_server_address(servers[0]), *dns_server_address(servers[1])};
    ck_assert_int_eq(resolver_servers(resolver, addresses, 2, &same), 0);
    ck_assert_ptr_eq(same, asked_servers);
    ck_assert_int_eq(resolver_servers(resolver, addresses, 1, &other), 0);
    ck_assert_ptr_ne(other, asked_servers);
    ck_assert_int_eq(resolver_servers(resolver, NULL, 0, &system), 0); /* made, and not asked */
    ck_assert_ptr_ne(system, asked_servers);
}
END_TEST

START_TEST(a_part_where_tcp_fails)
{
    struct result result;
    resolve_with(1);
    dns_server_say(servers[0], NAME, DNS_A, 7, "10.0.0.1,10.0.0.2");
    dns_server_fail(servers[0], NAME, DNS_A, DNS_TRUNCATED);
    ask(NAME, DNS_A, &result);
    ck_assert_int_eq(result.outcome, ANSWER_RECORDS);
    ck_assert_uint_eq(result.count, 2);
    ck_assert(result.truncated);
}
END_TEST

/* 10 packets a second, one at once: after one by UDP and five by TCP the next waits for half a
 * second. */
START_TEST(tcp_costs_more)
{
    struct result result;
    resolve_within(10, 1);
    dns_server_say(servers[0], NAME, DNS_A, 7, "10.0.0.1");
    dns_server_fail(servers[0], NAME, DNS_A, DNS_TRUNCATED);
    ask(NAME, DNS_A, &result);
    ck_assert_int_ge(ask("b.test", DNS_A, &result), 400 * USEC_PER_MSEC);
}
END_TEST

START_TEST(urgent_questions_go_first)
{
    static const char *const names[] = {"a.test", "b.test", "c.test", "urgent.test"};
    struct result results[COUNT_OF(names)] = {{.calls = 0}};
    struct query *query;
    resolve_within(10, 1);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct question question = {.servers = asked_servers,
                                    .name = names[i],
                                    .type = DNS_TYPE_A,
                                    .urgent = i == COUNT_OF(names) - 1};
        ck_assert_int_eq(resolver_ask(resolver, &question, on_answer, &results[i], &query), 0);
    }
    for (size_t i = 0; i < COUNT_OF(names); i++)
        ck_assert(turn_until(base, is_called, &results[i], 10000));
    for (size_t i = 0; i + 1 < COUNT_OF(names); i++)
        ck_assert_int_lt(dns_server_time(servers[0], "urgent.test", DNS_A, 0),
                         dns_server_time(servers[0], names[i], DNS_A, 0));
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, an_answer);
    tcase_add_test(cases, final_answers_are_not_asked_on);
    tcase_add_test(cases, errors_go_to_the_next_server);
    tcase_add_test(cases, when_all_fail_each_was_asked_once);
    tcase_add_test(cases, a_silent_server_costs_a_second);
    tcase_add_test(cases, two_silent_rounds_are_a_timeout);
    tcase_add_loop_test(cases, a_foreign_answer_is_none, 0, 2);
    tcase_add_test(cases, a_closed_port_is_known_at_once);
    tcase_add_test(cases, cancel_means_no_callback);
    tcase_add_test(cases, free_cancels_what_is_under_way);
    tcase_add_test(cases, many_at_once);
    tcase_add_test(cases, a_callback_may_ask_and_cancel);
    tcase_add_test(cases, it_sleeps_when_nothing_is_asked);
    tcase_add_test(cases, servers_that_cannot_be);
    tcase_add_test(cases, the_same_list_is_opened_once);
    tcase_add_test(cases, a_part_where_tcp_fails);
    tcase_add_test(cases, tcp_costs_more);
    tcase_add_test(cases, urgent_questions_go_first);
}

int main(void)
{
    return suite_run("discovery/resolver", add);
}
