#include "discovery/discovery.h"

#include <stdio.h>
#include <string.h>

#include "dns_message.h"
#include "dns_server.h"
#include "suite.h"
#include "turn.h"

#define MSEC USEC_PER_MSEC
#define SEC USEC_PER_SEC

static struct event_base *base;
static struct dns_server *server;
static struct resolver *resolver;
static struct servers *servers;
static struct lookups *lookups;

/* One discovery and what its callback was told. */
struct subject {
    struct discovery *discovery;
    int changes;
    usec_t ttl;
    struct endpoint_set *set; /* of the last callback, with a reference */
};

static void setup(void)
{
    base = event_base_new();
    server = dns_server_new(base);
    ck_assert_int_eq(resolver_new(base, 512, &resolver), 0);
    ck_assert_int_eq(resolver_servers(resolver, dns_server_address(server), 1, &servers), 0);
    lookups = lookups_new(base, resolver, NULL, NULL);
}

static void teardown(void)
{
    lookups_free(lookups);
    resolver_free(resolver);
    dns_server_free(server);
    event_base_free(base);
    libevent_global_shutdown();
}

static void on_change(void *arg, struct endpoint_set *set, const struct endpoint_set *previous,
                      usec_t ttl)
{
    struct subject *subject = arg;
    ck_assert_ptr_nonnull(previous);
    if (subject->set)
        ck_assert_ptr_eq(previous, subject->set);
    ck_assert_ptr_eq(discovery_set(subject->discovery), set);
    endpoint_set_unref(subject->set);
    subject->set = endpoint_set_ref(set);
    subject->ttl = ttl;
    subject->changes++;
}

static const char *own_listener; /* "10.0.0.2:80"; NULL: none */

static bool forbids(void *arg, const struct address *address)
{
    char text[ADDRESS_TEXT_MAX];
    ck_assert_ptr_nonnull(arg);
    return own_listener && strcmp(address_format(address, text), own_listener) == 0;
}

static const struct discovery_calls calls = {on_change, forbids};

static struct endpoint_set *carried; /* what the next begin() has from before; NULL: nothing */
static bool same;

/* Starts discovering the targets (with commas between). */
static void begin_with(struct subject *subject, const char *targets, enum dns_family family)
{
    struct target parsed[8];
    struct upstream_options options = {.targets = parsed,
                                       .family = (uint8_t)family,
                                       .min_ttl = 100 * MSEC,
                                       .max_ttl = 300 * SEC,
                                       .hold = 30 * SEC,
                                       .sample_size = 4};
    char copy[256], *rest = copy, *word;
    snprintf(copy, sizeof copy, "%s", targets);
    while ((word = strsep(&rest, ",")) != NULL) {
        const char *why = "";
        ck_assert_msg(target_parse(word, &parsed[options.target_count++], &why) == 0, "%s", why);
    }
    *subject = (struct subject){.changes = 0};
    ck_assert_int_eq(discovery_new(lookups, servers, &options, carried, same, &calls, subject,
                                   &subject->discovery),
                     0);
    for (size_t i = 0; i < options.target_count; i++)
        target_clear(&parsed[i]);
    memset(parsed, 0xa5, sizeof parsed); /* they were copied */
    ck_assert_int_eq(subject->changes, 0);
}

static void begin(struct subject *subject, const char *targets)
{
    begin_with(subject, targets, FAMILY_ANY);
}

static void end(struct subject *subject)
{
    discovery_free(subject->discovery);
    endpoint_set_unref(subject->set);
}

static const char *shown(const struct subject *subject)
{
    static char text[2048];
    const struct endpoint_set *set = discovery_set(subject->discovery);
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < set->count; i++) {
        char address[ADDRESS_TEXT_MAX];
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s", i > 0 ? " " : "",
                                   address_format(&set->endpoints[i]->address, address));
    }
    return text;
}

struct wish {
    const struct subject *subject;
    const char *want;
};

static bool is_shown(void *arg)
{
    const struct wish *wish = arg;
    return strcmp(shown(wish->subject), wish->want) == 0;
}

static void wait_shown(const struct subject *subject, const char *want)
{
    struct wish wish = {subject, want};
    ck_assert_msg(turn_until(base, is_shown, &wish, 10000), "\"%s\", not \"%s\"", shown(subject),
                  want);
}

static size_t asked_a(void)
{
    return dns_server_count(server, "a.test", DNS_A);
}

static bool reached(void *arg)
{
    return asked_a() >= *(size_t *)arg;
}

