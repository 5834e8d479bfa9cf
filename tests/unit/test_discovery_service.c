/* SRV names (RFC 2782) as upstreams: ports, tiers, weights, targets that come and go. */
#include "service_rig.h"

/* --- ports, tiers and weights ------------------------------------------------------------------
 */

START_TEST(ranks_of_priorities_are_tiers)
{
    say_targets();
    say(60, "b.test:81/2000/0,c.test:82/10/3,d.test:83/10/1,b.test:84/70/0");
    begin("srv:" NAME);
    ck_assert_str_eq(shown(), "");
    wait_shown("10.0.0.3:82*3 10.0.0.4:83 | 10.0.0.2:84 | 10.0.0.2:81");
    ck_assert_uint_eq(asked("b.test", DNS_A), 1);
    ck_assert_uint_eq(asked("b.test", DNS_AAAA), 0);
}
END_TEST

/* Priorities are numbers of their own name. */
START_TEST(the_first_choices_of_all_targets_are_one_tier)
{
    say_targets();
    say(60, "b.test:80/10/1,c.test:80/20/1");
    dns_server_say(server, "_x._tcp.other.test", DNS_SRV, 60, "d.test:80/500/1");
    add_target("10.0.0.9:80");
    add_target("srv:_x._tcp.other.test");
    begin("srv:" NAME);
    wait_shown("10.0.0.2:80 10.0.0.4:80 10.0.0.9:80 | 10.0.0.3:80");
}
END_TEST

START_TEST(a_weight_of_0_is_a_small_one)
{
    say_targets();
    say(60, "b.test:80/1/0,c.test:80/1/0,d.test:80/1/5");
    begin("srv:" NAME);
    wait_shown("10.0.0.2:80 10.0.0.3:80 10.0.0.4:80*10");
}
END_TEST

START_TEST(an_address_twice_counts_at_its_best_place)
{
    say_a("b.test", 60, "10.0.0.2,10.0.0.9");
    say_a("c.test", 60, "10.0.0.2");
    say(60, "b.test:80/20/1,c.test:80/10/1");
    begin("srv:" NAME);
    wait_shown("10.0.0.2:80 | 10.0.0.9:80");
}
END_TEST

START_TEST(priorities_and_weights_may_change)
{
    say_targets();
    say(0, "b.test:80/1/1,c.test:80/1/1");
    begin("srv:" NAME);
    wait_shown("10.0.0.2:80 10.0.0.3:80");
    struct endpoint *stays = endpoint_ref(discovery_set(discovery)->endpoints[0]);
    say(0, "b.test:80/1/3,c.test:80/1/1");
    wait_shown("10.0.0.2:80*3 10.0.0.3:80");
    say(0, "b.test:80/2/1,c.test:80/1/1");
    wait_shown("10.0.0.3:80 | 10.0.0.2:80");
    ck_assert_ptr_eq(discovery_set(discovery)->endpoints[1], stays);
    endpoint_unref(stays);
    ck_assert_uint_eq(asked("b.test", DNS_A), 1);
}
END_TEST

/* --- targets that come and go -------------------------------------------------------------------
 */

START_TEST(targets_come_and_go)
{
    say_targets();
    say(0, "b.test:80/1/1,c.test:80/1/1");
    begin("srv:" NAME);
    wait_shown("10.0.0.2:80 10.0.0.3:80");
    say(0, "c.test:80/1/1,d.test:80/1/1");
    wait_shown("10.0.0.3:80 10.0.0.4:80");
    say(0, "b.test:80/1/1,c.test:80/1/1,d.test:80/1/1");
    wait_shown("10.0.0.2:80 10.0.0.3:80 10.0.0.4:80");
}
END_TEST

