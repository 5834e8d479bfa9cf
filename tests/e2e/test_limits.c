/* Many connections, too many connections, and who may connect. */
#include "ask.h"
#include "bed.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

/* How many connections can be carried: this process has two ends of each, and so has the daemon. */
static size_t connections_possible(void)
{
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    size_t possible = ((size_t)limit.rlim_cur - 200) / 2;
    size_t wanted = (size_t)volume_scaled(5000, 500);
    if (possible < wanted) {
        printf("limits: %zu connections are all that the limit of open files allows\n", possible);
    }
    return possible < wanted ? possible : wanted;
}

START_TEST(five_thousand_at_once)
{
    struct bed bed;
    struct peer *peers[5];
    size_t count = connections_possible();
    uint64_t accepted = 0;
    bed_open(&bed);
    for (int i = 0; i < 5; i++) {
        peers[i] = bed_add(&bed, PEER_IDENTIFY, i + 2);
    }
    bed_set_name(&bed, "2,3,4,5,6", 60);
    bed_run_name(&bed, bed_threads[_i], "-o connect.hedge-after=off"); /* every connect counts */
    int descriptors = daemon_descriptors(bed.daemon);
    struct crowd *crowd = bed_crowd(&bed, count);
    ck_assert_uint_eq(crowd_ask(crowd, "who", limit_ms(20000)), count);
    for (int round = 0; round < 3; round++) {
        ck_assert_uint_eq(crowd_ask(crowd, "still there?", limit_ms(20000)), count);
    }
    for (int i = 0; i < 5; i++) {
        ck_assert_uint_eq(peer_count(peers[i], PEER_OPEN), peer_count(peers[i], PEER_ACCEPTED));
        accepted += peer_count(peers[i], PEER_ACCEPTED);
    }
    ck_assert_uint_eq(accepted, count);
    ck_assert_int_ge(daemon_descriptors(bed.daemon), 2 * (int)count);
    crowd_close(crowd);
    for (int i = 0; i < 5; i++) {
        ck_assert(peer_wait_exactly(peers[i], PEER_OPEN, 0, limit_ms(3000)));
    }
    bed_wait_descriptors(&bed, descriptors);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, "accepting paused"), 0);
    bed_close(&bed);
}
END_TEST

/* Runs the bed's upstream with this limit of open files. */
static void run_with_descriptors(struct bed *bed, unsigned descriptors, const char *words)
{
    bed_open(bed);
    bed_add(bed, PEER_IDENTIFY, 2);
    bed_set_name(bed, "2", 60);
    bed_run_plain(bed, NULL, descriptors, "-r %s -o redial.access-log=on %s %s",
                  dns_script_address(bed->dns), words, bed->upstream);
    ck_assert(daemon_wait_line(bed->daemon, "endpoints changed", limit_ms(5000)));
}

/* The crowd is more than fits: some are served, the others wait; no CPU is burnt, one line tells.
 */
static void assert_paused(struct bed *bed, struct crowd *crowd, size_t least_served)
{
    static const char told[] = "accepting paused|reason=\"the limit of open files is reached\"";
    size_t served = crowd_ask(crowd, "who", limit_ms(1000));
    ck_assert_uint_ge(served, least_served);
    ck_assert_uint_lt(served, crowd_size(crowd));
    ck_assert(daemon_wait_line(bed->daemon, told, limit_ms(2000)));
    double before = daemon_cpu_seconds(bed->daemon);
    struct crowd_ends ends = crowd_wait_ends(crowd, 2000);
    ck_assert_uint_eq(ends.ended + ends.reset, 0);
    ck_assert_msg(daemon_cpu_seconds(bed->daemon) - before < 0.1 * test_scale(), "%.2f s of CPU",
                  daemon_cpu_seconds(bed->daemon) - before);
    ck_assert_uint_eq(daemon_count_lines(bed->daemon, "accepting paused"), 1);
    ck_assert_uint_eq(daemon_count_lines(bed->daemon, "accepting resumed"), 0);
}