/* Until two more questions for a.test were asked: the first one's answer was worked in. */
static void two_more_questions(void)
{
    size_t count = asked_a() + 2;
    ck_assert(turn_until(base, reached, &count, 10000));
}

START_TEST(static_addresses_are_there_at_once)
{
    struct subject subject;
    begin(&subject, "10.0.0.2:80,10.0.0.1:80,[::1]:80,10.0.0.2:80,10.0.0.2:81");
    ck_assert_str_eq(shown(&subject), "10.0.0.1:80 10.0.0.2:80 10.0.0.2:81 [::1]:80");
    turn_for(base, 50);
    ck_assert_int_eq(subject.changes, 0);
    ck_assert_uint_eq(dns_server_total(server), 0);
    end(&subject);
}
END_TEST

START_TEST(who_is_forbidden_is_passed_over)
{
    struct subject subject;
    own_listener = "10.0.0.2:3000";
    dns_server_say(server, "a.test", DNS_A, 1, "10.0.0.2,10.0.0.1");
    begin(&subject, "a.test:3000,10.0.0.2:3000,10.0.0.2:80");
    wait_shown(&subject, "10.0.0.1:3000 10.0.0.2:80");
    own_listener = NULL; /* it listens there no more: the next answer brings it in */
    wait_shown(&subject, "10.0.0.1:3000 10.0.0.2:80 10.0.0.2:3000");
    end(&subject);
}
END_TEST

#define FOUR "10.0.0.1:3000 10.0.0.2:3000 10.0.0.3:3000 10.0.0.4:3000"
#define FIVE FOUR " 10.0.0.5:3000"

/* After an upgrade, or a reload that changes how DNS is asked. */
static void ck_sample_of_carried(bool same_targets, const char *want)
{
    struct subject before, subject;
    dns_server_say(server, "a.test", DNS_A, 1, "10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4,10.0.0.5");
    begin(&before, "a.test:3000");
    wait_shown(&before, FIVE);
    carried = endpoint_set_ref(discovery_set(before.discovery));
    end(&before);
    same = same_targets;
    dns_server_say(server, "a.test", DNS_A, 1, "10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4");
    begin(&subject, "a.test:3000");
    ck_assert_ptr_eq(discovery_set(subject.discovery), carried);
    two_more_questions();
    ck_assert_str_eq(shown(&subject), want);
    end(&subject);
    endpoint_set_unref(carried);
    carried = NULL;
    same = false;
}

START_TEST(a_sample_does_not_replace_what_is_carried)
{
    ck_sample_of_carried(true, FIVE);
}
END_TEST

START_TEST(the_first_answer_replaces_what_other_targets_had)
{
    ck_sample_of_carried(false, FOUR);
}
END_TEST

/* Nor is it the truth for as long as a negative answer may be kept: a type that had addresses is
 * asked again soon. */
START_TEST(an_empty_answer_to_what_is_carried_is_doubted)
{
    struct subject before, subject;
    dns_server_say(server, "a.test", DNS_A, 60, "10.0.0.1,10.0.0.2");
    begin(&before, "a.test:3000");
    wait_shown(&before, "10.0.0.1:3000 10.0.0.2:3000");
    carried = endpoint_set_ref(discovery_set(before.discovery));
    end(&before);
    same = true;
    dns_server_say(server, "a.test", DNS_A, 60, "");
    begin(&subject, "a.test:3000");
    two_more_questions();
    ck_assert_str_eq(shown(&subject), "10.0.0.1:3000 10.0.0.2:3000");
    dns_server_say(server, "a.test", DNS_A, 60, "10.0.0.1,10.0.0.2,10.0.0.3");
    wait_shown(&subject, "10.0.0.1:3000 10.0.0.2:3000 10.0.0.3:3000");
    end(&subject);
    endpoint_set_unref(carried);
    carried = NULL;
    same = false;
}
END_TEST

START_TEST(both_families_and_the_port)
{
    struct subject subject;
    dns_server_say(server, "a.test", DNS_A, 60, "10.0.0.2,10.0.0.1");
    dns_server_say(server, "a.test", DNS_AAAA, 60, "fd00::1");
    begin(&subject, "a.test:3000");
    ck_assert_str_eq(shown(&subject), "");
    wait_shown(&subject, "10.0.0.1:3000 10.0.0.2:3000 [fd00::1]:3000");
    ck_assert_int_le(subject.changes, 2);
    ck_assert_int_eq(subject.ttl, 60 * SEC);
    ck_assert_uint_eq(dns_server_total(server), 2);
    end(&subject);
}
END_TEST