START_TEST(another_port_is_another_endpoint)
{
    say_targets();
    say(0, "b.test:80/1/1");
    begin("srv:" NAME);
    wait_shown("10.0.0.2:80");
    struct endpoint *old = endpoint_ref(discovery_set(discovery)->endpoints[0]);
    say(0, "b.test:81/1/1");
    wait_shown("10.0.0.2:80 10.0.0.2:81"); /* all would go: once more, please */
    wait_shown("10.0.0.2:81");
    ck_assert_ptr_ne(discovery_set(discovery)->endpoints[0], old);
    endpoint_unref(old);
    ck_assert_uint_eq(asked("b.test", DNS_A), 1); /* the target was known */
}
END_TEST

START_TEST(targets_have_ttls_of_their_own)
{
    say_a("b.test", 0, "10.0.0.2");
    say(60, "b.test:80/1/1");
    begin("srv:" NAME);
    wait_shown("10.0.0.2:80");
    say_a("b.test", 0, "10.0.0.3");
    wait_shown("10.0.0.3:80");
    ck_assert_uint_eq(asked(NAME, DNS_SRV), 1);
}
END_TEST

/* --- the additional section ----------------------------------------------------------------------
 */

START_TEST(what_comes_along_is_not_asked)
{
    options.family = FAMILY_ANY;
    dns_server_add_extras(server);
    say_targets();
    dns_server_say(server, "b.test", DNS_AAAA, 60, "fd00::2");
    dns_server_say(server, "c.test", DNS_AAAA, 60, "fd00::3");
    say(60, "b.test:80/1/1,c.test:80/1/1");
    begin("srv:" NAME);
    wait_shown("10.0.0.2:80 10.0.0.3:80 [fd00::2]:80 [fd00::3]:80");
    turn_for(base, 200);
    ck_assert_uint_eq(dns_server_total(server), 1);
    ck_assert_int_eq(changes, 1);
}
END_TEST

START_TEST(what_does_not_come_along_is)
{
    dns_server_add_extras(server);
    say_a("b.test", 60, "10.0.0.2");
    dns_server_say(server, "c.test", DNS_A, 60, "10.0.0.3");
    dns_server_fail(server, "c.test", DNS_A, DNS_TRUNCATED); /* which the section passes over */
    say(60, "b.test:80/1/1,c.test:80/1/1");
    begin("srv:" NAME);
    wait_shown("10.0.0.2:80 10.0.0.3:80");
    ck_assert_uint_eq(asked("b.test", DNS_A), 0);
    ck_assert_uint_eq(asked("c.test", DNS_A), 1);
}
END_TEST

START_TEST(one_answer_is_one_change)
{
    dns_server_add_extras(server);
    say_targets();
    say(0, "b.test:80/1/1,c.test:80/1/1,d.test:80/1/1");
    begin("srv:" NAME);
    wait_shown("10.0.0.2:80 10.0.0.3:80 10.0.0.4:80");
    ck_assert_int_eq(changes, 1);
    two_more_questions();
    ck_assert_int_eq(changes, 1);
    say_a("b.test", 0, "10.0.1.2");
    say_a("c.test", 0, "10.0.1.3");
    say_a("d.test", 0, "10.0.1.4");
    wait_shown("10.0.0.2:80 10.0.0.3:80 10.0.0.4:80 10.0.1.2:80 10.0.1.3:80 10.0.1.4:80");
    ck_assert_int_eq(changes, 2);
    wait_shown("10.0.1.2:80 10.0.1.3:80 10.0.1.4:80");
    ck_assert_int_eq(changes, 3);
}
END_TEST

/* --- nothing, and failures ----------------------------------------------------------------------
 */

START_TEST(nothing_is_held)
{
    say_targets();
    say(0, "b.test:80/1/1,c.test:80/1/1");
    begin("srv:" NAME);
    wait_shown("10.0.0.2:80 10.0.0.3:80");
    int before = changes;
    if (_i == 0)
        dns_server_fail(server, NAME, DNS_SRV, DNS_NXDOMAIN);
    else
        say(0, _i == 1 ? "" : ".");
    two_more_questions();
    ck_assert_int_eq(changes, before);
    fail_connect("10.0.0.2:81"); /* that is nobody */
    ck_assert_int_eq(changes, before);
    fail_connect("10.0.0.2:80");
    ck_assert_str_eq(shown(), "10.0.0.3:80");
}
END_TEST

