/* Backends that do not accept: no client pays for them. */
#include "bed.h"

#include "pattern.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Every one of 40 clients is answered by a good one, although one of three addresses is bad. How
 * many met the bad one before it was ejected is up to chance, but for the first. */
static void serve_beside(struct bed *bed, enum peer_manner bad, int threads, int most_ms)
{
    bed_open(bed);
    struct peer *peers[3] = {bed_add(bed, PEER_IDENTIFY, 2), bed_add(bed, bad, 3),
                             bed_add(bed, PEER_IDENTIFY, 4)};
    bed_set_name(bed, "2,3,4", 60);
    bed_run_name(bed, threads, "-o connect.hedge-after=150ms");
    int64_t before = moment_ms();
    struct crowd *crowd = bed_crowd(bed, 40);
    ck_assert_uint_eq(crowd_ask(crowd, "who", limit_ms(5000)), 40);
    ck_assert_int_le(moment_ms() - before, most_ms);
    ck_assert_uint_eq(peer_count(peers[1], PEER_ACCEPTED), 0);
    ck_assert_uint_eq(peer_count(peers[0], PEER_ACCEPTED) + peer_count(peers[2], PEER_ACCEPTED),
                      40);
    ck_assert_uint_gt(peer_count(peers[0], PEER_ACCEPTED), 5);
    ck_assert_uint_gt(peer_count(peers[2], PEER_ACCEPTED), 5);
    crowd_close(crowd);
    bed_wait_ended(bed, 40);
    ck_assert_uint_ge(daemon_count_lines(bed->daemon, " connection |attempts=2|end=closed"), 1);
    ck_assert_uint_eq(daemon_count_lines(bed->daemon, "endpoint ejected|endpoint=127.0.0.3"), 1);
    ck_assert_uint_eq(daemon_count_lines(bed->daemon, "endpoint ejected"), 1);
}

START_TEST(refused_address_costs_nothing)
{
    struct bed bed;
    serve_beside(&bed, PEER_REFUSE, bed_threads[_i], limit_ms(300));
    bed_close(&bed);
}
END_TEST

START_TEST(black_hole_costs_one_hedge)
{
    struct bed bed;
    serve_beside(&bed, PEER_BLACK_HOLE, bed_threads[_i], 150 + limit_ms(400));
    bed_close(&bed);
}
END_TEST

/* Such a connect succeeds, so its reset is the client's, or fails in time for another address; but
 * nothing hangs, and nothing ends as if it were complete. */
START_TEST(resetting_address_resets_or_is_left)
{
    struct bed bed;
    char answer[64];
    int answered = 0;
    int reset = 0;
    bed_open(&bed);
    bed_add(&bed, PEER_IDENTIFY, 2);
    bed_add(&bed, PEER_RESET_ACCEPT, 3);
    bed_add(&bed, PEER_IDENTIFY, 4);
    bed_set_name(&bed, "2,3,4", 60);
    bed_run_name(&bed, bed_threads[_i], "");
    for (int i = 0; i < 60; i++) {
        int result = client_ask_once(bed.listen, "who", answer, sizeof(answer), limit_ms(3000));
        ck_assert_msg(result == 0 || result == -ECONNRESET || result == -EPIPE, "client %d: %s", i,
                      strerror(-result));
        ck_assert_msg(result != -EPIPE, "client %d saw an orderly end", i);
        answered += result == 0;
        reset += result == -ECONNRESET;
    }
    ck_assert_int_ge(answered, 40);
    ck_assert_int_eq(answered + reset, 60);
    bed_close(&bed);
}
END_TEST

START_TEST(all_faults_at_once)
{
    struct bed bed;
    bed_open(&bed);
    bed_add(&bed, PEER_REFUSE, 2);
    bed_add(&bed, PEER_BLACK_HOLE, 3);
    struct peer *good = bed_add(&bed, PEER_IDENTIFY, 4);
    bed_add(&bed, PEER_BLACK_HOLE, 5);
    bed_add(&bed, PEER_REFUSE, 6);
    bed_set_name(&bed, "2,3,4,5,6", 60);
    bed_run_name(&bed, bed_threads[_i], "-o connect.timeout=250ms");
    int64_t before = moment_ms();
    struct crowd *crowd = bed_crowd(&bed, 60);
    ck_assert_uint_eq(crowd_ask(crowd, "who", limit_ms(5000)), 60);
    ck_assert_int_le(moment_ms() - before, 500 + limit_ms(400));
    ck_assert_uint_eq(peer_count(good, PEER_ACCEPTED), 60);
    crowd_close(crowd);
    bed_close(&bed);
}
END_TEST

