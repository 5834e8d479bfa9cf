/* DNS servers that fail, are silent, or come up late. */
#include "bed.h"

#include <stdio.h>

/* TTLs are whole seconds in DNS; with this they run out sooner. */
#define QUICK "-o dns.max-ttl=300ms -o dns.min-ttl=100ms"

static const struct {
    enum dns_answer answer;
    const char *outcome;
} dying[] = {
    {DNS_ANSWER_SILENCE, "outcome=timeout"}, {DNS_ANSWER_SERVFAIL, "outcome=servfail"},
    {DNS_ANSWER_REFUSED, "outcome=refused"}, {DNS_ANSWER_NXDOMAIN, "outcome=nxdomain"},
    {DNS_ANSWER_EMPTY, "outcome=empty"},
};
enum { DYING = sizeof(dying) / sizeof(dying[0]) };

static void assert_all_answered(const struct bed *bed, size_t count)
{
    struct crowd *crowd = bed_crowd(bed, count);
    ck_assert_uint_eq(crowd_ask(crowd, "who", limit_ms(3000)), count);
    crowd_close(crowd);
}

START_TEST(dns_may_die_after_the_first_answer)
{
    struct bed bed;
    char words[128];
    const char *outcome = dying[_i % DYING].outcome;
    bed_open(&bed);
    for (int i = 2; i <= 4; i++) {
        bed_add(&bed, PEER_IDENTIFY, i);
    }
    bed_set_name(&bed, "2,3", 60);
    bed_run_name(&bed, bed_threads[_i / DYING], QUICK);

    dns_script_set_all(bed.dns, dying[_i % DYING].answer);
    snprintf(words, sizeof(words), "dns failed|name=" BED_NAME "|type=A |%s", outcome);
    ck_assert(daemon_wait_line(bed.daemon, words, limit_ms(5000)));
    size_t asked = dns_script_count(bed.dns, BED_NAME, DNS_A);
    ck_assert(dns_script_wait(bed.dns, BED_NAME, DNS_A, asked + 3, limit_ms(8000)));
    assert_all_answered(&bed, 40);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, "dns failed|type=A "), 1);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, "endpoints changed"), 1);

    bed_set_name(&bed, "4", 60);
    dns_script_set_all(bed.dns, DNS_ANSWER_RECORDS);
    ck_assert(
        daemon_wait_line(bed.daemon, "dns recovered|name=" BED_NAME "|type=A", limit_ms(12000)));
    bed_ask_until(&bed, "127.0.0.4", limit_ms(2000));
    bed_close(&bed);
}
END_TEST

/* A server that is not there (ICMP unreachable) or one that keeps silent, until it comes up. */
START_TEST(clients_wait_for_the_first_answer)
{
    struct bed bed;
    bool silent = _i / BED_THREADS == 0;
    uint16_t port = port_reserve();
    bed_open(&bed);
    bed_add(&bed, PEER_IDENTIFY, 2);
    struct dns_script *late = silent ? dns_script_start(NULL, port) : NULL;
    if (silent) {
        dns_script_set_all(late, DNS_ANSWER_SILENCE);
    }
    bed_run_plain(&bed, NULL, 0, "-r 127.0.0.1:%u -w %d %s", port, bed_threads[_i % BED_THREADS],
                  bed.upstream);
    ck_assert(daemon_wait_ready(bed.daemon, limit_ms(5000)));
    struct crowd *crowd = bed_crowd(&bed, 50);
    ck_assert_uint_eq(crowd_ask(crowd, "who", 300), 0);
    if (!silent) {
        late = dns_script_start(NULL, port);
    }
    dns_script_set(late, BED_NAME, DNS_A, "127.0.0.2", 60);
    dns_script_set_all(late, DNS_ANSWER_RECORDS);
    /* Their first question is still on its way, so two lines come back; the first one counts. */
    ck_assert_uint_eq(crowd_ask(crowd, "again", limit_ms(8000)), 50);
    ck_assert_uint_eq(crowd_count_answer(crowd, "127.0.0.2"), 50);
    crowd_close(crowd);
    bed_close(&bed);
    dns_script_stop(late);
}
END_TEST