START_TEST(one_family_alone)
{
    struct subject subject;
    dns_server_say(server, "a.test", DNS_A, 60, "10.0.0.1");
    dns_server_say(server, "a.test", DNS_AAAA, 60, "fd00::1");
    begin_with(&subject, "a.test:3000", FAMILY_IPV4);
    wait_shown(&subject, "10.0.0.1:3000");
    end(&subject);
    begin_with(&subject, "a.test:3000", FAMILY_IPV6);
    wait_shown(&subject, "[fd00::1]:3000");
    end(&subject);
    ck_assert_uint_eq(dns_server_total(server), 2);
}
END_TEST

START_TEST(a_silent_family_does_not_hold_the_other)
{
    struct subject subject;
    dns_server_say(server, "a.test", DNS_A, 0, "10.0.0.1");
    dns_server_fail(server, "a.test", DNS_AAAA, DNS_SILENT);
    usec_t start = clock_now();
    begin(&subject, "a.test:1");
    wait_shown(&subject, "10.0.0.1:1");
    ck_assert_int_le(clock_now() - start, 2 * MSEC);
    dns_server_say(server, "a.test", DNS_A, 0, "10.0.0.2");
    wait_shown(&subject, "10.0.0.2:1");
    ck_assert_int_le(clock_now() - start, 300 * MSEC);
    end(&subject);
}
END_TEST

START_TEST(several_targets_make_one_set)
{
    struct subject subject;
    dns_server_say(server, "a.test", DNS_A, 60, "10.0.0.1,10.0.0.9");
    dns_server_say(server, "b.test", DNS_A, 60, "10.0.0.1");
    begin_with(&subject, "a.test:1,b.test:2,a.test:2,10.0.0.9:1,10.0.0.5:5", FAMILY_IPV4);
    ck_assert_str_eq(shown(&subject), "10.0.0.5:5 10.0.0.9:1");
    wait_shown(&subject, "10.0.0.1:1 10.0.0.1:2 10.0.0.5:5 10.0.0.9:1 10.0.0.9:2");
    ck_assert_uint_eq(dns_server_total(server), 2); /* a.test once, though two targets name it */
    end(&subject);
}
END_TEST

START_TEST(two_discoveries_share_their_questions)
{
    struct subject one, other;
    dns_server_say(server, "a.test", DNS_A, 60, "10.0.0.1");
    begin_with(&one, "a.test:1", FAMILY_IPV4);
    begin_with(&other, "a.test:2", FAMILY_IPV4);
    wait_shown(&one, "10.0.0.1:1");
    wait_shown(&other, "10.0.0.1:2");
    ck_assert_uint_eq(dns_server_total(server), 1);
    end(&one);
    struct subject late;
    begin_with(&late, "a.test:3", FAMILY_IPV4);
    ck_assert_str_eq(shown(&late), "10.0.0.1:3"); /* known already */
    ck_assert_uint_eq(dns_server_total(server), 1);
    end(&other);
    end(&late);
}
END_TEST

START_TEST(who_stays_is_the_same_object)
{
    struct subject subject;
    dns_server_say(server, "a.test", DNS_A, 0, "10.0.0.1,10.0.0.2,10.0.0.3");
    begin_with(&subject, "a.test:1", FAMILY_IPV4);
    wait_shown(&subject, "10.0.0.1:1 10.0.0.2:1 10.0.0.3:1");
    struct endpoint *stays = endpoint_ref(discovery_set(subject.discovery)->endpoints[1]);
    atomic_store(&stays->active, 7);
    dns_server_say(server, "a.test", DNS_A, 0, "10.0.0.2,10.0.0.4");
    /* Two of three are gone: the next answer must say so too. */
    wait_shown(&subject, "10.0.0.1:1 10.0.0.2:1 10.0.0.3:1 10.0.0.4:1");
    wait_shown(&subject, "10.0.0.2:1 10.0.0.4:1");
    ck_assert_ptr_eq(discovery_set(subject.discovery)->endpoints[0], stays);
    ck_assert_uint_eq(atomic_load(&discovery_set(subject.discovery)->endpoints[1]->active), 0);
    ck_assert_int_eq(subject.changes, 3);
    end(&subject);
    ck_assert_uint_eq(atomic_load(&stays->references), 1);
    endpoint_unref(stays);
}
END_TEST