/* When all refuse, they are tried again until the deadline, or so many times as `attempts` says. */
START_TEST(client_is_reset_when_all_refuse)
{
    struct bed bed;
    bool attempts = _i / BED_THREADS == 1;
    bed_open(&bed);
    bed_add(&bed, PEER_REFUSE, 2);
    bed_add(&bed, PEER_REFUSE, 3);
    bed_add(&bed, PEER_REFUSE, 4);
    bed_set_name(&bed, "2,3,4", 60);
    bed_run_name(&bed, bed_threads[_i % BED_THREADS],
                 attempts ? "-o connect.attempts=3" : "-o connect.deadline=700ms");
    int64_t before = moment_ms();
    struct crowd *crowd = bed_crowd(&bed, 10);
    struct crowd_ends ends = crowd_wait_ends(crowd, limit_ms(3000));
    int64_t waited = moment_ms() - before;
    ck_assert_uint_eq(ends.reset, 10);
    ck_assert_int_ge(waited, attempts ? 0 : 690);
    ck_assert_int_le(waited, attempts ? limit_ms(500) : 700 + limit_ms(200));
    bed_wait_ended(&bed, 10);
    ck_assert_uint_eq(
        daemon_count_lines(bed.daemon, attempts ? " connection |attempts=3|end=connect-failed"
                                                : " connection |end=deadline"),
        10);
    crowd_close(crowd);
    bed_close(&bed);
}
END_TEST

/* The one address is tried again after its time-out; a deadline that comes before ends it sooner.
 */
START_TEST(client_is_reset_when_nobody_answers)
{
    struct bed bed;
    bool once = _i == 1;
    int span = once ? 300 : 800;
    bed_open(&bed);
    bed_add(&bed, PEER_BLACK_HOLE, 2);
    bed_set_name(&bed, "2", 60);
    bed_run_name(&bed, 1,
                 once ? "-o connect.timeout=5s -o connect.deadline=300ms"
                      : "-o connect.timeout=500ms -o connect.deadline=800ms");
    int64_t before = moment_ms();
    int fd = bed_connect(&bed);
    ck_assert_int_eq(client_next(fd, limit_ms(3000)), CLIENT_NEXT_RESET);
    int64_t waited = moment_ms() - before;
    ck_assert_int_ge(waited, span - 10);
    ck_assert_int_le(waited, span + limit_ms(200));
    client_close(fd);
    bed_wait_ended(&bed, 1);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, once ? "attempts=1|end=deadline"
                                                          : "attempts=2|end=deadline"),
                      1);
    bed_close(&bed);
}
END_TEST

/* What the client said, and that it ended, before anyone could take it. */
START_TEST(early_data_and_end_arrive)
{
    enum { SIZE = 100000 };
    struct bed bed;
    static char bytes[SIZE];
    char line[64];
    int fds[8];
    bed_open(&bed);
    bed_add(&bed, PEER_BLACK_HOLE, 2);
    struct peer *sink = bed_add(&bed, PEER_SINK, 3);
    bed_set_name(&bed, "2,3", 60);
    bed_run_name(&bed, bed_threads[_i], "-o connect.hedge-after=300ms");
    pattern_fill(0, bytes, SIZE);
    for (int i = 0; i < 8; i++) {
        fds[i] = bed_connect(&bed);
        ck_assert_int_eq(client_send(fds[i], bytes, SIZE, limit_ms(2000)), 0);
        ck_assert_int_eq(client_end_sending(fds[i]), 0);
    }
    for (int i = 0; i < 8; i++) {
        ck_assert_int_eq(client_receive_line(fds[i], line, sizeof(line), limit_ms(3000)), 0);
        ck_assert_str_eq(line, "100000 ok");
        ck_assert_int_eq(client_next(fds[i], limit_ms(1000)), CLIENT_NEXT_END);
        client_close(fds[i]);
    }
    ck_assert_uint_eq(peer_count(sink, PEER_ACCEPTED), 8);
    bed_wait_ended(&bed, 8);
    ck_assert_uint_ge(daemon_count_lines(bed.daemon, " connection |attempts=2|bytes_up=100000"), 1);
    bed_close(&bed);
}
END_TEST

