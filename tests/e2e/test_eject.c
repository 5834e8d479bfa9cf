/* Backends that fail are left alone, until redial itself has found them well again. */
#include "bed.h"

#include <stdio.h>
#include <string.h>

enum { LONG_MS = 10000 };

static void ask_many(struct bed *bed, int count)
{
    char answer[64];
    for (int i = 0; i < count; i++) {
        bed_ask(bed, NULL, answer, sizeof(answer));
    }
}

/* One of three dies. One client finds out, and one thread says so; then nobody meets it, the others
 * share alike, and when it is back it takes its share without any client having tried it. */
START_TEST(ejected_once_and_back_once)
{
    struct bed bed;
    struct peer *peers[3];
    bed_open(&bed);
    for (int i = 0; i < 3; i++) {
        peers[i] = bed_add(&bed, PEER_IDENTIFY, 2 + i);
    }
    bed_set_name(&bed, "2,3,4", 60);
    bed_run_name(&bed, bed_threads[_i], "-o eject.base=400ms");
    peer_kill(peers[1]);
    ask_many(&bed, 60);
    ck_assert_uint_eq(
        daemon_count_lines(bed.daemon, "endpoint ejected|endpoint=127.0.0.3|reason=refused|for="),
        1);
    ck_assert_uint_eq(peer_count(peers[0], PEER_ACCEPTED), 30);
    ck_assert_uint_eq(peer_count(peers[2], PEER_ACCEPTED), 30);
    uint64_t before = peer_count(peers[1], PEER_ACCEPTED);
    peer_set_manner(peers[1], PEER_IDENTIFY);
    ck_assert(daemon_wait_line(bed.daemon, "endpoint back|endpoint=127.0.0.3", limit_ms(LONG_MS)));
    ck_assert_uint_le(peer_count(peers[1], PEER_ACCEPTED), before + 1); /* the probe is not seen */
    before = peer_count(peers[1], PEER_ACCEPTED);
    ask_many(&bed, 30);
    ck_assert_uint_eq(peer_count(peers[1], PEER_ACCEPTED), before + 10);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, "endpoint ejected"), 1);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, "endpoint back"), 1);
    bed_close(&bed);
}
END_TEST

/* Many clients at once meet a backend that refuses: it is ejected once. */
START_TEST(a_crowd_ejects_once)
{
    struct bed bed;
    bed_open(&bed);
    bed_add(&bed, PEER_IDENTIFY, 2);
    bed_add(&bed, PEER_REFUSE, 3);
    bed_set_name(&bed, "2,3", 60);
    bed_run_name(&bed, bed_threads[_i], "-o eject.base=1m");
    struct crowd *crowd = bed_crowd(&bed, 300);
    ck_assert_uint_eq(crowd_ask(crowd, "who", limit_ms(5000)), 300);
    crowd_close(crowd);
    bed_wait_ended(&bed, 300);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, "endpoint ejected"), 1);
    bed_close(&bed);
}
END_TEST

/* Everybody waits for a backend that swallows connects: the first two hedges eject it, and all
 * others who wait there move at once, far sooner than their own hedge or time-out. */
START_TEST(pending_clients_move_when_it_is_ejected)
{
    struct bed bed;
    enum { FIRST_MS = 600 };
    bed_open(&bed);
    bed_add(&bed, PEER_BLACK_HOLE, 2);
    bed_add(&bed, PEER_IDENTIFY, 3);
    bed_set_name(&bed, "2,3", 60);
    bed_run_name(&bed, bed_threads[_i], "-o connect.hedge-after=600ms");
    int64_t begin = moment_ms();
    struct crowd *first = bed_crowd(&bed, 8); /* four of them wait */
    ck_assert_uint_ge(crowd_ask(first, "who", 300), 4);
    struct crowd *others = bed_crowd(&bed, 100); /* fifty of them wait, half as long */
    ck_assert_uint_eq(crowd_ask(others, "who", limit_ms(5000)), 100);
    int64_t took = moment_ms() - begin;
    ck_assert_int_ge(took, FIRST_MS - 20);
    ck_assert_int_le(took, FIRST_MS + limit_ms(150)); /* theirs were due at 900 */
    crowd_close(first);
    crowd_close(others);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, "endpoint ejected|reason=lost-by-hedge"), 1);
    bed_close(&bed);
}
END_TEST

