/* SRV targets of an upstream, the own zone, and what discovery explains. */
#include <stdio.h>
#include <string.h>

#include "discovery/discovery.h"
#include "dns_message.h"
#include "dns_server.h"
#include "suite.h"
#include "turn.h"

#define MSEC USEC_PER_MSEC
#define SEC USEC_PER_SEC
#define SRV "_web._tcp.test"

static struct event_base *base;
static struct dns_server *server;
static struct resolver *resolver;
static struct servers *servers;
static struct lookups *lookups;
static struct discovery *discovery;
static int changes;

static void setup(void)
{
    base = event_base_new();
    server = dns_server_new(base);
    ck_assert_int_eq(resolver_new(base, 512, &resolver), 0);
    ck_assert_int_eq(resolver_servers(resolver, dns_server_address(server), 1, &servers), 0);
    lookups = lookups_new(base, resolver, NULL, NULL);
    discovery = NULL;
    changes = 0;
}

static void teardown(void)
{
    discovery_free(discovery);
    lookups_free(lookups);
    resolver_free(resolver);
    dns_server_free(server);
    event_base_free(base);
    libevent_global_shutdown();
}

static void on_change(void *arg, struct endpoint_set *set, const struct endpoint_set *previous,
                      usec_t ttl)
{
    (void)arg;
    (void)ttl;
    ck_assert_ptr_ne(set, previous);
    changes++;
}

static void begin(const char *zone)
{
    struct target target;
    struct network preferred;
    const char *why = "";
    struct upstream_options options = {.targets = &target,
                                       .target_count = 1,
                                       .family = FAMILY_IPV4,
                                       .min_ttl = 100 * MSEC,
                                       .max_ttl = 300 * SEC,
                                       .hold = 30 * SEC,
                                       .sample_size = 8};
    ck_assert_int_eq(target_parse("srv:" SRV, &target, &why), 0);
    if (zone) {
        ck_assert_int_eq(network_parse(zone, &preferred, &why), 0);
        options.preferred = &preferred;
        options.preferred_count = 1;
    }
    ck_assert_int_eq(discovery_new(lookups, servers, &options, on_change, NULL, &discovery), 0);
}

/* "tier:address*weight …" */
static const char *shown(void)
{
    static char text[2048];
    const struct endpoint_set *set = discovery_set(discovery);
    size_t length = 0;
    text[0] = '\0';
    for (size_t t = 0; t < set->tier_count; t++)
        for (size_t i = 0; i < set->tiers[t].count; i++) {
            size_t at = set->tiers[t].first + i;
            char address[ADDRESS_TEXT_MAX];
            length += (size_t)snprintf(
                text + length, sizeof text - length, "%s%zu:%s*%u", length > 0 ? " " : "", t,
                address_format(&set->endpoints[at]->address, address), set->weights[at]);
        }
    return text;
}

static bool is_shown(void *want)
{
    return strcmp(shown(), want) == 0;
}

static void wait_shown(const char *want)
{
    char copy[1024];
    strcpy(copy, want);
    ck_assert_msg(turn_until(base, is_shown, copy, 10000), "\"%s\", not \"%s\"", shown(), want);
}

static void say(uint32_t ttl, const char *records)
{
    dns_server_say(server, SRV, DNS_SRV, ttl, records);
}

static void say_address(const char *name, const char *addresses)
{
    dns_server_say(server, name, DNS_A, 60, addresses);
}

static size_t asked_srv(void)
{
    return dns_server_count(server, SRV, DNS_SRV);
}

static bool reached(void *count)
{
    return asked_srv() >= *(size_t *)count;
}

/* Until the answer to a question that is asked from now on was worked in. */
static void two_more_questions(void)
{
    size_t count = asked_srv() + 2;
    ck_assert(turn_until(base, reached, &count, 10000));
}

START_TEST(ports_priorities_and_weights)
{
    say(60, "10 10 81 a.test,10 20 82 b.test,20 0 83 c.test");
    say_address("a.test", "10.0.0.1");
    say_address("b.test", "10.0.0.2,10.0.0.3");
    say_address("c.test", "10.0.0.4");
    begin(NULL);
    wait_shown("0:10.0.0.1:81*1 0:10.0.0.2:82*2 0:10.0.0.3:82*2 1:10.0.0.4:83*1");
    ck_assert_uint_eq(dns_server_total(server), 4);
}
END_TEST

/* Addresses that come with the answer are not asked for, and make one change. */
START_TEST(the_additional_section_is_used)
{
    say(60, "1 1 81 a.test 10.0.0.1,1 1 82 b.test 10.0.0.2");
    begin(NULL);
    wait_shown("0:10.0.0.1:81*1 0:10.0.0.2:82*1");
    turn_for(base, 100);
    ck_assert_uint_eq(dns_server_total(server), 1);
    ck_assert_int_eq(changes, 1);
}
END_TEST