START_TEST(nothing_is_believed_in_the_end)
{
    options.hold = 500 * MSEC;
    say_targets();
    say(0, "b.test:80/1/1,c.test:80/1/1");
    begin("srv:" NAME);
    wait_shown("10.0.0.2:80 10.0.0.3:80");
    say(0, ".");
    usec_t start = clock_now();
    wait_shown("");
    ck_assert_int_ge(clock_now() - start, 500 * MSEC);
    say(0, "d.test:80/1/1");
    wait_shown("10.0.0.4:80");
}
END_TEST

START_TEST(failures_keep_everything)
{
    static const int failures[] = {DNS_SERVFAIL, DNS_REFUSED, DNS_GARBAGE};
    options.hold = 1;
    say_targets();
    say(0, "b.test:80/1/1,c.test:80/1/1");
    begin("srv:" NAME);
    wait_shown("10.0.0.2:80 10.0.0.3:80");
    int before = changes;
    dns_server_fail(server, NAME, DNS_SRV, failures[_i]);
    two_more_questions();
    two_more_questions();
    ck_assert_int_eq(changes, before);
}
END_TEST

START_TEST(a_present_target_stays_whoever_fails)
{
    say_targets();
    say_a("b.test", 60, "10.0.0.2,10.0.0.5");
    options.min_ttl = 300 * MSEC;
    say(0, "b.test:80/1/1,c.test:80/1/1,d.test:80/1/1");
    begin("srv:" NAME);
    wait_shown("10.0.0.2:80 10.0.0.3:80 10.0.0.4:80 10.0.0.5:80");
    say(60, "d.test:80/1/1"); /* two of three would go: suspect, until it is said again */
    two_more_questions();
    wait_shown("10.0.0.4:80");
    say(60, "d.test:80/1/1");
    fail_connect("10.0.0.4:80"); /* the last answer named it: it stays */
    ck_assert_str_eq(shown(), "10.0.0.4:80");
}
END_TEST

START_TEST(a_suspect_target_leaves_with_all_its_addresses)
{
    say_targets();
    say_a("b.test", 60, "10.0.0.2,10.0.0.5");
    say(0, "b.test:80/1/1,c.test:80/1/1,d.test:80/1/1");
    begin("srv:" NAME);
    wait_shown("10.0.0.2:80 10.0.0.3:80 10.0.0.4:80 10.0.0.5:80");
    dns_server_fail(server, NAME, DNS_SRV, DNS_NXDOMAIN);
    two_more_questions();
    int before = changes;
    fail_connect("10.0.0.5:80");
    ck_assert_str_eq(shown(), "10.0.0.3:80 10.0.0.4:80");
    ck_assert_int_eq(changes, before + 1);
}
END_TEST

/* DNS may be silent just when it names others. */
START_TEST(targets_without_an_address_replace_nobody)
{
    say_targets();
    say(0, "b.test:80/1/1,c.test:80/1/1");
    begin("srv:" NAME);
    wait_shown("10.0.0.2:80 10.0.0.3:80");
    dns_server_fail(server, "e.test", DNS_A, DNS_SILENT);
    dns_server_fail(server, "f.test", DNS_A, DNS_NXDOMAIN);
    say(0, "e.test:80/1/1,f.test:80/1/1");
    int before = changes;
    two_more_questions();
    two_more_questions();
    ck_assert_str_eq(shown(), "10.0.0.2:80 10.0.0.3:80");
    ck_assert(discovery_is_carried(discovery));
    ck_assert_int_eq(changes, before);
    say_a("f.test", 60, "10.0.0.9");
    wait_shown("10.0.0.9:80");
    ck_assert(!discovery_is_carried(discovery));
}
END_TEST

