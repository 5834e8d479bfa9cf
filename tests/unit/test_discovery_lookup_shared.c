/* Lookups: who shares one, answers that came along with others, and why the next question is when
 * it is. */
#include <string.h>

#include "discovery/lookup.h"
#include "dns_message.h"
#include "dns_server.h"
#include "route_rig.h"
#include "suite.h"
#include "turn.h"

#define NAME "a.test"
#define MSEC USEC_PER_MSEC
#define SEC USEC_PER_SEC

static struct event_base *base;
static struct dns_server *server, *other_server;
static struct resolver *resolver;
static struct servers *servers, *other_servers;
static struct lookups *lookups;
static struct wait_told {
    usec_t wait;
    enum wait_reason reason;
    bool fresh;
    int calls;
} told;

struct subscriber {
    struct subscription subscription;
    struct interest interest;
    int answers;
    usec_t ask_in; /* what it wants at its next answer; 0: nothing */
    enum reply_source source;
};

static void on_news(void *arg, const struct lookup_news *news)
{
    (void)arg;
    told = (struct wait_told){news->wait, news->reason, news->fresh, told.calls + 1};
}

static void on_answered(struct subscription *subscription, const struct reply *reply, usec_t now)
{
    struct subscriber *subscriber = (struct subscriber *)subscription;
    subscriber->answers++;
    subscriber->source = reply->source;
    subscription->ask_by = subscriber->ask_in ? now + subscriber->ask_in : 0;
}

static void setup(void)
{
    base = event_base_new();
    server = dns_server_new(base);
    other_server = dns_server_new(base);
    ck_assert_int_eq(resolver_new(base, 512, &resolver), 0);
    ck_assert_int_eq(resolver_servers(resolver, dns_server_address(server), 1, &servers), 0);
    ck_assert_int_eq(
        resolver_servers(resolver, dns_server_address(other_server), 1, &other_servers), 0);
    lookups = lookups_new(base, resolver, on_news, NULL);
}

static void teardown(void)
{
    lookups_free(lookups);
    resolver_free(resolver);
    dns_server_free(server);
    dns_server_free(other_server);
    event_base_free(base);
    libevent_global_shutdown();
}

static void subscribe_to(struct subscriber *subscriber, const struct question *question)
{
    subscriber->interest =
        (struct interest){.answered = on_answered, .min_ttl = 100 * MSEC, .max_ttl = 300 * SEC};
    subscriber->subscription.interest = &subscriber->interest;
    ck_assert_int_eq(lookups_subscribe(lookups, question, &subscriber->subscription), 0);
}

static void subscribe(struct subscriber *subscriber, enum dns_type type)
{
    struct question question = {.servers = servers, .name = NAME, .type = type};
    *subscriber = (struct subscriber){.answers = 0};
    subscribe_to(subscriber, &question);
}

static void unsubscribe(struct subscriber *subscriber)
{
    lookups_unsubscribe(&subscriber->subscription);
}

static bool is_told(void *arg)
{
    return told.calls >= *(int *)arg;
}

static void wait_told(int calls)
{
    ck_assert(turn_until(base, is_told, &calls, 10000));
}

static size_t asked(enum dns_type type)
{
    return dns_server_count(server, NAME, (int)type);
}

/* --- who shares --------------------------------------------------------------------------------
 */

START_TEST(a_question_is_its_name_type_servers_and_search)
{
    struct question first = {.servers = servers, .name = NAME, .type = DNS_TYPE_A};
    struct question questions[] = {first, first, first, first, first, first};
    struct subscriber subscribers[COUNT_OF(questions)] = {{.answers = 0}};
    char same[] = NAME;
    questions[1].servers = other_servers;
    questions[2].search = true;
    questions[3].type = DNS_TYPE_SRV;
    questions[4].name = "b.test";
    questions[5].name = same; /* as the first one: */
    questions[5].needs_route = questions[5].urgent = true;
    for (size_t i = 0; i < COUNT_OF(questions); i++)
        subscribe_to(&subscribers[i], &questions[i]);
    for (size_t i = 0; i < COUNT_OF(questions); i++)
        for (size_t j = 0; j < i; j++)
            ck_assert_int_eq(subscribers[i].subscription.lookup ==
                                 subscribers[j].subscription.lookup,
                             i == 5 && j == 0);
    ck_assert_str_eq(lookup_name(subscribers[4].subscription.lookup), "b.test");
    ck_assert_int_eq(lookup_type(subscribers[3].subscription.lookup), DNS_TYPE_SRV);
    wait_told(5);
    ck_assert_uint_eq(dns_server_count(other_server, NAME, DNS_A), 1);
    for (size_t i = 0; i < COUNT_OF(questions); i++)
        unsubscribe(&subscribers[i]);
}
END_TEST

/* --- answers that came along -------------------------------------------------------------------
 */

static struct record the_record;

