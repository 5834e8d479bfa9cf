/* The own zone, and the story that is told of an upstream's questions. */
#include "route_rig.h"
#include "service_rig.h"

/* --- the own zone ------------------------------------------------------------------------------
 */

static struct network zone;

static void prefer(const char *network)
{
    const char *why;
    ck_assert_int_eq(network_parse(network, &zone, &why), 0);
    options.preferred = &zone;
    options.preferred_count = 1;
}

START_TEST(the_own_zone_goes_first)
{
    prefer("10.1.0.0/16");
    say_a("a.test", 60, "10.0.0.1,10.1.0.1,10.1.0.2");
    begin("a.test:80");
    memset(&zone, 0xa5, sizeof zone); /* it was copied */
    wait_shown("10.1.0.1:80 10.1.0.2:80 | 10.0.0.1:80");
}
END_TEST

START_TEST(but_only_within_a_priority)
{
    prefer("10.1.0.0/16");
    say_a("b.test", 60, "10.0.0.1,10.1.0.1");
    say_a("c.test", 60, "10.0.0.2,10.1.0.2");
    say(60, "b.test:80/10/1,c.test:80/20/1");
    begin("srv:" NAME);
    wait_shown("10.1.0.1:80 | 10.0.0.1:80 | 10.1.0.2:80 | 10.0.0.2:80");
}
END_TEST

/* --- the story -----------------------------------------------------------------------------------
 */

static char story[1024];

/* Of the question that was told of last. */
static usec_t last_due, last_wait;
static size_t answers_told;

static void on_explanation(void *arg, const struct explanation *explanation)
{
    const struct history *history = explanation->history;
    size_t length = strlen(story);
    ck_assert_ptr_eq(arg, story);
    answers_told = history->entries.count;
    last_due = explanation->due;
    last_wait = answers_told > 0 ? history_entry(history, 0)->wait : 0;
    snprintf(story + length, sizeof story - length, "%s %s:%u %u%s %s; ", explanation->name,
             dns_type_name(explanation->type), explanation->port, explanation->membership->count,
             explanation->held_until ? " held" : "",
             history->entries.count > 0 ? answer_outcome_name(history_entry(history, 0)->outcome)
                                        : "-");
}

/* The resolver itself looks at routes once a second. */
static bool is_shown_in_a_hurry(void *arg)
{
    discovery_hurry(discovery);
    return is_shown(arg);
}

static const char *tell_story(void)
{
    story[0] = '\0';
    discovery_explain(discovery, on_explanation, story);
    return story;
}

START_TEST(the_story_of_a_service)
{
    options.family = FAMILY_ANY;
    say_targets();
    dns_server_say(server, "b.test", DNS_AAAA, 60, "fd00::2");
    dns_server_say(server, "c.test", DNS_AAAA, 60, "fd00::3,fd00::4");
    say(0, "b.test:80/1/1,c.test:81/1/1");
    begin("srv:" NAME);
    wait_shown("10.0.0.2:80 10.0.0.3:81 [fd00::2]:80 [fd00::3]:81 [fd00::4]:81");
    discovery_explain(discovery, on_explanation, story);
    ck_assert_str_eq(story, NAME " SRV:0 2 records; b.test A:80 1 records; "
                                 "b.test AAAA:80 1 records; c.test A:81 1 records; "
                                 "c.test AAAA:81 2 records; ");
    dns_server_fail(server, NAME, DNS_SRV, DNS_NXDOMAIN);
    two_more_questions();
    story[0] = '\0';
    discovery_explain(discovery, on_explanation, story);
    ck_assert_ptr_nonnull(strstr(story, NAME " SRV:0 2 held nxdomain; b.test"));
}
END_TEST

/* Without an IPv6 route the AAAA is a question like the others, which costs nothing and waits. */
START_TEST(an_aaaa_that_waits_for_a_route)
{
    options.family = FAMILY_ANY;
    route_rig_ipv6 = false;
    say_a("a.test", 60, "10.0.0.1");
    dns_server_say(server, "a.test", DNS_AAAA, 60, "fd00::1");
    begin("a.test:80");
    ck_assert_str_eq(tell_story(), "a.test A:80 0 -; a.test AAAA:80 0 -; ");
    wait_shown("10.0.0.1:80");
    ck_assert_str_eq(tell_story(), "a.test A:80 1 records; a.test AAAA:80 0 not-asked; ");
    ck_assert_int_eq(last_wait, 10 * USEC_PER_SEC);
    ck_assert_int_gt(last_due, clock_now() + 9 * USEC_PER_SEC);
    ck_assert_uint_eq(dns_server_count(server, "a.test", DNS_AAAA), 0);
    route_rig_ipv6 = true;
    char want[] = "10.0.0.1:80 [fd00::1]:80";
    ck_assert(turn_until(base, is_shown_in_a_hurry, want, 10000));
    ck_assert_str_eq(tell_story(), "a.test A:80 1 records; a.test AAAA:80 1 records; ");
    ck_assert_uint_eq(answers_told, 2); /* that it was not asked is remembered */
}
END_TEST

/* An SRV answer may bring the address all the same. */
START_TEST(an_aaaa_that_comes_along_without_a_route)
{
    options.family = FAMILY_ANY;
    route_rig_ipv6 = false;
    say_a("b.test", 60, "10.0.0.2");
    say(60, "b.test:80/1/1");
    dns_server_say(server, "b.test", DNS_AAAA, 60, "fd00::2");
    dns_server_add_extras(server);
    begin("srv:" NAME);
    wait_shown("10.0.0.2:80 [fd00::2]:80");
    ck_assert_uint_eq(dns_server_count(server, "b.test", DNS_AAAA), 0);
}
END_TEST

/* Somebody else may ask for it, since it wants nothing else: then it is known to all. */
START_TEST(an_aaaa_that_another_asks_for)
{
    struct discovery *other;
    options.family = FAMILY_IPV6;
    route_rig_ipv6 = false;
    say_a("a.test", 60, "10.0.0.1");
    dns_server_say(server, "a.test", DNS_AAAA, 60, "fd00::1");
    begin("a.test:80");
    wait_shown("[fd00::1]:80");
    options.family = FAMILY_ANY;
    ck_assert_int_eq(discovery_new(lookups, servers, &options, NULL, false, &calls, NULL, &other),
                     0);
    ck_assert_uint_eq(discovery_set(other)->count, 1);
    discovery_free(other);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, the_own_zone_goes_first);
    tcase_add_test(cases, but_only_within_a_priority);
    tcase_add_test(cases, the_story_of_a_service);
    tcase_add_test(cases, an_aaaa_that_waits_for_a_route);
    tcase_add_test(cases, an_aaaa_that_comes_along_without_a_route);
    tcase_add_test(cases, an_aaaa_that_another_asks_for);
}

int main(void)
{
    return suite_run("discovery/discovery, explained", add);
}
