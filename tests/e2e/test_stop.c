/* How redial ends. */
#include "bed.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

static void open_with_peer(struct bed *bed, int threads, const char *words)
{
    bed_open(bed);
    bed_add(bed, PEER_IDENTIFY, 2);
    bed_set_name(bed, "2", 60);
    bed_run_name(bed, threads, words);
}

/* The daemon has ended or will: its status, and everything else is closed. */
static void assert_exit(struct bed *bed, int status, int ms)
{
    ck_assert_int_eq(daemon_wait_exit(bed->daemon, ms), status);
    daemon_stop(bed->daemon);
    peers_stop(bed->peers);
    dns_script_stop(bed->dns);
}

static struct crowd *open_answered(struct bed *bed, size_t count)
{
    struct crowd *crowd = bed_crowd(bed, count);
    ck_assert_uint_eq(crowd_ask(crowd, "who", limit_ms(10000)), count);
    return crowd;
}

/* New connections, one after the other, until they are refused. */
struct hammer {
    const struct bed *bed;
    atomic_int answered;
    int other; /* an error that is neither a refusal nor a reset */
};

static void *hammer_run(void *context)
{
    struct hammer *hammer = context;
    char answer[64];
    for (;;) {
        int result =
            client_ask_once(hammer->bed->listen, "who", answer, sizeof(answer), limit_ms(5000));
        if (result == -ECONNREFUSED) {
            return NULL;
        }
        if (result == 0) {
            atomic_fetch_add(&hammer->answered, 1);
        } else if (result != -ECONNRESET) {
            hammer->other = result;
            return NULL;
        }
    }
}

START_TEST(sigterm_under_load_lets_open_ones_finish)
{
    struct bed bed;
    pthread_t thread;
    open_with_peer(&bed, bed_threads[_i], "");
    struct crowd *crowd = open_answered(&bed, 200);
    struct hammer hammer = {.bed = &bed};
    ck_assert_int_eq(pthread_create(&thread, NULL, hammer_run, &hammer), 0);
    bed_wait_ended(&bed, 20);
    daemon_signal(bed.daemon, SIGTERM);
    ck_assert(daemon_wait_line(bed.daemon, "stopping|connections=", limit_ms(2000)));
    pthread_join(thread, NULL); /* ends when connects are refused */
    ck_assert_int_eq(hammer.other, 0);
    ck_assert_int_ge(atomic_load(&hammer.answered), 19);
    for (int round = 0; round < 3; round++) {
        ck_assert_uint_eq(crowd_ask(crowd, "go on", limit_ms(5000)), 200);
    }
    ck_assert_int_eq(daemon_wait_exit(bed.daemon, 0), -ETIMEDOUT);
    crowd_close(crowd);
    ck_assert(daemon_wait_line(bed.daemon, "stopped|connections_cut=0", limit_ms(3000)));
    assert_exit(&bed, 0, limit_ms(3000));
}
END_TEST

START_TEST(idle_daemon_stops_at_once)
{
    struct bed bed;
    int number = _i % 2 == 0 ? SIGTERM : SIGINT;
    open_with_peer(&bed, bed_threads[_i / 2], "");
    bed_expect(&bed, 2);
    int64_t before = moment_ms();
    daemon_signal(bed.daemon, number);
    ck_assert(daemon_wait_line(bed.daemon, "stopped|connections_cut=0", limit_ms(2000)));
    assert_exit(&bed, 0, limit_ms(2000));
    ck_assert_int_le(moment_ms() - before, limit_ms(500));
}
END_TEST

START_TEST(stop_timeout_cuts_the_rest)
{
    struct bed bed;
    open_with_peer(&bed, bed_threads[_i], "-o redial.stop-timeout=600ms");
    struct crowd *crowd = open_answered(&bed, 20);
    crowd_close_one(crowd, 0);
    bed_wait_ended(&bed, 1);
    int64_t before = moment_ms();
    daemon_signal(bed.daemon, SIGTERM);
    struct crowd_ends ends = crowd_wait_ends(crowd, limit_ms(3000));
    int64_t waited = moment_ms() - before;
    ck_assert_uint_eq(ends.reset, 19);
    ck_assert_int_ge(waited, 590);
    ck_assert_int_le(waited, 600 + limit_ms(300));
    ck_assert(daemon_wait_line(bed.daemon, "stopped|connections_cut=19", limit_ms(2000)));
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, " connection |end=stopped"), 19);
    crowd_close(crowd);
    assert_exit(&bed, 0, limit_ms(2000));
}
END_TEST

START_TEST(second_signal_ends_at_once)
{
    struct bed bed;
    open_with_peer(&bed, bed_threads[_i], "");
    struct crowd *crowd = open_answered(&bed, 20);
    daemon_signal(bed.daemon, SIGTERM);
    ck_assert(daemon_wait_line(bed.daemon, "stopping|connections=20", limit_ms(2000)));
    ck_assert_uint_eq(crowd_ask(crowd, "go on", limit_ms(2000)), 20);
    int64_t before = moment_ms();
    daemon_signal(bed.daemon, SIGTERM);
    struct crowd_ends ends = crowd_wait_ends(crowd, limit_ms(2000));
    ck_assert_uint_eq(ends.reset, 20);
    ck_assert(daemon_wait_line(bed.daemon, "stopped|connections_cut=20", limit_ms(2000)));
    ck_assert_int_le(moment_ms() - before, limit_ms(500));
    crowd_close(crowd);
    assert_exit(&bed, 0, limit_ms(2000));
}
END_TEST

