/* The own zone, and the story that is told of an upstream's questions. */
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

static void on_explanation(void *arg, const struct explanation *explanation)
{
    const struct history *history = lookup_history(explanation->lookup);
    size_t length = strlen(story);
    ck_assert_ptr_eq(arg, story);
    snprintf(
        story + length, sizeof story - length, "%s %s:%u %u%s %s; ",
        lookup_name(explanation->lookup), dns_type_name(lookup_type(explanation->lookup)),
        explanation->port, explanation->membership->count, explanation->held_until ? " held" : "",
        history->entries.count > 0 ? answer_outcome_name(history_entry(history, 0)->outcome) : "-");
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

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, the_own_zone_goes_first);
    tcase_add_test(cases, but_only_within_a_priority);
    tcase_add_test(cases, the_story_of_a_service);
}

int main(void)
{
    return suite_run("discovery/discovery, explained", add);
}
