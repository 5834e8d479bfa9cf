/* Who is behind the name: TTLs and changes. */
#include "bed.h"

#include <stdio.h>
#include <string.h>

enum { QUERIES_MAX = 64 };

START_TEST(change_is_followed_within_the_ttl)
{
    struct bed bed;
    char answer[64];
    bed_open(&bed);
    for (int i = 2; i <= 4; i++) {
        bed_add(&bed, PEER_IDENTIFY, i);
    }
    bed_set_name(&bed, "2,3", 2);
    bed_run_name(&bed, bed_threads[_i], "");
    int pinned = bed_connect(&bed);
    ck_assert_int_eq(client_ask(pinned, "who", answer, sizeof(answer), limit_ms(1000)), 0);

    size_t asked = dns_script_count(bed.dns, BED_NAME, DNS_A);
    ck_assert(dns_script_wait(bed.dns, BED_NAME, DNS_A, asked + 1, limit_ms(3000)));
    bed_set_name(&bed, "3,4", 2);
    int64_t changed = moment_ms();
    ck_assert(dns_script_wait(bed.dns, BED_NAME, DNS_A, asked + 2, limit_ms(3000)));
    int64_t used = bed_ask_until(&bed, "127.0.0.4", limit_ms(3000));
    ck_assert_msg(used - changed <= 2000 + limit_ms(100), "after %d ms", (int)(used - changed));

    ck_assert(daemon_wait_line(
        bed.daemon,
        "endpoints changed|count=2|added=127.0.0.4:|removed=127.0.0.2:", limit_ms(1000)));
    for (int i = 0; i < 20 && bed_threads[_i] == 1; i++) {
        char later[64];
        bed_ask(&bed, NULL, later, sizeof(later));
        ck_assert_str_ne(later, "127.0.0.2");
    }
    /* What was open on a removed address stays open. */
    ck_assert_int_eq(client_ask(pinned, "who", answer, sizeof(answer), limit_ms(1000)), 0);
    ck_assert_str_ne(answer, "127.0.0.4");
    client_close(pinned);
    bed_close(&bed);
}
END_TEST

/* As a name that stands for this very host: redial would dial itself until nothing is left. */
START_TEST(an_answer_with_our_own_listener_makes_no_loop)
{
    struct bed bed;
    bed_open(&bed);
    bed_add(&bed, PEER_IDENTIFY, 2);
    bed_set_name(&bed, "1,2", 1);
    snprintf(bed.listen, sizeof(bed.listen), "127.0.0.1:%u", bed.port);
    bed_run(&bed, "-w 2 %s=" BED_NAME ":%u", bed.listen, bed.port);
    ck_assert(daemon_wait_line(
        bed.daemon,
        "redial itself listens on: it is passed over|endpoint=127.0.0.1:", limit_ms(5000)));
    for (int i = 0; i < 10; i++) {
        bed_expect(&bed, 2);
    }
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, "|added=127.0.0.1:"), 0);
    bed_close(&bed);
}
END_TEST

/* The intervals between the first `count` queries lie between from and to (milliseconds). */
static void assert_intervals(struct bed *bed, const char *name, size_t count, int from_ms,
                             int to_ms)
{
    int64_t times[QUERIES_MAX];
    int limit = limit_ms((to_ms + 200) * (int)count);
    ck_assert(dns_script_wait(bed->dns, name, DNS_A, count, limit));
    ck_assert_uint_ge(dns_script_times(bed->dns, name, DNS_A, times, QUERIES_MAX), count);
    for (size_t i = 1; i < count; i++) {
        int interval = (int)((times[i] - times[i - 1]) / 1000);
        ck_assert_msg(interval >= from_ms, "only %d ms between two queries", interval);
        ck_assert_msg(interval <= limit_ms(to_ms), "%d ms between two queries", interval);
    }
}

/* 20 ms: a query may wait for the scheduler before its arrival is noted. */
START_TEST(ttl_zero_is_asked_once_a_second)
{
    struct bed bed;
    bed_open(&bed);
    bed_add(&bed, PEER_IDENTIFY, 2);
    bed_set_name(&bed, "2", 0);
    bed_run_name(&bed, bed_threads[_i], "");
    assert_intervals(&bed, BED_NAME, 4, 980, 1200);
    bed_expect(&bed, 2);
    bed_close(&bed);
}
END_TEST

/* A failed connect or an unlucky client must not add questions either. */
START_TEST(ttl_zero_is_asked_no_more_under_load)
{
    struct bed bed;
    char answer[64];
    bed_open(&bed);
    bed_add(&bed, PEER_IDENTIFY, 2);
    bed_add(&bed, PEER_REFUSE, 3);
    bed_set_name(&bed, "2,3", 0);
    bed_run_name(&bed, 4, "");
    size_t asked = 0;
    while ((asked = dns_script_count(bed.dns, BED_NAME, DNS_A)) < 3) {
        bed_ask(&bed, NULL, answer, sizeof(answer));
        dns_script_wait(bed.dns, BED_NAME, DNS_A, asked + 1, 10);
    }
    assert_intervals(&bed, BED_NAME, 3, 980, 1200);
    bed_close(&bed);
}
END_TEST