START_TEST(the_same_answer_changes_nothing)
{
    struct subject subject;
    dns_server_say(server, "a.test", DNS_A, 0, "10.0.0.1,10.0.0.2");
    begin_with(&subject, "a.test:1", FAMILY_IPV4);
    wait_shown(&subject, "10.0.0.1:1 10.0.0.2:1");
    struct endpoint_set *set = discovery_set(subject.discovery);
    dns_server_say(server, "a.test", DNS_A, 0, "10.0.0.2,10.0.0.1,10.0.0.2");
    two_more_questions();
    two_more_questions();
    ck_assert_ptr_eq(discovery_set(subject.discovery), set);
    ck_assert_int_eq(subject.changes, 1);
    end(&subject);
}
END_TEST

START_TEST(no_failure_removes_an_address)
{
    static const int failures[] = {DNS_SERVFAIL, DNS_REFUSED, DNS_NXDOMAIN, DNS_GARBAGE};
    struct subject subject;
    dns_server_say(server, "a.test", DNS_A, 0, "10.0.0.1,10.0.0.2");
    dns_server_say(server, "a.test", DNS_AAAA, 0, "fd00::1");
    begin(&subject, "a.test:1");
    wait_shown(&subject, "10.0.0.1:1 10.0.0.2:1 [fd00::1]:1");
    int changes = subject.changes;
    for (size_t i = 0; i < COUNT_OF(failures); i++) {
        dns_server_fail(server, "a.test", DNS_A, failures[i]);
        two_more_questions();
        ck_assert_int_eq(subject.changes, changes);
        dns_server_say(server, "a.test", DNS_A, 0, "10.0.0.1,10.0.0.2");
        two_more_questions();
    }
    dns_server_say(server, "a.test", DNS_A, 0, "");
    two_more_questions();
    dns_server_fail(server, "a.test", DNS_A, DNS_SILENT);
    two_more_questions();
    ck_assert_int_eq(subject.changes, changes);
    dns_server_say(server, "a.test", DNS_A, 0, "10.0.0.3");
    wait_shown(&subject, "10.0.0.3:1 [fd00::1]:1");
    end(&subject);
}
END_TEST

START_TEST(a_name_that_comes_up_late)
{
    struct subject subject;
    begin_with(&subject, "a.test:1", FAMILY_IPV4); /* NXDOMAIN */
    two_more_questions();
    dns_server_fail(server, "a.test", DNS_A, DNS_SERVFAIL);
    two_more_questions();
    dns_server_say(server, "a.test", DNS_A, 60, "");
    two_more_questions(); /* without an address it is asked on, whatever the TTL */
    ck_assert_int_eq(subject.changes, 0);
    dns_server_say(server, "a.test", DNS_A, 60, "10.0.0.1");
    wait_shown(&subject, "10.0.0.1:1");
    end(&subject);
}
END_TEST

START_TEST(free_ends_it)
{
    struct subject subject;
    dns_server_say(server, "a.test", DNS_A, 0, "10.0.0.1");
    begin_with(&subject, "a.test:1", FAMILY_IPV4);
    discovery_free(subject.discovery);
    turn_for(base, 200);
    ck_assert_uint_eq(dns_server_total(server), 0);
    begin_with(&subject, "a.test:1", FAMILY_IPV4);
    size_t count = 1;
    ck_assert(turn_until(base, reached, &count, 5000));
    discovery_free(subject.discovery); /* its answer is on the way */
    turn_for(base, 300);
    ck_assert_uint_eq(dns_server_total(server), 1);
    ck_assert_int_eq(subject.changes, 0);
    discovery_free(NULL);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, static_addresses_are_there_at_once);
    tcase_add_test(cases, who_is_forbidden_is_passed_over);
    tcase_add_test(cases, a_sample_does_not_replace_what_is_carried);
    tcase_add_test(cases, the_first_answer_replaces_what_other_targets_had);
    tcase_add_test(cases, an_empty_answer_to_what_is_carried_is_doubted);
    tcase_add_test(cases, both_families_and_the_port);
    tcase_add_test(cases, one_family_alone);
    tcase_add_test(cases, a_silent_family_does_not_hold_the_other);
    tcase_add_test(cases, several_targets_make_one_set);
    tcase_add_test(cases, two_discoveries_share_their_questions);
    tcase_add_test(cases, who_stays_is_the_same_object);
    tcase_add_test(cases, the_same_answer_changes_nothing);
    tcase_add_test(cases, no_failure_removes_an_address);
    tcase_add_test(cases, a_name_that_comes_up_late);
    tcase_add_test(cases, free_ends_it);
}

int main(void)
{
    return suite_run("discovery/discovery", add);
}
