#include "discovery/lookup.h"

#include <limits.h>

#include "base/random.h"
#include "dns_message.h"
#include "dns_server.h"
#include "suite.h"
#include "turn.h"

#define MSEC USEC_PER_MSEC
#define SEC USEC_PER_SEC
#define NAME "a.test"

/* --- the rules ---------------------------------------------------------------------------- */

START_TEST(a_ttl_is_clamped)
{
    static const struct {
        uint32_t seconds;
        usec_t min, max, want;
    } rows[] = {
        {0, SEC, 300 * SEC, SEC},
        {1, SEC, 300 * SEC, SEC},
        {2, SEC, 300 * SEC, 2 * SEC},
        {300, SEC, 300 * SEC, 300 * SEC},
        {301, SEC, 300 * SEC, 300 * SEC},
        {INT32_MAX, SEC, 300 * SEC, 300 * SEC},
        {ANSWER_TTL_UNKNOWN, SEC, 300 * SEC, 300 * SEC},
        {0, 100 * MSEC, 100 * MSEC, 100 * MSEC},
        {ANSWER_TTL_UNKNOWN, 100 * MSEC, 200 * MSEC, 200 * MSEC},
        {60, 24 * 3600 * SEC, 24 * 3600 * SEC, 24 * 3600 * SEC},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        ck_assert_int_eq(lookup_ttl(rows[i].seconds, rows[i].min, rows[i].max), rows[i].want);
}
END_TEST

START_TEST(jitter_is_never_less_and_at_most_50_ms_more)
{
    static const usec_t spans[] = {0,       1,       MSEC,      100 * MSEC,     900 * MSEC,
                                   1 * SEC, 2 * SEC, 300 * SEC, 24 * 3600 * SEC};
    random_seed(51);
    for (size_t i = 0; i < COUNT_OF(spans); i++) {
        usec_t least = INT64_MAX, most = 0;
        for (int n = 0; n < 5000; n++) {
            usec_t got = lookup_jitter(spans[i]);
            least = got < least ? got : least;
            most = got > most ? got : most;
        }
        ck_assert_int_ge(least, spans[i]);
        ck_assert_int_le(most, spans[i] + 50 * MSEC);
        if (spans[i] >= 100 * MSEC)
            ck_assert_int_gt(most - least, spans[i] > SEC ? 45 * MSEC : 4 * MSEC); /* it spreads */
    }
}
END_TEST

START_TEST(backoff_doubles_up_to_its_limit)
{
    static const struct {
        unsigned failures;
        usec_t min_ttl;
        bool starving;
        usec_t want;
    } rows[] = {
        {1, SEC, false, SEC},
        {2, SEC, false, 2 * SEC},
        {3, SEC, false, 4 * SEC},
        {4, SEC, false, 8 * SEC},
        {5, SEC, false, 10 * SEC},
        {6, SEC, false, 10 * SEC},
        {UINT_MAX, SEC, false, 10 * SEC},
        {1, SEC, true, SEC},
        {2, SEC, true, 2 * SEC},
        {3, SEC, true, 2 * SEC},
        {UINT_MAX, 100 * MSEC, true, 2 * SEC},
        {1, 100 * MSEC, true, 100 * MSEC},
        {4, 100 * MSEC, true, 800 * MSEC},
        {6, 100 * MSEC, true, 2 * SEC},
        {1, 60 * SEC, false, 60 * SEC}, /* never sooner than min-ttl allows, */
        {9, 60 * SEC, false, 60 * SEC},
        {1, 60 * SEC, true, SEC}, /* unless clients may be waiting */
        {9, 60 * SEC, true, 2 * SEC},
        {0, SEC, false, SEC},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        ck_assert_int_eq(lookup_backoff(rows[i].failures, rows[i].min_ttl, rows[i].starving),
                         rows[i].want);
}
END_TEST

/* --- the asking --------------------------------------------------------------------------- */

static struct event_base *base;
static struct dns_server *server;
static struct resolver *resolver;
static struct servers *servers;
static struct lookups *lookups;
static int failures_told, recoveries_told;
static enum answer_outcome outcome_told;

struct subscriber {
    struct subscription subscription;
    struct interest interest;
    int changes;
};

static void on_news(void *arg, const struct lookup_news *news)
{
    ck_assert_ptr_eq(arg, &failures_told);
    ck_assert_int_gt(news->wait, 0);
    if (!news->turned)
        return;
    ck_assert_str_eq(news->name, NAME);
    outcome_told = news->reply->answer->outcome;
    failures_told += news->failing;
    recoveries_told += !news->failing;
}

static size_t count_known(const struct lookup *lookup)
{
    struct answer known;
    if (!lookup_answer(lookup, &known))
        return 0;
    size_t count = known.count;
    answer_clear(&known);
    return count;
}

static void on_changed(struct subscription *subscription, const struct reply *reply, usec_t now)
{
    struct subscriber *subscriber = (struct subscriber *)subscription;
    ck_assert_ptr_nonnull(reply->answer);
    ck_assert_int_eq(reply->source, REPLY_SERVER);
    ck_assert_int_eq(reply->server.family, AF_INET);
    ck_assert_int_gt(now, 0);
    subscriber->changes++;
    if (count_known(subscription->lookup) > 0)
        subscriber->interest.starving = false;
}

static void setup(void)
{
    base = event_base_new();
    server = dns_server_new(base);
    ck_assert_int_eq(resolver_new(base, 512, &resolver), 0);
    ck_assert_int_eq(resolver_servers(resolver, dns_server_address(server), 1, &servers), 0);
    lookups = lookups_new(base, resolver, on_news, &failures_told);
}

static void teardown(void)
{
    lookups_free(lookups);
    resolver_free(resolver);
    dns_server_free(server);
    event_base_free(base);
    libevent_global_shutdown();
}

static void subscribe_to(struct subscriber *subscriber, const char *name, enum dns_type type)
{
    struct question question = {.servers = servers, .name = name, .type = type};
    subscriber->subscription.interest = &subscriber->interest;
    ck_assert_int_eq(lookups_subscribe(lookups, &question, &subscriber->subscription), 0);
}

static void subscribe(struct subscriber *subscriber, usec_t min_ttl, usec_t max_ttl)
{
    *subscriber = (struct subscriber){
        .interest = {
            .answered = on_changed, .min_ttl = min_ttl, .max_ttl = max_ttl, .starving = true}};
    subscribe_to(subscriber, NAME, DNS_TYPE_A);
    ck_assert_int_eq(subscriber->changes, 0);
}

static size_t addresses_of(const struct subscriber *subscriber)
{
    return count_known(subscriber->subscription.lookup);
}

static size_t asked(void)
{
    return dns_server_count(server, NAME, DNS_A);
}

static bool reached(void *arg)
{
    return asked() >= *(size_t *)arg;
}

static void wait_asked(size_t count)
{
    ck_assert(turn_until(base, reached, &count, 10000));
}

static bool has_changed(void *arg)
{
    return ((struct subscriber *)arg)->changes > 0;
}

START_TEST(asked_again_when_the_ttl_runs_out)
{
    struct subscriber one;
    dns_server_say(server, NAME, DNS_A, 1, "10.0.0.1");
    subscribe(&one, 100 * MSEC, 300 * SEC);
    wait_asked(3);
    for (size_t i = 1; i < 3; i++) {
        usec_t gap =
            dns_server_time(server, NAME, DNS_A, i) - dns_server_time(server, NAME, DNS_A, i - 1);
        ck_assert_int_ge(gap, SEC);
        ck_assert_int_le(gap, SEC + 52 * MSEC);
    }
    ck_assert_uint_eq(addresses_of(&one), 1);
    lookups_unsubscribe(&one.subscription);
}
END_TEST

START_TEST(ttl_0_is_min_ttl_and_never_a_spin)
{
    struct subscriber one;
    dns_server_say(server, NAME, DNS_A, 0, "10.0.0.1");
    subscribe(&one, 100 * MSEC, 300 * SEC);
    turn_for(base, 1500);
    lookups_unsubscribe(&one.subscription);
    size_t count = asked();
    ck_assert_uint_ge(count, 5);
    ck_assert_uint_le(count, 16);
    for (size_t i = 1; i < count; i++)
        ck_assert_int_ge(dns_server_time(server, NAME, DNS_A, i) -
                             dns_server_time(server, NAME, DNS_A, i - 1),
                         100 * MSEC);
}
END_TEST

START_TEST(a_great_ttl_is_max_ttl)
{
    struct subscriber one;
    dns_server_say(server, NAME, DNS_A, 86400, "10.0.0.1");
    subscribe(&one, 100 * MSEC, 200 * MSEC);
    wait_asked(4);
    lookups_unsubscribe(&one.subscription);
}
END_TEST

START_TEST(two_subscribers_share_one_question)
{
    struct subscriber one, other;
    dns_server_say(server, NAME, DNS_A, 60, "10.0.0.1");
    subscribe(&one, SEC, 300 * SEC);
    subscribe(&other, SEC, 300 * SEC);
    ck_assert(turn_until(base, has_changed, &other, 5000));
    turn_for(base, 100);
    ck_assert_uint_eq(asked(), 1);
    ck_assert_int_eq(one.changes, 1);
    ck_assert_int_eq(other.changes, 1);
    ck_assert_ptr_eq(one.subscription.lookup, other.subscription.lookup);
    lookups_unsubscribe(&one.subscription);
    ck_assert_uint_eq(addresses_of(&other), 1); /* lives on for the other */
    subscribe(&one, SEC, 300 * SEC);
    ck_assert_uint_eq(addresses_of(&one), 1); /* known already, without asking */
    turn_for(base, 100);
    ck_assert_uint_eq(asked(), 1);
    lookups_unsubscribe(&one.subscription);
    lookups_unsubscribe(&other.subscription);
    lookups_unsubscribe(&other.subscription); /* twice is harmless */
}
END_TEST

START_TEST(types_and_names_are_lookups_of_their_own)
{
    struct subscriber subscribers[3];
    dns_server_say(server, NAME, DNS_A, 60, "10.0.0.1");
    dns_server_say(server, NAME, DNS_AAAA, 60, "fd00::1");
    dns_server_say(server, "b.test", DNS_A, 60, "10.0.0.2");
    subscribe(&subscribers[0], SEC, 300 * SEC);
    for (size_t i = 1; i < 3; i++) {
        subscribers[i] = subscribers[0];
        list_init(&subscribers[i].subscription.node);
        subscribe_to(&subscribers[i], i == 1 ? NAME : "b.test",
                     i == 1 ? DNS_TYPE_AAAA : DNS_TYPE_A);
    }
    ck_assert(turn_until(base, has_changed, &subscribers[2], 5000));
    turn_for(base, 100);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(subscribers[i].changes, 1);
        lookups_unsubscribe(&subscribers[i].subscription);
    }
    ck_assert_uint_eq(dns_server_total(server), 3);
}
END_TEST

START_TEST(the_keenest_subscriber_sets_the_pace)
{
    struct subscriber calm, keen;
    dns_server_say(server, NAME, DNS_A, 60, "10.0.0.1");
    subscribe(&calm, 10 * SEC, 300 * SEC);
    subscribe(&keen, 100 * MSEC, 150 * MSEC);
    wait_asked(4);
    lookups_unsubscribe(&keen.subscription);
    size_t before = asked();
    turn_for(base, 500);
    ck_assert_uint_le(asked(), before + 1); /* the one that was waiting, then the calm one's pace */
    lookups_unsubscribe(&calm.subscription);
}
END_TEST

/* "The lookup is asked as often as its keenest subscriber wants", also when it comes late. */
START_TEST(a_keen_subscriber_may_come_late)
{
    struct subscriber calm, keen;
    dns_server_say(server, NAME, DNS_A, 60, "10.0.0.1");
    subscribe(&calm, 10 * SEC, 300 * SEC);
    ck_assert(turn_until(base, has_changed, &calm, 5000));
    subscribe(&keen, 100 * MSEC, 150 * MSEC);
    turn_for(base, 1000);
    ck_assert_uint_ge(asked(), 2);
    lookups_unsubscribe(&keen.subscription);
    lookups_unsubscribe(&calm.subscription);
}
END_TEST

START_TEST(failures_keep_the_last_answer)
{
    static const int failures[] = {DNS_SERVFAIL, DNS_REFUSED, DNS_NXDOMAIN, DNS_GARBAGE};
    struct subscriber one;
    dns_server_say(server, NAME, DNS_A, 0, "10.0.0.1,10.0.0.2");
    subscribe(&one, 100 * MSEC, 300 * SEC);
    wait_asked(2);
    for (size_t i = 0; i < COUNT_OF(failures); i++) {
        dns_server_fail(server, NAME, DNS_A, failures[i]);
        size_t before = asked();
        wait_asked(before + 2);
        ck_assert_uint_eq(addresses_of(&one), 2);
        ck_assert_int_eq(failures_told, (int)i + 1); /* once a spell, not once a failure */
        dns_server_say(server, NAME, DNS_A, 0, "10.0.0.1,10.0.0.2");
        wait_asked(asked() + 2);
        ck_assert_int_eq(recoveries_told, (int)i + 1);
    }
    lookups_unsubscribe(&one.subscription);
}
END_TEST

START_TEST(an_empty_answer_after_a_good_one_is_a_failure)
{
    struct subscriber one;
    dns_server_say(server, NAME, DNS_A, 0, "10.0.0.1");
    subscribe(&one, 100 * MSEC, 300 * SEC);
    wait_asked(2);
    dns_server_say(server, NAME, DNS_A, 0, "");
    wait_asked(asked() + 2);
    ck_assert_uint_eq(addresses_of(&one), 1);
    ck_assert_int_eq(failures_told, 1);
    ck_assert_int_eq(outcome_told, ANSWER_EMPTY);
    lookups_unsubscribe(&one.subscription);
}
END_TEST

START_TEST(failures_back_off)
{
    struct subscriber one;
    dns_server_fail(server, NAME, DNS_A, DNS_SERVFAIL);
    subscribe(&one, 100 * MSEC, 300 * SEC);
    wait_asked(4);
    for (size_t i = 1; i < 4; i++) {
        usec_t gap =
            dns_server_time(server, NAME, DNS_A, i) - dns_server_time(server, NAME, DNS_A, i - 1);
        ck_assert_int_ge(gap, (100 << (i - 1)) * MSEC);
        ck_assert_int_le(gap, (100 << (i - 1)) * MSEC + 52 * MSEC);
    }
    lookups_unsubscribe(&one.subscription);
}
END_TEST

START_TEST(the_last_subscriber_ends_the_asking)
{
    struct subscriber one;
    dns_server_say(server, NAME, DNS_A, 0, "10.0.0.1");
    subscribe(&one, 100 * MSEC, 300 * SEC);
    lookups_unsubscribe(&one.subscription); /* before the first question went out */
    turn_for(base, 200);
    ck_assert_uint_eq(asked(), 0);
    subscribe(&one, 100 * MSEC, 300 * SEC);
    wait_asked(1);
    lookups_unsubscribe(&one.subscription); /* while its answer is on the way */
    turn_for(base, 300);
    ck_assert_uint_eq(asked(), 1);
    ck_assert_int_eq(one.changes, 0);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, a_ttl_is_clamped);
    tcase_add_test(cases, jitter_is_never_less_and_at_most_50_ms_more);
    tcase_add_test(cases, backoff_doubles_up_to_its_limit);
    tcase_add_test(cases, asked_again_when_the_ttl_runs_out);
    tcase_add_test(cases, ttl_0_is_min_ttl_and_never_a_spin);
    tcase_add_test(cases, a_great_ttl_is_max_ttl);
    tcase_add_test(cases, two_subscribers_share_one_question);
    tcase_add_test(cases, types_and_names_are_lookups_of_their_own);
    tcase_add_test(cases, the_keenest_subscriber_sets_the_pace);
    tcase_add_test(cases, a_keen_subscriber_may_come_late);
    tcase_add_test(cases, failures_keep_the_last_answer);
    tcase_add_test(cases, an_empty_answer_after_a_good_one_is_a_failure);
    tcase_add_test(cases, failures_back_off);
    tcase_add_test(cases, the_last_subscriber_ends_the_asking);
}

int main(void)
{
    return suite_run("discovery/lookup", add);
}