/* All leave, so the waiting ones were served or gone; then everything works as before. */
static void assert_recovers(struct bed *bed, struct crowd *crowd)
{
    crowd_close(crowd);
    bed_expect(bed, 2);
    ck_assert(daemon_wait_line(bed->daemon, "accepting resumed", limit_ms(5000)));
    struct crowd *few = bed_crowd(bed, 5);
    ck_assert_uint_eq(crowd_ask(few, "who", limit_ms(3000)), 5);
    crowd_close(few);
    ck_assert_uint_eq(daemon_count_lines(bed->daemon, "endpoint ejected"), 0);
    ck_assert_uint_eq(daemon_count_lines(bed->daemon, "accepting paused"), 1);
}

#define FEW "warning the limit of open files carries few connections"

/* Who asked for few is told nothing, and neither is who has enough. */
START_TEST(few_connections_are_told_where_nobody_asked_for_them)
{
    struct bed bed;
    run_with_descriptors(&bed, 160, "-w 1 -o redial.max-connections=20");
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, "open-files="), 0);
    bed_close(&bed);
    run_with_descriptors(&bed, 400, "-w 1");
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, "open-files="), 0);
    bed_close(&bed);
    run_with_descriptors(&bed, 32, "-w 1 --admin off");
    ck_assert(daemon_wait_line(
        bed.daemon, FEW "|carried=1 open-files=32 advice=|LimitNOFILE=", limit_ms(3000)));
    bed_close(&bed);
}
END_TEST

START_TEST(threads_without_descriptors_are_told)
{
    struct bed bed;
    bed_open(&bed);
    bed_run_plain(&bed, NULL, 32, "-w 64 --admin off %s", bed.upstream);
    ck_assert_int_eq(daemon_wait_exit(bed.daemon, limit_ms(5000)), 1);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, "a worker thread could not be started"), 1);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, "or set fewer threads"), 1);
    daemon_stop(bed.daemon);
    peers_stop(bed.peers);
    dns_script_stop(bed.dns);
}
END_TEST

/* The limit that redial finds by itself keeps it from ever running out. */
START_TEST(descriptors_run_short_and_recover)
{
    struct bed bed;
    char words[32];
    snprintf(words, sizeof(words), "-w %d", bed_threads[_i]);
    run_with_descriptors(&bed, 160, words);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, FEW), 1);
    struct crowd *crowd = bed_crowd(&bed, 150);
    assert_paused(&bed, crowd, 20);
    assert_recovers(&bed, crowd);
    bed_close(&bed);
}
END_TEST

/* Someone set more than the limit of open files carries: the kernel itself says no. */
START_TEST(descriptors_run_out_and_recover)
{
    struct bed bed;
    char words[80];
    snprintf(words, sizeof(words), "-w %d -o redial.max-connections=10000", bed_threads[_i]);
    run_with_descriptors(&bed, 160, words);
    struct crowd *crowd = bed_crowd(&bed, 200);
    assert_paused(&bed, crowd, 20);
    assert_recovers(&bed, crowd);
    bed_close(&bed);
}
END_TEST

/* Clients that wait for DNS hold a descriptor each; they must leave some to dial with. */
START_TEST(waiting_clients_leave_descriptors_to_dial)
{
    struct bed bed;
    bed_open(&bed);
    bed_add(&bed, PEER_IDENTIFY, 2);
    dns_script_set_all(bed.dns, DNS_ANSWER_REFUSED);
    bed_run_plain(&bed, NULL, 160, "-r %s -w %d %s %s", dns_script_address(bed.dns),
                  bed_threads[_i % BED_THREADS],
                  _i / BED_THREADS == 0 ? "-o connect.deadline=5m"
                                        : "-o connect.deadline=5m -o redial.max-connections=10000",
                  bed.upstream);
    ck_assert(daemon_wait_ready(bed.daemon, limit_ms(5000)));
    struct crowd *crowd = bed_crowd(&bed, 200);
    ck_assert_uint_eq(crowd_ask(crowd, "who", 300), 0);
    bed_set_name(&bed, "2", 60);
    dns_script_set_all(bed.dns, DNS_ANSWER_RECORDS);
    ck_assert(daemon_wait_line(bed.daemon, "endpoints changed", limit_ms(5000)));
    ck_assert_uint_ge(crowd_ask(crowd, "who", limit_ms(1500)), 20);
    crowd_close(crowd);
    bed_expect(&bed, 2);
    bed_close(&bed);
}
END_TEST

