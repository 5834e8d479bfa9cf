/* SRV names, resolvers of one upstream, odd names and answers, and the budget of DNS packets. */
#include "bed.h"

#include "outcome.h"
#include "tempdir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVICE "_http._tcp.name.test"

/* Two backends on ports of their own, behind one.test and two.test. */
struct pair {
    struct bed bed;
    uint16_t ports[2];
    struct peer *peers[2];
};

static void pair_open(struct pair *pair)
{
    static const char *const ids[] = {"one", "two"};
    static const char *const names[] = {"one.test", "two.test"};
    bed_open(&pair->bed);
    for (int i = 0; i < 2; i++) {
        pair->ports[i] = port_reserve();
        struct peer_options options = {
            .manner = PEER_IDENTIFY, .ip = "127.0.0.2", .port = pair->ports[i], .id = ids[i]};
        pair->peers[i] = peer_add(pair->bed.peers, &options);
        dns_script_set(pair->bed.dns, names[i], DNS_A, "127.0.0.2", 60);
    }
}

static void pair_say(struct pair *pair, unsigned ttl, const char *one, const char *two)
{
    char records[256] = "";
    size_t length = 0;
    if (one != NULL) {
        length = (size_t)snprintf(records, sizeof(records), "one.test:%u/%s", pair->ports[0], one);
    }
    if (two != NULL) {
        snprintf(records + length, sizeof(records) - length, ",two.test:%u/%s", pair->ports[1],
                 two);
    }
    dns_script_set(pair->bed.dns, SERVICE, DNS_SRV, records, ttl);
}

static void pair_run(struct pair *pair, int threads, int count)
{
    char words[64];
    bed_run(&pair->bed, "-w %d -o dns.family=ipv4 %s=srv:%s", threads, pair->bed.listen, SERVICE);
    snprintf(words, sizeof(words), "endpoints changed|count=%d", count);
    ck_assert(daemon_wait_line(pair->bed.daemon, words, limit_ms(5000)));
}

static void expect_id(struct pair *pair, const char *want)
{
    char answer[64];
    bed_ask(&pair->bed, NULL, answer, sizeof(answer));
    ck_assert_str_eq(answer, want);
}

START_TEST(srv_gives_the_ports)
{
    struct pair pair;
    pair_open(&pair);
    pair_say(&pair, 60, "1/1", "1/1");
    pair_run(&pair, bed_threads[_i], 2);
    bed_ask_until(&pair.bed, "one", limit_ms(3000));
    bed_ask_until(&pair.bed, "two", limit_ms(3000));
    ck_assert_uint_eq(dns_script_count(pair.bed.dns, SERVICE, DNS_SRV), 1);
    ck_assert_uint_eq(dns_script_count(pair.bed.dns, "one.test", DNS_A), 1);
    bed_close(&pair.bed);
}
END_TEST

START_TEST(the_next_priority_serves_when_the_first_is_dead)
{
    struct pair pair;
    pair_open(&pair);
    pair_say(&pair, 60, "20/1", "10/1");
    pair_run(&pair, bed_threads[_i], 2);
    bed_ask_until(&pair.bed, "two", limit_ms(3000)); /* every worker may not know all yet */
    for (int i = 0; i < 20 && bed_threads[_i] == 1; i++) {
        expect_id(&pair, "two");
    }
    peer_kill(pair.peers[1]);
    for (int i = 0; i < 20; i++) {
        expect_id(&pair, "one");
    }
    bed_close(&pair.bed);
}
END_TEST

START_TEST(targets_are_followed)
{
    struct pair pair;
    pair_open(&pair);
    pair_say(&pair, 1, "1/1", NULL);
    pair_run(&pair, bed_threads[_i], 1);
    expect_id(&pair, "one");
    pair_say(&pair, 1, "1/1", "1/1");
    bed_ask_until(&pair.bed, "two", limit_ms(4000));
    pair_say(&pair, 1, NULL, "1/1");
    ck_assert(daemon_wait_line(pair.bed.daemon,
                               "endpoints changed|count=1|removed=127.0.0.2:", limit_ms(5000)));
    bed_ask_until(&pair.bed, "two", limit_ms(2000));
    for (int i = 0; i < 10 && bed_threads[_i] == 1; i++) {
        expect_id(&pair, "two");
    }
    bed_close(&pair.bed);
}
END_TEST