START_TEST(targets_come_and_go)
{
    say_address("a.test", "10.0.0.1");
    say_address("b.test", "10.0.0.2");
    say(0, "1 1 81 a.test,1 1 81 b.test");
    begin(NULL);
    wait_shown("0:10.0.0.1:81*1 0:10.0.0.2:81*1");
    struct endpoint *stays = endpoint_ref(discovery_set(discovery)->endpoints[0]);
    say(0, "1 1 81 a.test,1 1 90 b.test"); /* another port is another endpoint */
    wait_shown("0:10.0.0.1:81*1 0:10.0.0.2:90*1");
    ck_assert_ptr_eq(discovery_set(discovery)->endpoints[0], stays);
    say(0, "1 1 81 a.test");
    wait_shown("0:10.0.0.1:81*1");
    endpoint_unref(stays);
}
END_TEST

/* What DNS cannot do to addresses, it cannot do to targets. */
START_TEST(no_answer_removes_targets_by_accident)
{
    say_address("a.test", "10.0.0.1");
    say(0, "1 1 81 a.test");
    begin(NULL);
    wait_shown("0:10.0.0.1:81*1");
    static const int failures[] = {DNS_SERVFAIL, DNS_NXDOMAIN, DNS_GARBAGE};
    for (size_t i = 0; i < COUNT_OF(failures); i++) {
        dns_server_fail(server, SRV, DNS_SRV, failures[i]);
        two_more_questions();
        ck_assert_str_eq(shown(), "0:10.0.0.1:81*1");
        say(0, "1 1 81 a.test");
        two_more_questions();
    }
    say(0, "0 0 0 ."); /* "not here" is believed after hold */
    two_more_questions();
    ck_assert_str_eq(shown(), "0:10.0.0.1:81*1");
    struct address address = discovery_set(discovery)->endpoints[0]->address;
    discovery_connect_failed(discovery, &address);
    ck_assert_str_eq(shown(), "");
}
END_TEST

START_TEST(two_upstreams_share_their_questions)
{
    struct discovery *first;
    say_address("a.test", "10.0.0.1");
    say(60, "1 1 81 a.test");
    begin(NULL);
    first = discovery;
    begin(NULL);
    wait_shown("0:10.0.0.1:81*1");
    ck_assert_uint_eq(dns_server_total(server), 2);
    discovery_free(first);
    ck_assert_str_eq(shown(), "0:10.0.0.1:81*1");
}
END_TEST

START_TEST(the_own_zone_goes_first_within_a_priority)
{
    say(60, "1 1 81 a.test 10.0.0.1,1 1 81 b.test 10.1.0.2,2 1 81 c.test 10.0.0.3,2 1 81 d.test "
            "10.1.0.4");
    begin("10.1.0.0/16");
    wait_shown("0:10.1.0.2:81*1 1:10.0.0.1:81*1 2:10.1.0.4:81*1 3:10.0.0.3:81*1");
}
END_TEST

/* --- explaining
 * ------------------------------------------------------------------------------------- */

static char story[4096];

static void tell(void *arg, const struct explanation *explanation)
{
    const struct history *history = lookup_history(explanation->lookup);
    char record[RECORD_TEXT_MAX];
    size_t end = strlen(story);
    (void)arg;
    end += (size_t)sprintf(story + end, "%s %s %u:", lookup_name(explanation->lookup),
                           dns_type_name(lookup_type(explanation->lookup)), explanation->port);
    for (size_t n = 0; n < history->entries.count; n++) {
        const struct history_entry *entry = history_entry(history, n);
        end += (size_t)sprintf(story + end, " %s/%s", answer_outcome_name(entry->outcome),
                               wait_reason_name(entry->reason));
    }
    for (size_t i = 0; i < explanation->membership->count; i++) {
        const struct member *member = &explanation->membership->members[i];
        end += (size_t)sprintf(story + end, " %s=%s", record_format(&member->record, record),
                               member_state_name(member->state));
    }
    strcpy(story + end, "; ");
}

START_TEST(every_question_is_explained)
{
    say_address("a.test", "10.0.0.1");
    say(0, "1 1 81 a.test");
    begin(NULL);
    wait_shown("0:10.0.0.1:81*1");
    discovery_explain(discovery, tell, NULL);
    ck_assert_str_eq(story, SRV " SRV 0: records/min-ttl a.test:81=present; "
                                "a.test A 81: records/ttl 10.0.0.1=present; ");
    dns_server_fail(server, SRV, DNS_SRV, DNS_NXDOMAIN);
    two_more_questions();
    story[0] = '\0';
    discovery_explain(discovery, tell, NULL);
    ck_assert_ptr_nonnull(strstr(story, " nxdomain/backoff records/min-ttl a.test:81=held; "));
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, ports_priorities_and_weights);
    tcase_add_test(cases, the_additional_section_is_used);
    tcase_add_test(cases, targets_come_and_go);
    tcase_add_test(cases, no_answer_removes_targets_by_accident);
    tcase_add_test(cases, two_upstreams_share_their_questions);
    tcase_add_test(cases, the_own_zone_goes_first_within_a_priority);
    tcase_add_test(cases, every_question_is_explained);
}

int main(void)
{
    return suite_run("discovery/service", add);
}