static struct answer offered(uint32_t ttl)
{
    struct in_addr ip = {.s_addr = htonl(0x0a000001)};
    the_record = record_of(address_ipv4(&ip, 0));
    return (struct answer){
        .outcome = ANSWER_RECORDS, .ttl = ttl, .records = &the_record, .count = 1};
}

START_TEST(an_offered_answer_spares_the_question)
{
    struct subscriber one;
    struct answer answer = offered(60);
    subscribe(&one, DNS_TYPE_A);
    usec_t now = clock_now();
    lookup_offer(one.subscription.lookup, &answer);
    ck_assert_int_eq(one.answers, 1);
    ck_assert_int_eq(one.source, REPLY_EXTRAS);
    struct answer known;
    ck_assert(lookup_answer(one.subscription.lookup, &known));
    ck_assert_uint_eq(known.count, 1);
    ck_assert_int_eq(record_compare(&known.records[0], &the_record), 0);
    answer_clear(&known);
    const struct history_entry *entry = history_entry(lookup_history(one.subscription.lookup), 0);
    ck_assert_int_eq(entry->source, REPLY_EXTRAS);
    ck_assert_int_eq(entry->reason, WAIT_TTL);
    ck_assert_int_ge(lookup_due(one.subscription.lookup), now + 60 * SEC);
    ck_assert_int_le(lookup_due(one.subscription.lookup), now + 61 * SEC);
    turn_for(base, 200);
    ck_assert_uint_eq(dns_server_total(server), 0);
    unsubscribe(&one);
}
END_TEST

START_TEST(the_same_offer_of_several_is_one)
{
    struct subscriber one;
    struct answer answer = offered(60);
    subscribe(&one, DNS_TYPE_A);
    lookup_offer(one.subscription.lookup, &answer);
    lookup_offer(one.subscription.lookup, &answer);
    ck_assert_int_eq(one.answers, 1);
    turn_for(base, 100);
    usec_t due = lookup_due(one.subscription.lookup);
    lookup_offer(one.subscription.lookup, &answer);
    ck_assert_int_eq(one.answers, 2);
    ck_assert_int_gt(lookup_due(one.subscription.lookup), due);
    unsubscribe(&one);
}
END_TEST

/* Once the SRV answer stays away the address is asked for, half a second after its TTL. */
START_TEST(an_offer_that_is_not_renewed)
{
    struct subscriber one;
    struct answer answer = offered(0);
    dns_server_say(server, NAME, DNS_A, 60, "10.0.0.2");
    subscribe(&one, DNS_TYPE_A);
    usec_t before = clock_now();
    lookup_offer(one.subscription.lookup, &answer);
    wait_told(2);
    ck_assert_int_ge(dns_server_time(server, NAME, DNS_A, 0) - before, 600 * MSEC);
    ck_assert_int_eq(one.source, REPLY_SERVER);
    unsubscribe(&one);
}
END_TEST

START_TEST(an_offer_while_the_question_is_under_way)
{
    struct subscriber one;
    struct answer answer = offered(60);
    dns_server_fail(server, NAME, DNS_A, DNS_SILENT);
    subscribe(&one, DNS_TYPE_A);
    while (asked(DNS_TYPE_A) == 0)
        event_base_loop(base, EVLOOP_ONCE);
    ck_assert_int_eq(lookup_due(one.subscription.lookup), 0);
    lookup_offer(one.subscription.lookup, &answer);
    ck_assert_int_eq(one.answers, 0);
    unsubscribe(&one);
}
END_TEST

/* --- why the next question is when it is ---------------------------------------------------------
 */

static void ck_wait(usec_t wait, enum wait_reason reason)
{
    ck_assert_str_eq(wait_reason_name(told.reason), wait_reason_name(reason));
    ck_assert_int_eq(told.wait, wait);
}

START_TEST(records_wait_for_their_ttl_within_the_range)
{
    static const struct {
        uint32_t ttl;
        usec_t wait;
        enum wait_reason reason;
    } rows[] = {{60, 60 * SEC, WAIT_TTL},
                {300, 300 * SEC, WAIT_TTL},
                {0, 100 * MSEC, WAIT_MIN_TTL},
                {301, 300 * SEC, WAIT_MAX_TTL}};
    struct subscriber one;
    dns_server_say(server, NAME, DNS_A, rows[_i].ttl, "10.0.0.1");
    subscribe(&one, DNS_TYPE_A);
    wait_told(1);
    ck_wait(rows[_i].wait, rows[_i].reason);
    ck_assert(told.fresh);
    ck_assert_int_eq(history_entry(lookup_history(one.subscription.lookup), 0)->reason,
                     rows[_i].reason);
    unsubscribe(&one);
}
END_TEST