START_TEST(check_resolve_prints_srv)
{
    struct pair pair;
    char target[128];
    char want[2][128];
    pair_open(&pair);
    pair_say(&pair, 30, "10/5", "20/7");
    snprintf(target, sizeof(target), "%s=srv:%s", pair.bed.listen, SERVICE);
    const char *arguments[] = {
        "--check", "--resolve",       "-r",   dns_script_address(pair.bed.dns),
        "-o",      "dns.family=ipv4", target, NULL};
    struct outcome outcome = outcome_run(NULL, arguments);
    ck_assert_msg(outcome.status == 0, "status %d: %s", outcome.status, outcome.errors);
    snprintf(want[0], sizeof(want[0]),
             SERVICE
             " SRV: one.test:%u (priority 10, weight 5) two.test:%u (priority 20, weight 7),"
             " ttl 30s",
             pair.ports[0], pair.ports[1]);
    snprintf(want[1], sizeof(want[1]), "two.test A: 127.0.0.2:%u, ttl 60s", pair.ports[1]);
    for (int i = 0; i < 2; i++) {
        ck_assert_msg(strstr(outcome.output, want[i]) != NULL, "no \"%s\" in: %s", want[i],
                      outcome.output);
    }
    outcome_free(&outcome);
    dns_script_set(pair.bed.dns, SERVICE, DNS_SRV, ".", 30);
    outcome = outcome_run(NULL, arguments);
    ck_assert_int_ne(outcome.status, 0);
    ck_assert_ptr_nonnull(strstr(outcome.output, "SRV: no-service"));
    outcome_free(&outcome);
    bed_close(&pair.bed);
}
END_TEST

START_TEST(an_upstream_may_have_resolvers_of_its_own)
{
    struct bed bed;
    bed_open(&bed);
    bed_add(&bed, PEER_IDENTIFY, 2);
    struct dns_script *own = dns_script_start(NULL, 0);
    dns_script_set(own, BED_NAME, DNS_A, "127.0.0.2", 60);
    bed_run(&bed, "-o dns.resolver=%s %s", dns_script_address(own), bed.upstream);
    bed_expect(&bed, 2);
    ck_assert_uint_eq(dns_script_count_all(bed.dns), 0);
    bed_close(&bed);
    dns_script_stop(own);
}
END_TEST

/* As long as names get (RFC 1035 2.3.4): 253 letters and dots. */
START_TEST(the_longest_name)
{
    struct bed bed;
    char name[256] = "";
    bed_open(&bed);
    bed_add(&bed, PEER_IDENTIFY, 2);
    for (int i = 0; i < 3; i++) {
        strcat(name, "a23456789-123456789-123456789-123456789-123456789-123456789-123.");
    }
    strcat(name, "a23456789-123456789-123456789-123456789-123456789-123456789-1");
    ck_assert_uint_eq(strlen(name), 253);
    dns_script_set(bed.dns, name, DNS_A, "127.0.0.2", 60);
    bed_run(&bed, "-w %d -o dns.family=ipv4 %s=%s:%u", bed_threads[_i], bed.listen, name, bed.port);
    bed_expect(&bed, 2);
    ck_assert_uint_eq(dns_script_count(bed.dns, name, DNS_A), 1);
    bed_close(&bed);
}
END_TEST

START_TEST(who_cannot_be_reached_is_passed_over_and_told)
{
    struct bed bed;
    bed_open(&bed);
    bed_add(&bed, PEER_IDENTIFY, 2);
    dns_script_set(bed.dns, BED_NAME, DNS_A, "0.0.0.0,127.0.0.2,224.0.0.1", 1);
    bed_run_name(&bed, bed_threads[_i], "-o dns.family=ipv4");
    for (int i = 0; i < 6; i++) {
        bed_expect(&bed, 2);
    }
    ck_assert(daemon_wait_line(bed.daemon,
                               "dns named what nobody can be reached at|name=name.test|type=A|"
                               "records=2",
                               limit_ms(2000)));
    ck_assert(dns_script_wait(bed.dns, BED_NAME, DNS_A, 3, limit_ms(5000)));
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, "dns named what nobody"), 1); /* told once */
    bed_close(&bed);
}
END_TEST