/* The limit holds, the surplus waits, and moves up when one leaves. */
static void assert_limit(struct bed *bed, struct peer *peer, size_t most)
{
    struct crowd *crowd = bed_crowd(bed, most + 3);
    ck_assert_uint_eq(crowd_ask(crowd, "who", 500), most);
    ck_assert_uint_eq(peer_count(peer, PEER_ACCEPTED), most);
    ck_assert(daemon_wait_line(bed->daemon, "accepting paused|reason=\"max-connections of ",
                               limit_ms(1000)));
    for (size_t i = 0, closed = 0; closed < 2; i++) {
        if (crowd_answer(crowd, i)[0] != '\0') {
            crowd_close_one(crowd, i);
            closed++;
        }
    }
    ck_assert(peer_wait(peer, PEER_ACCEPTED, most + 2, limit_ms(2000)));
    ck_assert(!peer_wait(peer, PEER_ACCEPTED, most + 3, 300));
    ck_assert_uint_eq(peer_count(peer, PEER_OPEN), most);
    crowd_close(crowd);
}

START_TEST(process_has_a_limit)
{
    struct bed bed;
    bed_open(&bed);
    struct peer *peer = bed_add(&bed, PEER_IDENTIFY, 2);
    bed_set_name(&bed, "2", 60);
    bed_run_name(&bed, bed_threads[_i], "-o redial.max-connections=7");
    assert_limit(&bed, peer, 7);
    bed_close(&bed);
}
END_TEST

/* One upstream is full; the other one goes on. */
START_TEST(upstream_has_a_limit)
{
    struct bed bed;
    struct peers *others = peers_start();
    char other[32];
    char words[160];
    char answer[64];
    uint16_t port = port_reserve();
    bed_open(&bed);
    struct peer *peer = bed_add(&bed, PEER_IDENTIFY, 2);
    peer_add_identify(others, "127.0.0.9", port);
    bed_set_name(&bed, "2", 60);
    snprintf(other, sizeof(other), "127.0.0.1:%u", port_reserve());
    snprintf(words, sizeof(words), "-o upstream.max-connections=5 %s=127.0.0.9:%u", other, port);
    bed_run_name(&bed, bed_threads[_i], words);
    ck_assert(daemon_wait_line(bed.daemon, "endpoints changed|127.0.0.2", limit_ms(5000)));
    assert_limit(&bed, peer, 5);
    struct crowd *crowd = bed_crowd(&bed, 8);
    ck_assert_uint_eq(crowd_ask(crowd, "who", 500), 5);
    bed_ask(&bed, other, answer, sizeof(answer));
    ck_assert_str_eq(answer, "127.0.0.9");
    crowd_close(crowd);
    bed_close(&bed);
    peers_stop(others);
}
END_TEST

/* Asks from a source address: 0 or -errno. */
static int ask_from(const struct bed *bed, const char *source)
{
    char answer[64];
    int fd = client_connect_from(source, bed->listen, limit_ms(2000));
    if (fd < 0) {
        return fd;
    }
    int result = client_ask(fd, "who", answer, sizeof(answer), limit_ms(2000));
    client_close(fd);
    return result;
}