START_TEST(ttl_is_the_least_of_the_chain)
{
    struct bed bed;
    bed_open(&bed);
    bed_add(&bed, PEER_IDENTIFY, 2);
    dns_script_set_alias(bed.dns, BED_NAME, "middle.test", _i == 0 ? 1 : 100);
    dns_script_set_alias(bed.dns, "middle.test", "end.test", _i == 1 ? 1 : 100);
    dns_script_set(bed.dns, "end.test", DNS_A, "127.0.0.2", _i == 2 ? 1 : 100);
    bed_run_name(&bed, 1, "");
    assert_intervals(&bed, BED_NAME, 3, 980, 1200);
    ck_assert_uint_eq(dns_script_count(bed.dns, "middle.test", DNS_A), 0);
    bed_expect(&bed, 2);
    bed_close(&bed);
}
END_TEST

START_TEST(ttl_is_clamped)
{
    struct bed bed;
    bed_open(&bed);
    bed_add(&bed, PEER_IDENTIFY, 2);
    bed_set_name(&bed, "2", _i == 0 ? 86400 : 1);
    bed_run_name(&bed, 1, _i == 0 ? "-o dns.max-ttl=1s" : "-o dns.min-ttl=2s");
    int ms = _i == 0 ? 1000 : 2000;
    assert_intervals(&bed, BED_NAME, 3, ms - 20, ms + 200);
    bed_close(&bed);
}
END_TEST

START_TEST(long_ttl_is_not_asked_again)
{
    struct bed bed;
    bed_open(&bed);
    bed_add(&bed, PEER_IDENTIFY, 2);
    bed_set_name(&bed, "2", 60);
    bed_run_name(&bed, 1, "");
    ck_assert(!dns_script_wait(bed.dns, BED_NAME, DNS_A, 2, 1500));
    bed_close(&bed);
}
END_TEST

START_TEST(name_is_asked_once_for_two_upstreams)
{
    struct bed bed;
    char other[32];
    char answer[64];
    bed_open(&bed);
    bed_add(&bed, PEER_IDENTIFY, 2);
    snprintf(other, sizeof(other), "127.0.0.1:%u", port_reserve());
    bed_set_name(&bed, "2", 60);
    bed_run(&bed, "-w %d %s %s=NAME.test.:%u", bed_threads[_i], bed.upstream, other, bed.port);
    bed_ask(&bed, other, answer, sizeof(answer));
    ck_assert_str_eq(answer, "127.0.0.2");
    bed_expect(&bed, 2);
    ck_assert(!dns_script_wait(bed.dns, BED_NAME, DNS_A, 2, 300));
    ck_assert_uint_eq(dns_script_count(bed.dns, BED_NAME, DNS_A), 1);
    bed_close(&bed);
}
END_TEST

START_TEST(family_chooses_what_is_asked)
{
    struct bed bed;
    char answer[64];
    bool six = _i == 1;
    if (!bed_has_ipv6()) {
        return;
    }
    bed_open(&bed);
    bed_add(&bed, PEER_IDENTIFY, 2);
    peer_add_identify(bed.peers, "::1", bed.port);
    bed_set_name(&bed, "2", 60);
    dns_script_set(bed.dns, BED_NAME, DNS_AAAA, "::1", 60);
    bed_run_name(&bed, 1, six ? "-o dns.family=ipv6" : "-o dns.family=ipv4");
    for (int i = 0; i < 4; i++) {
        bed_ask(&bed, NULL, answer, sizeof(answer));
        ck_assert_str_eq(answer, six ? "::1" : "127.0.0.2");
    }
    ck_assert_uint_eq(dns_script_count(bed.dns, BED_NAME, six ? DNS_A : DNS_AAAA), 0);
    bed_close(&bed);
}
END_TEST

/* An idle daemon does not wake up: no timer that runs for nothing. */
START_TEST(idle_daemon_uses_no_cpu)
{
    struct bed bed;
    bed_open(&bed);
    bed_add(&bed, PEER_IDENTIFY, 2);
    bed_set_name(&bed, "2", 60);
    bed_run_name(&bed, bed_threads[_i], "");
    int fd = bed_connect(&bed);
    double before = daemon_cpu_seconds(bed.daemon);
    ck_assert_int_eq(client_next(fd, 1500), CLIENT_NEXT_NOTHING);
    ck_assert(daemon_cpu_seconds(bed.daemon) - before <= 0.05);
    client_close(fd);
    bed_close(&bed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("discovery");
    BED_TEST(suite, change_is_followed_within_the_ttl, BED_THREADS, 30);
    BED_TEST(suite, an_answer_with_our_own_listener_makes_no_loop, 1, 30);
    BED_TEST(suite, ttl_zero_is_asked_once_a_second, BED_THREADS, 30);
    BED_TEST(suite, ttl_zero_is_asked_no_more_under_load, 1, 30);
    BED_TEST(suite, ttl_is_the_least_of_the_chain, 3, 30);
    BED_TEST(suite, ttl_is_clamped, 2, 30);
    BED_TEST(suite, long_ttl_is_not_asked_again, 1, 20);
    BED_TEST(suite, name_is_asked_once_for_two_upstreams, BED_THREADS, 20);
    BED_TEST(suite, family_chooses_what_is_asked, 2, 20);
    BED_TEST(suite, idle_daemon_uses_no_cpu, BED_THREADS, 20);
    return bed_main(suite);
}