START_TEST(each_answer_is_a_line_for_who_debugs)
{
    struct bed bed;
    char words[256];
    bed_open(&bed);
    bed_add(&bed, PEER_IDENTIFY, 2);
    bed_set_name(&bed, "2", 60);
    bed_run_name(&bed, 1, "-o dns.family=ipv4 -o redial.log-level=debug");
    snprintf(words, sizeof(words),
             "dns answer|name=name.test|type=A|outcome=records|count=1|from=%s|ttl=1m|by=ttl",
             dns_script_address(bed.dns));
    ck_assert(daemon_wait_line(bed.daemon, words, limit_ms(2000)));
    bed_close(&bed);
}
END_TEST

/* --- the budget ------------------------------------------------------------------------------- */

enum { BUDGET_NAMES = 1000, BUDGET_RATE = 200, BUDGET_ASKED_MOST = 4 };

static int compare_times(const void *a, const void *b)
{
    int64_t one = *(const int64_t *)a;
    int64_t other = *(const int64_t *)b;
    return (one > other) - (one < other);
}

/* The most that came within any second. */
static size_t most_in_a_second(int64_t *times, size_t count)
{
    size_t most = 0;
    qsort(times, count, sizeof(*times), compare_times);
    for (size_t from = 0, to = 0; to < count; to++) {
        while (times[to] - times[from] >= 1000000) {
            from++;
        }
        most = to - from + 1 > most ? to - from + 1 : most;
    }
    return most;
}

START_TEST(a_thousand_upstreams_start_within_the_budget)
{
    static int64_t times[BUDGET_NAMES * BUDGET_ASKED_MOST];
    size_t count = 0;
    struct bed bed;
    struct tempdir *dir = tempdir_create();
    char name[64];
    bed_open(&bed);
    tempdir_write(dir, "redial.conf", "[redial]\nresolver = %s\nthreads = 1\ndns-budget = %d/s\n",
                  dns_script_address(bed.dns), BUDGET_RATE);
    for (int i = 0; i < BUDGET_NAMES; i++) {
        snprintf(name, sizeof(name), "upstreams.d/n%d.conf", i);
        tempdir_write(dir, name,
                      "[upstream]\nlisten = unix:%s/n%d\ntarget = n%d.test:80\n"
                      "[dns]\nfamily = ipv4\n",
                      tempdir_path(dir), i, i);
        snprintf(name, sizeof(name), "n%d.test", i);
        dns_script_set(bed.dns, name, DNS_A, "127.0.0.2", 300);
    }
    bed_run_plain(&bed, NULL, 0, "-c %s/redial.conf", tempdir_path(dir));
    ck_assert(
        daemon_wait_lines(bed.daemon, "endpoints changed|count=1", BUDGET_NAMES, limit_ms(20000)));
    for (int i = 0; i < BUDGET_NAMES; i++) {
        snprintf(name, sizeof(name), "n%d.test", i);
        count += dns_script_times(bed.dns, name, DNS_A, times + count, BUDGET_ASKED_MOST);
    }
    ck_assert_uint_ge(count, BUDGET_NAMES);
    /* A tenth more: what waited for the scheduler is noted late, and beside what came after it. */
    ck_assert_uint_le(most_in_a_second(times, count), BUDGET_RATE * 11 / 10);
    ck_assert_int_ge(times[count - 1] - times[0],
                     1000000LL * (BUDGET_NAMES - BUDGET_RATE) / BUDGET_RATE);
    ck_assert(
        daemon_wait_line(bed.daemon, "half of dns-budget is used|dns-budget=200", limit_ms(1000)));
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, "half of dns-budget is used"), 1);
    bed_close(&bed);
    tempdir_remove(dir);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("service");
    BED_TEST(suite, srv_gives_the_ports, BED_THREADS, 20);
    BED_TEST(suite, the_next_priority_serves_when_the_first_is_dead, BED_THREADS, 20);
    BED_TEST(suite, targets_are_followed, BED_THREADS, 30);
    BED_TEST(suite, check_resolve_prints_srv, 1, 20);
    BED_TEST(suite, an_upstream_may_have_resolvers_of_its_own, 1, 20);
    BED_TEST(suite, the_longest_name, BED_THREADS, 20);
    BED_TEST(suite, who_cannot_be_reached_is_passed_over_and_told, BED_THREADS, 20);
    BED_TEST(suite, each_answer_is_a_line_for_who_debugs, 1, 20);
    BED_TEST(suite, a_thousand_upstreams_start_within_the_budget, 1, 60);
    return bed_main(suite);
}