START_TEST(a_failure_asks_again)
{
    say_targets();
    say(60, "b.test:80/1/1,c.test:80/1/1");
    begin("srv:" NAME);
    wait_shown("10.0.0.2:80 10.0.0.3:80");
    fail_connect("10.0.0.2:80");
    size_t count = 2;
    ck_assert(turn_until(base, srv_reached, &count, 5000));
    turn_for(base, 300);
    ck_assert_uint_eq(asked("b.test", DNS_A), 2);
    ck_assert_uint_eq(asked("c.test", DNS_A), 1);
    ck_assert_str_eq(shown(), "10.0.0.2:80 10.0.0.3:80");
}
END_TEST

START_TEST(free_ends_it_all)
{
    say_targets();
    say(0, "b.test:80/1/1,c.test:80/1/1");
    dns_server_fail(server, "c.test", DNS_A, DNS_SILENT);
    begin("srv:" NAME);
    wait_shown("10.0.0.2:80");
    discovery_free(discovery);
    discovery = NULL;
    int before = changes;
    size_t total = dns_server_total(server);
    turn_for(base, 300);
    ck_assert_int_eq(changes, before);
    ck_assert_uint_le(dns_server_total(server), total + 1); /* one may have been on its way */
}
END_TEST

START_TEST(the_own_zone_goes_first_within_a_priority)
{
    struct network zone;
    const char *why = "";
    ck_assert_int_eq(network_parse("10.1.0.0/16", &zone, &why), 0);
    options.preferred = &zone;
    options.preferred_count = 1;
    say_a("b.test", 60, "10.0.0.1,10.1.0.2");
    say_a("c.test", 60, "10.0.0.3,10.1.0.4");
    say(60, "b.test:80/1/1,c.test:80/2/1");
    begin("srv:" NAME);
    wait_shown("10.1.0.2:80 | 10.0.0.1:80 | 10.1.0.4:80 | 10.0.0.3:80");
}
END_TEST

START_TEST(two_upstreams_share_their_questions)
{
    say_targets();
    say(60, "b.test:80/1/1");
    begin("srv:" NAME);
    struct discovery *first = discovery;
    options.target_count = 0;
    begin("srv:" NAME);
    wait_shown("10.0.0.2:80");
    ck_assert_uint_eq(dns_server_total(server), 2);
    discovery_free(first);
    ck_assert_str_eq(shown(), "10.0.0.2:80");
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, ranks_of_priorities_are_tiers);
    tcase_add_test(cases, the_first_choices_of_all_targets_are_one_tier);
    tcase_add_test(cases, a_weight_of_0_is_a_small_one);
    tcase_add_test(cases, an_address_twice_counts_at_its_best_place);
    tcase_add_test(cases, priorities_and_weights_may_change);
    tcase_add_test(cases, targets_come_and_go);
    tcase_add_test(cases, another_port_is_another_endpoint);
    tcase_add_test(cases, targets_have_ttls_of_their_own);
    tcase_add_test(cases, what_comes_along_is_not_asked);
    tcase_add_test(cases, what_does_not_come_along_is);
    tcase_add_test(cases, one_answer_is_one_change);
    tcase_add_loop_test(cases, nothing_is_held, 0, 3);
    tcase_add_test(cases, nothing_is_believed_in_the_end);
    tcase_add_loop_test(cases, failures_keep_everything, 0, 3);
    tcase_add_test(cases, a_present_target_stays_whoever_fails);
    tcase_add_test(cases, a_suspect_target_leaves_with_all_its_addresses);
    tcase_add_test(cases, targets_without_an_address_replace_nobody);
    tcase_add_test(cases, a_failure_asks_again);
    tcase_add_test(cases, free_ends_it_all);
    tcase_add_test(cases, the_own_zone_goes_first_within_a_priority);
    tcase_add_test(cases, two_upstreams_share_their_questions);
}

int main(void)
{
    return suite_run("discovery/service", add);
}