START_TEST(allow_list_keeps_others_out)
{
    struct bed bed;
    bed_open(&bed);
    struct peer *peer = bed_add(&bed, PEER_IDENTIFY, 2);
    bed_set_name(&bed, "2", 60);
    bed_run_name(&bed, bed_threads[_i], "-o upstream.allow=127.0.0.7/32,127.0.1.0/24");
    ck_assert_int_eq(ask_from(&bed, "127.0.0.7"), 0);
    ck_assert_int_eq(ask_from(&bed, "127.0.1.200"), 0);
    ck_assert_uint_eq(peer_count(peer, PEER_ACCEPTED), 2);
    ck_assert_int_eq(ask_from(&bed, "127.0.0.8"), -ECONNRESET);
    ck_assert_int_eq(ask_from(&bed, "127.0.2.1"), -ECONNRESET);
    ck_assert_uint_eq(peer_count(peer, PEER_ACCEPTED), 2);
    /* A flood of them must not flood the log: the first is told, the others may be counted. */
    ck_assert(daemon_wait_line(bed.daemon, "client refused|client=127.0.0.8:", limit_ms(1000)));
    bed_close(&bed);
}
END_TEST

START_TEST(without_a_list_loopback_may_connect)
{
    struct bed bed;
    bed_open(&bed);
    bed_add(&bed, PEER_IDENTIFY, 2);
    bed_set_name(&bed, "2", 60);
    bed_run_name(&bed, bed_threads[_i], "");
    ck_assert_int_eq(ask_from(&bed, "127.0.0.7"), 0);
    ck_assert_int_eq(ask_from(&bed, "127.200.1.1"), 0);
    bed_close(&bed);
}
END_TEST

/* A crowd comes while redial has no time, and most of it has gone again when redial has: it dials
 * for those who stayed, and counts the others. */
START_TEST(nobody_is_dialled_for_who_has_gone)
{
    struct bed bed;
    int stayed[5];
    char answer[64];
    const size_t gone = 100;
    char admin[32], words[64];
    snprintf(admin, sizeof(admin), "127.0.0.1:%u", port_reserve());
    snprintf(words, sizeof(words), "-o redial.admin=%s", admin);
    bed_open(&bed);
    struct peer *peer = bed_add(&bed, PEER_IDENTIFY, 2);
    bed_set_name(&bed, "2", 60);
    bed_run_name(&bed, 1, words);
    daemon_freeze(bed.daemon);
    for (size_t i = 0; i < gone; i++) {
        client_reset(bed_connect(&bed));
    }
    for (int i = 0; i < 5; i++) {
        stayed[i] = bed_connect(&bed);
    }
    daemon_signal(bed.daemon, SIGCONT);
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(client_ask(stayed[i], "who", answer, sizeof(answer), limit_ms(2000)), 0);
        client_close(stayed[i]);
    }
    bed_wait_ended(&bed, gone + 5);
    ck_assert_uint_le(peer_count(peer, PEER_ACCEPTED), 10); /* the first ones come alone */
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, "connection|end=client-reset"), gone);
    ck_assert_uint_ge(daemon_count_lines(bed.daemon, "attempts=0|end=client-reset"), gone - 5);
    snprintf(words, sizeof(words), "_dialling{upstream=\"%s\"} 0\n", bed.listen);
    ask(admin, "GET /metrics", 200, words);
    bed_close(&bed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("limits");
    BED_TEST(suite, five_thousand_at_once, BED_THREADS, 60);
    BED_TEST(suite, few_connections_are_told_where_nobody_asked_for_them, 1, 20);
    BED_TEST(suite, threads_without_descriptors_are_told, 1, 15);
    BED_TEST(suite, descriptors_run_short_and_recover, BED_THREADS, 40);
    BED_TEST(suite, descriptors_run_out_and_recover, BED_THREADS, 40);
    BED_TEST(suite, waiting_clients_leave_descriptors_to_dial, 2 * BED_THREADS, 30);
    BED_TEST(suite, process_has_a_limit, BED_THREADS, 20);
    BED_TEST(suite, upstream_has_a_limit, BED_THREADS, 20);
    BED_TEST(suite, allow_list_keeps_others_out, BED_THREADS, 20);
    BED_TEST(suite, without_a_list_loopback_may_connect, BED_THREADS, 20);
    BED_TEST(suite, nobody_is_dialled_for_who_has_gone, 5, 20);
    return bed_main(suite);
}
