/* Which backend gets a connection. */
#include "bed.h"

#include <stdio.h>
#include <string.h>

static void assert_even(struct peer *const *peers, size_t count, uint64_t total, uint64_t spread)
{
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t accepted = peer_count(peers[i], PEER_ACCEPTED);
        least = accepted < least ? accepted : least;
        most = accepted > most ? accepted : most;
        sum += accepted;
    }
    ck_assert_uint_eq(sum, total);
    ck_assert_msg(most - least <= spread, "from %llu to %llu connections",
                  (unsigned long long)least, (unsigned long long)most);
}

/* Opens so many connections at once, each answered, and leaves them open. */
static struct crowd *open_answered(struct bed *bed, size_t count)
{
    struct crowd *crowd = bed_crowd(bed, count);
    ck_assert_uint_eq(crowd_ask(crowd, "who", limit_ms(10000)), count);
    return crowd;
}

START_TEST(round_robin_is_exact)
{
    struct bed bed;
    bed_open(&bed);
    struct peer *peers[3];
    for (int i = 0; i < 3; i++) {
        peers[i] = bed_add(&bed, PEER_IDENTIFY, i + 2);
    }
    bed_set_name(&bed, "2,3,4", 60);
    bed_run_name(&bed, bed_threads[_i], "-b round-robin");
    struct crowd *crowd = open_answered(&bed, 1000);
    assert_even(peers, 3, 1000, 1);
    for (int i = 0; i < 3; i++) {
        ck_assert_uint_eq(peer_count(peers[i], PEER_OPEN), peer_count(peers[i], PEER_ACCEPTED));
    }
    struct crowd *more = open_answered(&bed, 500);
    assert_even(peers, 3, 1500, 1);
    crowd_close(crowd);
    crowd_close(more);
    bed_close(&bed);
}
END_TEST

START_TEST(round_robin_is_exact_with_many_addresses)
{
    struct bed bed;
    bed_open(&bed);
    struct peer *peers[17];
    char numbers[128] = "";
    for (int i = 0; i < 17; i++) {
        peers[i] = bed_add(&bed, PEER_IDENTIFY, i + 2);
        size_t length = strlen(numbers);
        snprintf(numbers + length, sizeof(numbers) - length, "%s%d", i > 0 ? "," : "", i + 2);
    }
    bed_set_name(&bed, numbers, 60);
    bed_run_name(&bed, bed_threads[_i], "-o upstream.balance=round-robin");
    struct crowd *crowd = open_answered(&bed, 1000);
    assert_even(peers, 17, 1000, 1);
    crowd_close(crowd);
    bed_close(&bed);
}
END_TEST

/* Closes those members of the crowd that have this answer: how many. */
static size_t close_answered(struct crowd *crowd, const char *answer)
{
    size_t closed = 0;
    for (size_t i = 0; i < crowd_size(crowd); i++) {
        if (strcmp(crowd_answer(crowd, i), answer) == 0) {
            crowd_close_one(crowd, i);
            closed++;
        }
    }
    return closed;
}

/* Nine new ones, because the tenth end is logged a moment before it is counted. */
START_TEST(least_connections_fills_the_emptiest)
{
    struct bed bed;
    bed_open(&bed);
    struct peer *peers[3];
    for (int i = 0; i < 3; i++) {
        peers[i] = bed_add(&bed, PEER_IDENTIFY, i + 2);
    }
    bed_set_name(&bed, "2,3,4", 60);
    bed_run_name(&bed, bed_threads[_i], "-b least-connections");
    struct crowd *pinned = open_answered(&bed, 30);
    assert_even(peers, 3, 30, 0);
    ck_assert_uint_eq(close_answered(pinned, "127.0.0.3"), 10);
    bed_wait_ended(&bed, 10);
    struct crowd *more = open_answered(&bed, 9);
    ck_assert_uint_eq(crowd_count_answer(more, "127.0.0.3"), 9);
    crowd_close(pinned);
    crowd_close(more);
    bed_close(&bed);
}
END_TEST

START_TEST(least_connections_counts_all_threads)
{
    struct bed bed;
    bed_open(&bed);
    struct peer *peers[4];
    for (int i = 0; i < 4; i++) {
        peers[i] = bed_add(&bed, PEER_IDENTIFY, i + 2);
    }
    bed_set_name(&bed, "2,3,4,5", 60);
    bed_run_name(&bed, bed_threads[_i], "-b least-connections");
    struct crowd *crowd = open_answered(&bed, 1000);
    assert_even(peers, 4, 1000, (uint64_t)bed_threads[_i]);
    crowd_close(crowd);
    bed_close(&bed);
}
END_TEST

/* A third one beside two that have thirty connections each: a third of the new ones go there at
 * once, and not all. Twice that would be right after 15 s. */