START_TEST(client_that_leaves_is_not_dialled_for)
{
    struct bed bed;
    bed_open(&bed);
    bed_add(&bed, PEER_BLACK_HOLE, 2);
    bed_set_name(&bed, "2", 60);
    bed_run_name(&bed, bed_threads[_i], "-o connect.timeout=8s");
    int fd = bed_connect(&bed);
    ck_assert_int_eq(client_send(fd, "hello\n", 6, 1000), 0);
    ck_assert_int_eq(client_next(fd, 300), CLIENT_NEXT_NOTHING);
    int during = daemon_descriptors(bed.daemon);
    client_reset(fd);
    bed_wait_ended(&bed, 1);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, " connection |end=client-reset"), 1);
    bed_wait_descriptors(&bed, during - 2);
    bed_close(&bed);
}
END_TEST

/* No DNS server is there at all, and none is needed. */
START_TEST(static_targets_need_no_dns)
{
    struct bed bed;
    bed_open(&bed);
    bed_add(&bed, PEER_REFUSE, 2);
    bed_add(&bed, PEER_IDENTIFY, 3);
    bed_run_plain(&bed, NULL, 0, "-w %d -r 127.0.0.1:1 %s=127.0.0.2:%u,127.0.0.3:%u",
                  bed_threads[_i], bed.listen, bed.port, bed.port);
    ck_assert(daemon_wait_ready(bed.daemon, limit_ms(5000)));
    for (int i = 0; i < 20; i++) {
        bed_expect(&bed, 3);
    }
    ck_assert_uint_eq(dns_script_count_all(bed.dns), 0);
    bed_close(&bed);
}
END_TEST

/* A backend that comes back takes part again, and one that dies under load fails nobody. */
START_TEST(backend_may_die_and_come_back)
{
    struct bed bed;
    bed_open(&bed);
    struct peer *steady = bed_add(&bed, PEER_IDENTIFY, 2);
    struct peer *other = bed_add(&bed, PEER_IDENTIFY, 3);
    bed_set_name(&bed, "2,3", 60);
    bed_run_name(&bed, bed_threads[_i], "-o eject.base=300ms");
    char answer[64];
    for (int i = 0; i < 20; i++) {
        bed_ask(&bed, NULL, answer, sizeof(answer));
    }
    peer_kill(other);
    for (int i = 0; i < 20; i++) {
        bed_expect(&bed, 2);
    }
    uint64_t before = peer_count(other, PEER_ACCEPTED);
    peer_set_manner(other, PEER_IDENTIFY);
    ck_assert(daemon_wait_line(bed.daemon, "endpoint back|endpoint=127.0.0.3", limit_ms(5000)));
    for (int i = 0; i < 20; i++) {
        bed_ask(&bed, NULL, answer, sizeof(answer));
    }
    ck_assert_uint_eq(peer_count(other, PEER_ACCEPTED), before + 10);
    ck_assert_uint_ge(peer_count(steady, PEER_ACCEPTED), 40);
    bed_close(&bed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dial");
    BED_TEST(suite, refused_address_costs_nothing, BED_THREADS, 30);
    BED_TEST(suite, black_hole_costs_one_hedge, BED_THREADS, 30);
    BED_TEST(suite, resetting_address_resets_or_is_left, BED_THREADS, 30);
    BED_TEST(suite, all_faults_at_once, BED_THREADS, 30);
    BED_TEST(suite, client_is_reset_when_all_refuse, 2 * BED_THREADS, 20);
    BED_TEST(suite, client_is_reset_when_nobody_answers, 2, 20);
    BED_TEST(suite, early_data_and_end_arrive, BED_THREADS, 20);
    BED_TEST(suite, client_that_leaves_is_not_dialled_for, BED_THREADS, 20);
    BED_TEST(suite, static_targets_need_no_dns, BED_THREADS, 20);
    BED_TEST(suite, backend_may_die_and_come_back, BED_THREADS, 20);
    return bed_main(suite);
}