/* The only backend is down for a while: its clients wait, and none fails. */
START_TEST(a_restart_costs_a_wait)
{
    struct bed bed;
    bed_open(&bed);
    struct peer *peer = bed_add(&bed, PEER_REFUSE, 2);
    bed_set_name(&bed, "2", 60);
    bed_run_name(&bed, bed_threads[_i], "-o eject.base=300ms");
    struct crowd *crowd = bed_crowd(&bed, 50);
    ck_assert_uint_eq(crowd_ask(crowd, "who", 1200), 0);
    peer_set_manner(peer, PEER_IDENTIFY);
    ck_assert_uint_eq(crowd_ask(crowd, "who", limit_ms(3000)), 50);
    crowd_close(crowd);
    bed_wait_ended(&bed, 50);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, " connection |end=closed"), 50);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, "endpoint ejected"), 1);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, "endpoint back"), 1);
    bed_close(&bed);
}
END_TEST

/* The task was replaced, under another address: DNS is asked because connects fail, and who waits
 * is served at once. */
START_TEST(a_replacement_ends_the_wait)
{
    struct bed bed;
    bed_open(&bed);
    bed_add(&bed, PEER_REFUSE, 2);
    bed_add(&bed, PEER_IDENTIFY, 3);
    bed_set_name(&bed, "2", 600);
    bed_run_name(&bed, bed_threads[_i], "-o dns.min-ttl=300ms");
    struct crowd *crowd = bed_crowd(&bed, 30);
    ck_assert_uint_eq(crowd_ask(crowd, "who", 200), 0);
    bed_set_name(&bed, "3", 600);
    ck_assert_uint_eq(crowd_ask(crowd, "who", limit_ms(4000)), 30);
    ck_assert_uint_eq(crowd_count_answer(crowd, "127.0.0.3"), 30);
    crowd_close(crowd);
    bed_close(&bed);
}
END_TEST

/* Nobody connects, and still the dead one is found out, and found well again; what is well does not
 * notice that it is checked. */
START_TEST(checks_need_no_clients)
{
    struct bed bed;
    bed_open(&bed);
    struct peer *well = bed_add(&bed, PEER_IDENTIFY, 2);
    struct peer *dead = bed_add(&bed, PEER_REFUSE, 3);
    bed_set_name(&bed, "2,3", 60);
    bed_run_name(&bed, bed_threads[_i], "-o check.interval=100ms -o check.timeout=500ms");
    ck_assert(daemon_wait_line(bed.daemon, "endpoint ejected|endpoint=127.0.0.3|reason=checks-fell",
                               limit_ms(LONG_MS)));
    for (int i = 0; i < 6; i++) {
        bed_expect(&bed, 2);
    }
    bed_wait_ended(&bed, 6);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, " connection |attempts=1"), 6);
    peer_set_manner(dead, PEER_IDENTIFY);
    ck_assert(daemon_wait_line(bed.daemon, "endpoint back|endpoint=127.0.0.3", limit_ms(LONG_MS)));
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, "endpoint ejected"), 1);
    ck_assert_uint_le(peer_count(well, PEER_ACCEPTED), 6 + 3); /* the kernel may be late at times */
    bed_close(&bed);
}
END_TEST

/* It accepts, and resets: such a backend is no backend, unless it is the only one. */
START_TEST(early_resets_eject_but_the_last)
{
    struct bed bed;
    char answer[64];
    int failed = 0;
    bed_open(&bed);
    bed_add(&bed, PEER_IDENTIFY, 2);
    bed_add(&bed, PEER_RESET_ACCEPT, 3);
    bed_set_name(&bed, "2,3", 60);
    bed_run_name(&bed, bed_threads[_i], "-o eject.base=1m");
    for (int i = 0; i < 40; i++) {
        failed += client_ask_once(bed.listen, "who", answer, sizeof(answer), limit_ms(3000)) != 0;
    }
    ck_assert_int_le(failed, 2); /* none, where the reset comes before redial has looked */
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, "endpoint ejected"), 1);
    ck_assert_uint_eq(
        daemon_count_lines(bed.daemon, "endpoint ejected|endpoint=127.0.0.3|reason=reset"), 1);
    bed_set_name(&bed, "3", 60);
    bed_close(&bed);
}
END_TEST