/* Clients that wait for DNS, for a black hole, and one that does not read: none holds up the end
 * for longer than stop-timeout. */
START_TEST(stop_cuts_whatever_waits)
{
    struct bed bed;
    bed_open(&bed);
    bed_add(&bed, _i % 2 == 0 ? PEER_BLACK_HOLE : PEER_DEAF, 2);
    bed_set_name(&bed, "2", 60);
    bed_run_name(&bed, bed_threads[_i / 2],
                 "-o redial.stop-timeout=300ms -o connect.timeout=20s -o connect.deadline=30s");
    int dialling = bed_connect(&bed);
    ck_assert_int_gt(client_send_until_stalled(dialling, 1 << 28, 100), 0);
    daemon_signal(bed.daemon, SIGTERM);
    ck_assert(daemon_wait_line(bed.daemon, "stopped|connections_cut=1", limit_ms(2000)));
    client_close(dialling);
    assert_exit(&bed, 0, limit_ms(2000));
}
END_TEST

START_TEST(stop_works_before_the_first_answer)
{
    struct bed bed;
    bed_open(&bed);
    dns_script_set_all(bed.dns, DNS_ANSWER_SILENCE);
    bed_run(&bed, "-w %d -o redial.stop-timeout=300ms %s", bed_threads[_i], bed.upstream);
    struct crowd *crowd = bed_crowd(&bed, 10);
    ck_assert_uint_eq(crowd_ask(crowd, "who", 200), 0);
    daemon_signal(bed.daemon, SIGTERM);
    struct crowd_ends ends = crowd_wait_ends(crowd, limit_ms(2000));
    ck_assert_uint_eq(ends.reset, 10);
    crowd_close(crowd);
    assert_exit(&bed, 0, limit_ms(2000));
}
END_TEST

/* A broken pipe on the log's side and SIGHUP end nothing. */
START_TEST(other_signals_do_not_end_it)
{
    struct bed bed;
    open_with_peer(&bed, 1, "");
    daemon_signal(bed.daemon, SIGPIPE);
    daemon_signal(bed.daemon, SIGHUP);
    bed_expect(&bed, 2);
    bed_close(&bed);
}
END_TEST

/* The application stops at the same moment, and has something to say to its service until its end.
 */
START_TEST(linger_accepts_until_the_application_has_gone)
{
    struct bed bed;
    char answer[64];
    open_with_peer(&bed, bed_threads[_i], "-o redial.stop-mode=linger");
    int held = bed_connect(&bed);
    ck_assert_int_eq(client_ask(held, "who", answer, sizeof(answer), limit_ms(5000)), 0);
    daemon_signal(bed.daemon, SIGTERM);
    ck_assert(daemon_wait_line(bed.daemon, "stopping", limit_ms(5000)));
    bed_expect(&bed, 2);
    bed_expect(&bed, 2);
    ck_assert_int_eq(client_ask(held, "who", answer, sizeof(answer), limit_ms(5000)), 0);
    client_close(held);
    assert_exit(&bed, 0, limit_ms(10000));
}
END_TEST

START_TEST(linger_ends_with_stop_timeout)
{
    struct bed bed;
    open_with_peer(&bed, 2, "-o redial.stop-mode=linger -o redial.stop-timeout=500ms");
    int held = bed_connect(&bed);
    struct crowd *crowd = open_answered(&bed, 3);
    daemon_signal(bed.daemon, SIGTERM);
    ck_assert(daemon_wait_line(bed.daemon, "stopped|connections_cut=4", limit_ms(5000)));
    client_close(held);
    crowd_close(crowd);
    assert_exit(&bed, 0, limit_ms(1000));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stop");
    BED_TEST(suite, sigterm_under_load_lets_open_ones_finish, BED_THREADS, 30);
    BED_TEST(suite, idle_daemon_stops_at_once, 2 * BED_THREADS, 20);
    BED_TEST(suite, stop_timeout_cuts_the_rest, BED_THREADS, 20);
    BED_TEST(suite, second_signal_ends_at_once, BED_THREADS, 20);
    BED_TEST(suite, stop_cuts_whatever_waits, 2 * BED_THREADS, 20);
    BED_TEST(suite, stop_works_before_the_first_answer, BED_THREADS, 20);
    BED_TEST(suite, other_signals_do_not_end_it, 1, 20);
    BED_TEST(suite, linger_accepts_until_the_application_has_gone, BED_THREADS, 20);
    BED_TEST(suite, linger_ends_with_stop_timeout, 1, 20);
    return bed_main(suite);
}