START_TEST(least_connections_does_not_flood_the_new)
{
    struct bed bed;
    bed_open(&bed);
    bed_add(&bed, PEER_IDENTIFY, 2);
    bed_add(&bed, PEER_IDENTIFY, 3);
    struct peer *new = bed_add(&bed, PEER_IDENTIFY, 4);
    bed_set_name(&bed, "2,3", 60);
    bed_run_name(&bed, bed_threads[_i],
                 "-b least-connections -o dns.max-ttl=200ms -o dns.min-ttl=100ms");
    struct crowd *pinned = open_answered(&bed, 60);
    bed_set_name(&bed, "2,3,4", 60);
    ck_assert(daemon_wait_line(bed.daemon, "endpoints changed|count=3", limit_ms(3000)));
    uint64_t before = peer_count(new, PEER_ACCEPTED);
    struct crowd *more = open_answered(&bed, 12);
    uint64_t got = peer_count(new, PEER_ACCEPTED) - before;
    ck_assert_msg(got >= 3 && got <= 9, "%llu of 12", (unsigned long long)got);
    crowd_close(pinned);
    crowd_close(more);
    bed_close(&bed);
}
END_TEST

/* Of two different picks the busier one never wins, so the busiest of all gets nothing. */
START_TEST(random_two_spares_the_busiest)
{
    struct bed bed;
    bed_open(&bed);
    struct peer *busy = bed_add(&bed, PEER_IDENTIFY, 2);
    bed_add(&bed, PEER_IDENTIFY, 3);
    bed_add(&bed, PEER_IDENTIFY, 4);
    bed_set_name(&bed, "2,3,4", 60);
    bed_run_name(&bed, bed_threads[_i], "-b random-two");
    struct crowd *pinned = open_answered(&bed, 60);
    size_t closed = close_answered(pinned, "127.0.0.3") + close_answered(pinned, "127.0.0.4");
    bed_wait_ended(&bed, closed);
    ck_assert_uint_gt(peer_count(busy, PEER_OPEN), 11); /* more than any other will have */
    uint64_t before = peer_count(busy, PEER_ACCEPTED);
    struct crowd *more = open_answered(&bed, 9);
    ck_assert_uint_eq(peer_count(busy, PEER_ACCEPTED), before);
    crowd_close(pinned);
    crowd_close(more);
    bed_close(&bed);
}
END_TEST

START_TEST(random_two_uses_all)
{
    struct bed bed;
    bed_open(&bed);
    struct peer *peers[3];
    for (int i = 0; i < 3; i++) {
        peers[i] = bed_add(&bed, PEER_IDENTIFY, i + 2);
    }
    bed_set_name(&bed, "2,3,4", 60);
    bed_run_name(&bed, bed_threads[_i], "-b random-two");
    struct crowd *crowd = open_answered(&bed, 600);
    assert_even(peers, 3, 600, 20);
    crowd_close(crowd);
    bed_close(&bed);
}
END_TEST

/* A static address and two names in one upstream are one set. */
START_TEST(several_targets_are_balanced_as_one)
{
    struct bed bed;
    bed_open(&bed);
    struct peer *peers[4];
    for (int i = 0; i < 4; i++) {
        peers[i] = bed_add(&bed, PEER_IDENTIFY, i + 2);
    }
    dns_script_set(bed.dns, "one.test", DNS_A, "127.0.0.2", 60);
    dns_script_set(bed.dns, "two.test", DNS_A, "127.0.0.3,127.0.0.4", 60);
    bed_run(&bed, "-w %d %s=one.test:%u,two.test:%u,127.0.0.5:%u", bed_threads[_i], bed.listen,
            bed.port, bed.port, bed.port);
    ck_assert(daemon_wait_line(bed.daemon, "endpoints changed|count=4", limit_ms(3000)));
    char answer[64];
    for (int i = 0; i < 4; i++) { /* until every worker knows all four */
        do {
            bed_ask(&bed, NULL, answer, sizeof(answer));
        } while (peer_count(peers[i], PEER_ACCEPTED) == 0);
    }
    uint64_t before[4];
    for (int i = 0; i < 4; i++) {
        before[i] = peer_count(peers[i], PEER_ACCEPTED);
    }
    struct crowd *crowd = open_answered(&bed, 400);
    for (int i = 0; i < 4; i++) {
        ck_assert_uint_eq(peer_count(peers[i], PEER_ACCEPTED) - before[i], 100);
    }
    crowd_close(crowd);
    bed_close(&bed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("balance");
    BED_TEST(suite, round_robin_is_exact, BED_THREADS, 40);
    BED_TEST(suite, round_robin_is_exact_with_many_addresses, BED_THREADS, 40);
    BED_TEST(suite, least_connections_fills_the_emptiest, BED_THREADS, 30);
    BED_TEST(suite, least_connections_counts_all_threads, BED_THREADS, 40);
    BED_TEST(suite, least_connections_does_not_flood_the_new, BED_THREADS, 30);
    BED_TEST(suite, random_two_spares_the_busiest, BED_THREADS, 30);
    BED_TEST(suite, random_two_uses_all, BED_THREADS, 40);
    BED_TEST(suite, several_targets_are_balanced_as_one, BED_THREADS, 30);
    return bed_main(suite);
}