START_TEST(equal_answers_are_not_fresh)
{
    struct subscriber one;
    dns_server_say(server, NAME, DNS_A, 0, "10.0.0.1");
    subscribe(&one, DNS_TYPE_A);
    wait_told(2);
    ck_assert(!told.fresh);
    wait_told(3);
    ck_assert_uint_eq(history_entry(lookup_history(one.subscription.lookup), 0)->repeats, 3);
    dns_server_say(server, NAME, DNS_A, 0, "10.0.0.2");
    int calls = told.calls;
    wait_told(calls + 1);
    ck_assert(told.fresh);
    ck_assert_uint_eq(lookup_history(one.subscription.lookup)->entries.count, 2);
    unsubscribe(&one);
}
END_TEST

START_TEST(failures_wait_by_back_off)
{
    struct subscriber one;
    dns_server_fail(server, NAME, DNS_A, DNS_SERVFAIL);
    subscribe(&one, DNS_TYPE_A);
    wait_told(1);
    ck_wait(100 * MSEC, WAIT_BACKOFF);
    wait_told(2);
    ck_wait(200 * MSEC, WAIT_BACKOFF);
    unsubscribe(&one);
}
END_TEST

/* Most names have no AAAA: that is no failure. */
START_TEST(a_type_that_never_was_waits_calmly)
{
    struct subscriber one;
    dns_server_say(server, NAME, DNS_AAAA, 60, "");
    subscribe(&one, DNS_TYPE_AAAA);
    wait_told(1);
    ck_wait(300 * SEC, WAIT_MAX_TTL); /* without a SOA nobody knows its TTL */
    unsubscribe(&one);
}
END_TEST

START_TEST(a_confirmation_is_wanted_early)
{
    struct subscriber one;
    dns_server_say(server, NAME, DNS_A, 60, "10.0.0.1");
    subscribe(&one, DNS_TYPE_A);
    one.ask_in = 2 * SEC;
    wait_told(1);
    ck_wait(2 * SEC, WAIT_CONFIRMATION);
    unsubscribe(&one);
}
END_TEST

START_TEST(but_not_sooner_than_min_ttl)
{
    struct subscriber one;
    dns_server_say(server, NAME, DNS_A, 60, "10.0.0.1");
    subscribe(&one, DNS_TYPE_A);
    one.ask_in = 1;
    wait_told(1);
    ck_wait(100 * MSEC, WAIT_CONFIRMATION);
    unsubscribe(&one);
}
END_TEST

START_TEST(aaaa_waits_for_a_route)
{
    struct subscriber one;
    route_rig_ipv6 = false;
    subscribe(&one, DNS_TYPE_AAAA);
    wait_told(1);
    ck_wait(10 * SEC, WAIT_ROUTE);
    ck_assert_int_eq(one.source, REPLY_NOBODY);
    ck_assert_uint_eq(dns_server_total(server), 0);
    unsubscribe(&one);
}
END_TEST

START_TEST(one_who_wants_nothing_else_asks_without_a_route)
{
    struct subscriber one, other;
    route_rig_ipv6 = false;
    subscribe(&one, DNS_TYPE_AAAA);
    subscribe(&other, DNS_TYPE_AAAA);
    other.interest.without_route = true;
    wait_told(1);
    ck_assert_uint_eq(asked(DNS_TYPE_AAAA), 1);
    ck_assert_int_eq(one.source, REPLY_SERVER);
    unsubscribe(&other);
    unsubscribe(&one);
}
END_TEST

START_TEST(a_hurry_is_coalesced_and_not_sooner_than_min_ttl)
{
    struct subscriber one;
    dns_server_say(server, NAME, DNS_A, 60, "10.0.0.1");
    subscribe(&one, DNS_TYPE_A);
    wait_told(1);
    for (int i = 0; i < 50; i++)
        lookup_hurry(one.subscription.lookup);
    wait_told(2);
    ck_assert_int_ge(dns_server_time(server, NAME, DNS_A, 1) -
                         dns_server_time(server, NAME, DNS_A, 0),
                     95 * MSEC);
    turn_for(base, 300);
    ck_assert_uint_eq(asked(DNS_TYPE_A), 2);
    unsubscribe(&one);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, a_question_is_its_name_type_servers_and_search);
    tcase_add_test(cases, an_offered_answer_spares_the_question);
    tcase_add_test(cases, the_same_offer_of_several_is_one);
    tcase_add_test(cases, an_offer_that_is_not_renewed);
    tcase_add_test(cases, an_offer_while_the_question_is_under_way);
    tcase_add_loop_test(cases, records_wait_for_their_ttl_within_the_range, 0, 4);
    tcase_add_test(cases, equal_answers_are_not_fresh);
    tcase_add_test(cases, failures_wait_by_back_off);
    tcase_add_test(cases, a_type_that_never_was_waits_calmly);
    tcase_add_test(cases, a_confirmation_is_wanted_early);
    tcase_add_test(cases, but_not_sooner_than_min_ttl);
    tcase_add_test(cases, aaaa_waits_for_a_route);
    tcase_add_test(cases, one_who_wants_nothing_else_asks_without_a_route);
    tcase_add_test(cases, a_hurry_is_coalesced_and_not_sooner_than_min_ttl);
}

int main(void)
{
    return suite_run("discovery/lookup, shared", add);
}