START_TEST(the_last_one_is_spared_by_resets)
{
    struct bed bed;
    char answer[64];
    bed_open(&bed);
    bed_add(&bed, PEER_RESET_ACCEPT, 2);
    bed_set_name(&bed, "2", 60);
    bed_run_name(&bed, bed_threads[_i], "");
    for (int i = 0; i < 10; i++) {
        ck_assert_int_ne(client_ask_once(bed.listen, "who", answer, sizeof(answer), limit_ms(3000)),
                         0);
    }
    bed_wait_ended(&bed, 10);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, "endpoint ejected"), 0);
    bed_close(&bed);
}
END_TEST

/* A client that leaves while two connects are under way for it: both end, and nobody is blamed. */
START_TEST(a_client_that_leaves_blames_nobody)
{
    struct bed bed;
    int fds[10];
    bed_open(&bed);
    bed_add(&bed, PEER_BLACK_HOLE, 2);
    bed_add(&bed, PEER_BLACK_HOLE, 3);
    bed_set_name(&bed, "2,3", 60);
    bed_run_name(&bed, bed_threads[_i], "-o connect.timeout=8s -o connect.hedge-after=50ms");
    int before = daemon_descriptors(bed.daemon);
    for (int i = 0; i < 10; i++) {
        fds[i] = bed_connect(&bed);
    }
    ck_assert_int_eq(client_next(fds[9], 500), CLIENT_NEXT_NOTHING);
    ck_assert_int_ge(daemon_descriptors(bed.daemon), before + 25); /* itself, and two connects */
    for (int i = 0; i < 10; i++) {
        client_reset(fds[i]);
    }
    bed_wait_ended(&bed, 10);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, " connection |attempts=2|end=client-reset"),
                      10);
    bed_wait_descriptors(&bed, before);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, "endpoint ejected"), 0);
    bed_close(&bed);
}
END_TEST

/* Two upstreams with one dead backend: each ejects it for itself, and it is back for both. */
START_TEST(upstreams_that_share_a_backend)
{
    struct bed bed;
    char other[64];
    bed_open(&bed);
    struct peer *peer = bed_add(&bed, PEER_REFUSE, 2);
    bed_add(&bed, PEER_IDENTIFY, 3);
    bed_set_name(&bed, "2,3", 60);
    snprintf(other, sizeof(other), "127.0.0.1:%u", port_reserve());
    bed_run(&bed, "-w %d -o eject.base=500ms %s %s=%s:%u", bed_threads[_i], bed.upstream, other,
            BED_NAME, bed.port);
    ck_assert(daemon_wait_lines(bed.daemon, "endpoints changed|added=", 2, limit_ms(5000)));
    char answer[64];
    for (int i = 0; i < 4; i++) {
        bed_ask(&bed, NULL, answer, sizeof(answer));
        bed_ask(&bed, other, answer, sizeof(answer));
    }
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, "endpoint ejected"), 2);
    peer_set_manner(peer, PEER_IDENTIFY);
    ck_assert(daemon_wait_lines(bed.daemon, "endpoint back", 2, limit_ms(LONG_MS)));
    bed_close(&bed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("eject");
    BED_TEST(suite, ejected_once_and_back_once, BED_THREADS, 30);
    BED_TEST(suite, a_crowd_ejects_once, BED_THREADS, 30);
    BED_TEST(suite, pending_clients_move_when_it_is_ejected, BED_THREADS, 30);
    BED_TEST(suite, a_restart_costs_a_wait, BED_THREADS, 30);
    BED_TEST(suite, a_replacement_ends_the_wait, BED_THREADS, 30);
    BED_TEST(suite, checks_need_no_clients, BED_THREADS, 40);
    BED_TEST(suite, early_resets_eject_but_the_last, BED_THREADS, 30);
    BED_TEST(suite, the_last_one_is_spared_by_resets, BED_THREADS, 30);
    BED_TEST(suite, a_client_that_leaves_blames_nobody, BED_THREADS, 30);
    BED_TEST(suite, upstreams_that_share_a_backend, BED_THREADS, 30);
    return bed_main(suite);
}