START_TEST(name_that_comes_into_being_is_used)
{
    struct bed bed;
    bed_open(&bed);
    bed_add(&bed, PEER_IDENTIFY, 2);
    bed_run(&bed, "%s", bed.upstream);
    ck_assert(daemon_wait_line(bed.daemon, "dns failed|outcome=nxdomain", limit_ms(3000)));
    struct crowd *crowd = bed_crowd(&bed, 10);
    bed_set_name(&bed, "2", 60);
    ck_assert_uint_eq(crowd_ask(crowd, "who", limit_ms(5000)), 10);
    crowd_close(crowd);
    bed_close(&bed);
}
END_TEST

/* Not an orderly end, which an application could take for an empty answer. */
START_TEST(client_is_reset_at_its_deadline)
{
    struct bed bed;
    bed_open(&bed);
    dns_script_set_all(bed.dns, DNS_ANSWER_SILENCE);
    bed_run(&bed, "-w %d -o connect.deadline=700ms %s", bed_threads[_i], bed.upstream);
    struct crowd *crowd = bed_crowd(&bed, 10);
    int64_t before = moment_ms();
    struct crowd_ends ends = crowd_wait_ends(crowd, limit_ms(3000));
    int64_t waited = moment_ms() - before;
    ck_assert_uint_eq(ends.reset, 10);
    ck_assert_int_ge(waited, 600);
    ck_assert_int_le(waited, 700 + limit_ms(300));
    bed_wait_ended(&bed, 10);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, " connection |attempts=0|end=no-address"), 10);
    crowd_close(crowd);
    bed_close(&bed);
}
END_TEST

/* The first of two resolvers says nothing (or refuses); it costs the first client a second, and
 * the later questions nothing. */
START_TEST(second_resolver_answers_for_the_first)
{
    struct bed bed;
    bed_open(&bed);
    struct dns_script *good = dns_script_start(NULL, 0);
    bed_add(&bed, PEER_IDENTIFY, 2);
    dns_script_set_all(bed.dns, _i == 0 ? DNS_ANSWER_SILENCE : DNS_ANSWER_REFUSED);
    dns_script_set(good, BED_NAME, DNS_A, "127.0.0.2", 1);
    int64_t before = moment_ms();
    bed_run(&bed, "-r %s %s %s", dns_script_address(good), QUICK, bed.upstream);
    bed_expect(&bed, 2);
    ck_assert_int_le(moment_ms() - before, limit_ms(1500));
    ck_assert(dns_script_wait(good, BED_NAME, DNS_A, 4, limit_ms(3000)));
    ck_assert_uint_eq(dns_script_count(bed.dns, BED_NAME, DNS_A), 1);
    bed_close(&bed);
    dns_script_stop(good);
}
END_TEST

START_TEST(silent_aaaa_does_not_hold_up_a)
{
    struct bed bed;
    bed_open(&bed);
    bed_add(&bed, PEER_IDENTIFY, 2);
    bed_set_name(&bed, "2", 1);
    dns_script_set_answer(bed.dns, BED_NAME, DNS_AAAA,
                          _i == 0 ? DNS_ANSWER_SILENCE : DNS_ANSWER_SERVFAIL);
    int64_t before = moment_ms();
    bed_run(&bed, "%s", bed.upstream);
    bed_expect(&bed, 2);
    ck_assert_int_le(moment_ms() - before, limit_ms(800));
    ck_assert(dns_script_wait(bed.dns, BED_NAME, DNS_A, 3, limit_ms(4000)));
    bed_expect(&bed, 2);
    bed_close(&bed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dns_faults");
    BED_TEST(suite, dns_may_die_after_the_first_answer, DYING * BED_THREADS, 40);
    BED_TEST(suite, clients_wait_for_the_first_answer, 2 * BED_THREADS, 30);
    BED_TEST(suite, name_that_comes_into_being_is_used, 1, 20);
    BED_TEST(suite, client_is_reset_at_its_deadline, BED_THREADS, 20);
    BED_TEST(suite, second_resolver_answers_for_the_first, 2, 20);
    BED_TEST(suite, silent_aaaa_does_not_hold_up_a, 2, 20);
    return bed_main(suite);
}
