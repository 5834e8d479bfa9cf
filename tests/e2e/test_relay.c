/* The bytes: exact both ways, ends and resets carried through, no unbounded memory. */
#include "bed.h"

#include "pattern.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { MEGABYTE = 1 << 20 };

/* Opens the bed with one backend on 127.0.0.2. */
static struct peer *open_with(struct bed *bed, int threads, const char *words,
                              enum peer_manner manner, uint64_t size, int interval_ms)
{
    bed_open(bed);
    struct peer *peer = bed_add_sized(bed, manner, 2, size, interval_ms);
    bed_set_name(bed, "2", 60);
    bed_run_name(bed, threads, words);
    return peer;
}

/* Receives the pattern up to the orderly end: how many bytes. */
static uint64_t receive_pattern(int fd, size_t piece, uint64_t limit)
{
    static char bytes[MEGABYTE];
    uint64_t total = 0;
    while (total < limit) {
        ssize_t got = client_receive(fd, bytes, piece, limit_ms(5000));
        ck_assert_msg(got >= 0, "after %llu bytes: %s", (unsigned long long)total,
                      strerror((int)-got));
        if (got == 0) {
            break;
        }
        ck_assert_msg(pattern_matches(total, bytes, (size_t)got), "a wrong byte after %llu",
                      (unsigned long long)total);
        total += (uint64_t)got;
    }
    return total;
}

START_TEST(client_may_end_first)
{
    struct bed bed;
    char bytes[1000];
    struct peer *peer = open_with(&bed, bed_threads[_i], "", PEER_AFTER_END, 3 * MEGABYTE, 0);
    int fd = bed_connect(&bed);
    pattern_fill(0, bytes, sizeof(bytes));
    ck_assert_int_eq(client_send(fd, bytes, sizeof(bytes), 1000), 0);
    ck_assert(peer_wait(peer, PEER_RECEIVED, sizeof(bytes), limit_ms(2000)));
    ck_assert_int_eq(client_next(fd, 100), CLIENT_NEXT_NOTHING);
    ck_assert_int_eq(client_end_sending(fd), 0);
    ck_assert_uint_eq(receive_pattern(fd, MEGABYTE, UINT64_MAX), 3 * MEGABYTE);
    ck_assert_uint_eq(peer_count(peer, PEER_BAD), 0);
    client_close(fd);
    bed_wait_ended(&bed, 1);
    ck_assert_uint_eq(daemon_count_lines(
                          bed.daemon, " connection |bytes_up=1000 |bytes_down=3145728 |end=closed"),
                      1);
    bed_close(&bed);
}
END_TEST

START_TEST(backend_may_end_first)
{
    struct bed bed;
    struct peer *peer = open_with(&bed, bed_threads[_i], "", PEER_END_FIRST, 0, 0);
    int fd = bed_connect(&bed);
    ck_assert_int_eq(client_next(fd, limit_ms(2000)), CLIENT_NEXT_END);
    ck_assert_int_eq(client_send_until_stalled(fd, 3 * MEGABYTE, limit_ms(2000)), 3 * MEGABYTE);
    ck_assert(peer_wait(peer, PEER_RECEIVED, 3 * MEGABYTE, limit_ms(3000)));
    ck_assert_uint_eq(peer_count(peer, PEER_ENDS), 0);
    client_close(fd);
    ck_assert(peer_wait(peer, PEER_ENDS, 1, limit_ms(2000)));
    ck_assert(peer_wait_exactly(peer, PEER_OPEN, 0, limit_ms(2000)));
    ck_assert_uint_eq(peer_count(peer, PEER_BAD), 0);
    ck_assert_uint_eq(peer_count(peer, PEER_RESETS), 0);
    bed_close(&bed);
}
END_TEST

START_TEST(backend_reset_reaches_the_client)
{
    struct bed bed;
    char bytes[64];
    open_with(&bed, bed_threads[_i], "", PEER_RESET_ON_LINE, 0, 0);
    int fd = bed_connect(&bed);
    ck_assert_int_eq(client_send(fd, "no end of line yet", 18, 1000), 0);
    ck_assert_int_eq(client_next(fd, 100), CLIENT_NEXT_NOTHING);
    ck_assert_int_eq(client_send(fd, "\n", 1, 1000), 0);
    ck_assert_int_eq(client_receive(fd, bytes, sizeof(bytes), limit_ms(2000)), -ECONNRESET);
    client_close(fd);
    bed_wait_ended(&bed, 1);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, " connection |end=endpoint-reset"), 1);
    bed_close(&bed);
}
END_TEST

/* Also once the client has ended: the answer that it waits for will not come, and it must know. */
START_TEST(backend_reset_reaches_a_client_that_ended)
{
    struct bed bed;
    struct peer *peer = open_with(&bed, bed_threads[_i], "", PEER_TRICKLE, 100000, 20);
    int fd = bed_connect(&bed);
    ck_assert_int_eq(client_end_sending(fd), 0);
    ck_assert(peer_wait(peer, PEER_ENDS, 1, limit_ms(2000)));
    peer_reset_all(peer);
    char bytes[64];
    ssize_t got = 1;
    while (got > 0) {
        got = client_receive(fd, bytes, sizeof(bytes), limit_ms(2000));
    }
    ck_assert_int_eq(got, -ECONNRESET);
    client_close(fd);
    bed_close(&bed);
}
END_TEST

START_TEST(client_reset_reaches_the_backend)
{
    struct bed bed;
    char answer[64];
    struct peer *peer = open_with(&bed, bed_threads[_i], "", PEER_IDENTIFY, 0, 0);
    int fd = bed_connect(&bed);
    ck_assert_int_eq(client_ask(fd, "who", answer, sizeof(answer), limit_ms(2000)), 0);
    client_reset(fd);
    ck_assert(peer_wait(peer, PEER_RESETS, 1, limit_ms(2000)));
    ck_assert_uint_eq(peer_count(peer, PEER_ENDS), 0);
    bed_wait_ended(&bed, 1);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, " connection |end=client-reset"), 1);
    bed_close(&bed);
}
END_TEST

/* A client that vanishes while it is sent to. */
START_TEST(client_reset_stops_a_sender)
{
    struct bed bed;
    struct peer *peer = open_with(&bed, bed_threads[_i], "", PEER_SOURCE, UINT64_MAX, 0);
    int fd = bed_connect(&bed);
    ck_assert_uint_ge(receive_pattern(fd, MEGABYTE, 8 * MEGABYTE), 8 * MEGABYTE);
    client_reset(fd);
    ck_assert(peer_wait_exactly(peer, PEER_OPEN, 0, limit_ms(2000)));
    ck_assert_uint_eq(peer_count(peer, PEER_RESETS), 1);
    bed_close(&bed);
}
END_TEST

/* How far resident memory moved while bytes flowed. */
struct memory {
    long least_kb;
    long most_kb;
};

static void memory_note(struct memory *memory, const struct bed *bed)
{
    long now = daemon_rss_kb(bed->daemon);
    ck_assert_int_gt(now, 0);
    memory->least_kb = memory->least_kb == 0 || now < memory->least_kb ? now : memory->least_kb;
    memory->most_kb = now > memory->most_kb ? now : memory->most_kb;
}

/* An instrumented build keeps shadow memory of all that it touches, so it may move further; a leak
 * of the stream would still be some hundred times as much. */
static void memory_assert_flat(const struct memory *memory, long most_kb)
{
    most_kb *= test_scale() > 1.0 ? 8 : 1;
    ck_assert_msg(memory->most_kb - memory->least_kb <= most_kb, "from %ld to %ld kB",
                  memory->least_kb, memory->most_kb);
}

/* 1 GB up to a reader that takes at most 1 MB each 2 ms, and checks every byte. */
START_TEST(gigabyte_up_to_a_slow_reader)
{
    struct bed bed;
    struct memory memory = {0, 0};
    char line[64];
    char want[64];
    uint64_t total = volume_scaled(1ULL << 30, 64 * MEGABYTE);
    open_with(&bed, bed_threads[_i], "", PEER_SLOW_SINK, MEGABYTE, 2);
    int fd = bed_connect(&bed);
    for (uint64_t sent = 0; sent < total;) {
        size_t part = MEGABYTE;
        part = total - sent < part ? (size_t)(total - sent) : part;
        const void *bytes = pattern_view(sent, &part);
        ck_assert_int_eq(client_send(fd, bytes, part, limit_ms(5000)), 0);
        sent += part;
        if (sent > 16 * MEGABYTE) {
            memory_note(&memory, &bed);
        }
    }
    ck_assert_int_eq(client_end_sending(fd), 0);
    ck_assert_int_eq(client_receive_line(fd, line, sizeof(line), limit_ms(20000)), 0);
    snprintf(want, sizeof(want), "%llu ok", (unsigned long long)total);
    ck_assert_str_eq(line, want);
    ck_assert_int_eq(client_next(fd, limit_ms(1000)), CLIENT_NEXT_END);
    memory_assert_flat(&memory, 1024);
    client_close(fd);
    bed_close(&bed);
}
END_TEST

START_TEST(quarter_gigabyte_down_in_small_reads)
{
    struct bed bed;
    struct memory memory = {0, 0};
    static char bytes[16384];
    uint64_t total = volume_scaled(1ULL << 28, 32 * MEGABYTE);
    open_with(&bed, bed_threads[_i], "", PEER_SOURCE, total, 0);
    int fd = bed_connect(&bed);
    uint64_t received = 0;
    for (ssize_t got = 1; got > 0; received += (uint64_t)got) {
        got = client_receive(fd, bytes, sizeof(bytes), limit_ms(5000));
        ck_assert_int_ge(got, 0);
        ck_assert(pattern_matches(received, bytes, (size_t)got));
        if (received / (8 * MEGABYTE) != (received + (uint64_t)got) / (8 * MEGABYTE)) {
            memory_note(&memory, &bed);
        }
    }
    ck_assert_uint_eq(received, total);
    memory_assert_flat(&memory, 1024);
    client_close(fd);
    bed_close(&bed);
}
END_TEST

/* Sends and receives at the same time, until all has come back. */
static void exchange_echo(int fd, uint64_t total)
{
    static char bytes[MEGABYTE];
    uint64_t sent = 0;
    uint64_t received = 0;
    while (received < total) {
        struct pollfd one = {.fd = fd, .events = (short)(POLLIN | (sent < total ? POLLOUT : 0))};
        ck_assert_int_eq(poll(&one, 1, limit_ms(5000)), 1);
        if ((one.revents & POLLOUT) != 0) {
            size_t part = total - sent < 100000 ? (size_t)(total - sent) : 100000;
            const void *from = pattern_view(sent, &part);
            ssize_t put = send(fd, from, part, MSG_NOSIGNAL);
            ck_assert(put > 0 || errno == EAGAIN);
            sent += put > 0 ? (uint64_t)put : 0;
        }
        if ((one.revents & POLLIN) != 0) {
            ssize_t got = recv(fd, bytes, sizeof(bytes), 0);
            ck_assert_int_gt(got, 0);
            ck_assert(pattern_matches(received, bytes, (size_t)got));
            received += (uint64_t)got;
        }
    }
}

START_TEST(both_ways_at_once)
{
    struct bed bed;
    open_with(&bed, bed_threads[_i], "", PEER_ECHO, 0, 0);
    int fd = bed_connect(&bed);
    exchange_echo(fd, volume_scaled(64 * MEGABYTE, 8 * MEGABYTE));
    ck_assert_int_eq(client_end_sending(fd), 0);
    ck_assert_int_eq(client_next(fd, limit_ms(2000)), CLIENT_NEXT_END);
    client_close(fd);
    bed_close(&bed);
}
END_TEST

/* Backends that do not read: the sender stalls after what the kernel holds, and redial's memory
 * stays what it was; then everything arrives. */
START_TEST(deaf_backend_stalls_the_client)
{
    enum { CLIENTS = 20, LIMIT = 256 * MEGABYTE };
    struct bed bed;
    struct memory memory = {0, 0};
    int fds[CLIENTS];
    uint64_t total = 0;
    bed_open(&bed);
    struct peer_options options = {
        .manner = PEER_DEAF, .ip = "127.0.0.2", .port = bed.port, .receive_buffer = 65536};
    struct peer *peer = peer_add(bed.peers, &options);
    bed_set_name(&bed, "2", 60);
    bed_run_name(&bed, bed_threads[_i], "");
    memory_note(&memory, &bed);
    for (int i = 0; i < CLIENTS; i++) {
        fds[i] = bed_connect(&bed);
        int64_t sent = client_send_until_stalled(fds[i], LIMIT, 100);
        ck_assert_int_gt(sent, 0);
        ck_assert_int_lt(sent, LIMIT);
        total += (uint64_t)sent;
        memory_note(&memory, &bed);
    }
    ck_assert_uint_eq(peer_count(peer, PEER_RECEIVED), 0);
    memory_assert_flat(&memory, 1024 + CLIENTS * 100); /* at most a 64 kB rest a connection */
    double cpu = daemon_cpu_seconds(bed.daemon);
    ck_assert_int_eq(client_next(fds[0], 1000), CLIENT_NEXT_NOTHING);
    ck_assert(daemon_cpu_seconds(bed.daemon) - cpu <= 0.05 * test_scale());
    peer_listen_again(peer);
    ck_assert(peer_wait(peer, PEER_RECEIVED, total, limit_ms(10000)));
    for (int i = 0; i < CLIENTS; i++) {
        client_close(fds[i]);
    }
    ck_assert(peer_wait_exactly(peer, PEER_OPEN, 0, limit_ms(3000)));
    ck_assert_uint_eq(peer_count(peer, PEER_RECEIVED), total);
    ck_assert_uint_eq(peer_count(peer, PEER_BAD), 0);
    bed_close(&bed);
}
END_TEST

/* Its kernel answers, although it does not read: user-timeout is for those that vanished. */
START_TEST(deaf_backend_outlives_user_timeout)
{
    struct bed bed;
    struct peer *peer =
        open_with(&bed, bed_threads[_i], "-o session.user-timeout=1s", PEER_DEAF, 0, 0);
    int fd = bed_connect(&bed);
    int64_t sent = client_send_until_stalled(fd, 256 * MEGABYTE, 300);
    ck_assert_int_gt(sent, 0);
    ck_assert_int_eq(client_next(fd, 4000), CLIENT_NEXT_NOTHING);
    peer_listen_again(peer);
    ck_assert(peer_wait(peer, PEER_RECEIVED, (uint64_t)sent, limit_ms(10000)));
    client_close(fd);
    ck_assert(peer_wait_exactly(peer, PEER_OPEN, 0, limit_ms(3000)));
    ck_assert_uint_eq(peer_count(peer, PEER_RECEIVED), (uint64_t)sent);
    ck_assert_uint_eq(peer_count(peer, PEER_BAD), 0);
    bed_close(&bed);
}
END_TEST

START_TEST(deaf_client_stalls_the_backend)
{
    struct bed bed;
    struct peer *peer = open_with(&bed, bed_threads[_i], "", PEER_SOURCE, 1ULL << 30, 0);
    struct memory memory = {0, 0};
    memory_note(&memory, &bed);
    int fd = client_connect_start(bed.listen, 65536);
    ck_assert_int_eq(client_connect_finish(fd, limit_ms(2000)), 0);
    uint64_t sent = 0;
    while (peer_wait(peer, PEER_SENT, sent + 1, 300)) {
        sent = peer_count(peer, PEER_SENT);
        ck_assert_uint_lt(sent, 1ULL << 28);
    }
    memory_note(&memory, &bed);
    memory_assert_flat(&memory, 1024);
    ck_assert_uint_ge(receive_pattern(fd, MEGABYTE, 1ULL << 26), 1ULL << 26);
    client_reset(fd);
    ck_assert(peer_wait_exactly(peer, PEER_OPEN, 0, limit_ms(3000)));
    bed_close(&bed);
}
END_TEST

/* Each byte is passed on when it comes, not when there are more. */
START_TEST(trickle_is_not_gathered)
{
    struct bed bed;
    char bytes[64];
    open_with(&bed, bed_threads[_i], "", PEER_TRICKLE, 20, 50);
    int64_t before = moment_ms();
    int fd = bed_connect(&bed);
    ck_assert_int_eq(client_receive_exactly(fd, bytes, 1, limit_ms(2000)), 0);
    ck_assert_int_lt(moment_ms() - before, limit_ms(500));
    ck_assert_int_eq(client_receive_all(fd, bytes + 1, sizeof(bytes) - 1, limit_ms(5000)), 19);
    ck_assert(pattern_matches(0, bytes, 20));
    client_close(fd);
    bed_close(&bed);
}
END_TEST

/* With Nagle's algorithm and delayed acknowledgements, two small pieces would take 40 ms. */
START_TEST(small_pieces_are_not_delayed)
{
    struct bed bed;
    char answer[64];
    open_with(&bed, bed_threads[_i], "", PEER_IDENTIFY, 0, 0);
    int fd = bed_connect(&bed);
    int64_t before = moment_ms();
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(client_send(fd, "wh", 2, 1000), 0);
        ck_assert_int_eq(client_ask(fd, "o", answer, sizeof(answer), limit_ms(2000)), 0);
    }
    ck_assert_int_lt(moment_ms() - before, limit_ms(1000));
    client_close(fd);
    bed_close(&bed);
}
END_TEST

/* With a reset: an idle client may wait for an answer still, and must not take this for its end. */
START_TEST(idle_connection_is_reset)
{
    struct bed bed;
    char answer[64];
    enum client_next next;
    struct peer *peer =
        open_with(&bed, bed_threads[_i], "-o session.idle-timeout=1s", PEER_IDENTIFY, 0, 0);
    int busy = bed_connect(&bed);
    int idle = bed_connect(&bed);
    int64_t before = moment_ms();
    ck_assert(peer_wait(peer, PEER_OPEN, 2, limit_ms(2000)));
    while ((next = client_next(idle, 100)) == CLIENT_NEXT_NOTHING) {
        ck_assert_int_eq(client_ask(busy, "who", answer, sizeof(answer), limit_ms(2000)), 0);
        ck_assert_int_lt(moment_ms() - before, limit_ms(2000));
    }
    ck_assert_str_eq(client_next_name(next), "reset");
    ck_assert_int_ge(moment_ms() - before, 990);
    ck_assert(peer_wait_exactly(peer, PEER_OPEN, 1, limit_ms(2000)));
    bed_wait_ended(&bed, 1);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, " connection |end=idle"), 1);
    ck_assert_int_eq(client_ask(busy, "who", answer, sizeof(answer), limit_ms(2000)), 0);
    client_close(idle);
    client_close(busy);
    bed_close(&bed);
}
END_TEST

/* An IPv6 listener before an IPv6 backend, and a bare port, which is both families. */
START_TEST(ipv6_both_sides)
{
    struct bed bed;
    char answer[64];
    char four[32];
    char six[32];
    uint16_t port = port_reserve();
    if (!bed_has_ipv6()) {
        return;
    }
    bed_open(&bed);
    peer_add_identify(bed.peers, "::1", bed.port);
    snprintf(four, sizeof(four), "127.0.0.1:%u", port);
    snprintf(six, sizeof(six), "[::1]:%u", port);
    uint16_t only = port_reserve();
    bed_run(&bed, "-w %d %u=[::1]:%u [::1]:%u=[::1]:%u", bed_threads[_i], port, bed.port, only,
            bed.port);
    bed_ask(&bed, four, answer, sizeof(answer));
    ck_assert_str_eq(answer, "::1");
    bed_ask(&bed, six, answer, sizeof(answer));
    ck_assert_str_eq(answer, "::1");
    snprintf(four, sizeof(four), "127.0.0.1:%u", only);
    snprintf(six, sizeof(six), "[::1]:%u", only);
    bed_ask(&bed, six, answer, sizeof(answer));
    ck_assert_int_eq(client_connect(four, limit_ms(1000)), -ECONNREFUSED);
    bed_wait_ended(&bed, 3);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, " connection |client=[::1]:|endpoint=[::1]:"),
                      2);
    bed_close(&bed);
}
END_TEST

/* After 500 connections redial has as many descriptors and about as much memory as before. */
START_TEST(nothing_is_left_behind)
{
    enum { COUNT = 500 };
    struct bed bed;
    open_with(&bed, bed_threads[_i], "", PEER_IDENTIFY, 0, 0);
    for (int i = 0; i < COUNT; i++) {
        bed_expect(&bed, 2);
    }
    bed_wait_ended(&bed, COUNT);
    int descriptors = daemon_descriptors(bed.daemon);
    long memory = daemon_rss_kb(bed.daemon);
    for (int i = 0; i < COUNT; i++) {
        bed_expect(&bed, 2);
    }
    bed_wait_ended(&bed, (size_t)2 * COUNT);
    bed_wait_descriptors(&bed, descriptors);
    if (test_scale() <= 1.0) { /* sanitizers keep freed memory for a while */
        ck_assert_int_le(daemon_rss_kb(bed.daemon) - memory, 512);
    }
    bed_close(&bed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("relay");
    BED_TEST(suite, client_may_end_first, BED_THREADS, 30);
    BED_TEST(suite, backend_may_end_first, BED_THREADS, 30);
    BED_TEST(suite, backend_reset_reaches_the_client, BED_THREADS, 20);
    BED_TEST(suite, backend_reset_reaches_a_client_that_ended, BED_THREADS, 20);
    BED_TEST(suite, client_reset_reaches_the_backend, BED_THREADS, 20);
    BED_TEST(suite, client_reset_stops_a_sender, BED_THREADS, 20);
    BED_TEST(suite, gigabyte_up_to_a_slow_reader, BED_THREADS, 60);
    BED_TEST(suite, quarter_gigabyte_down_in_small_reads, BED_THREADS, 60);
    BED_TEST(suite, both_ways_at_once, BED_THREADS, 30);
    BED_TEST(suite, deaf_backend_stalls_the_client, BED_THREADS, 60);
    BED_TEST(suite, deaf_backend_outlives_user_timeout, BED_THREADS, 40);
    BED_TEST(suite, deaf_client_stalls_the_backend, BED_THREADS, 40);
    BED_TEST(suite, trickle_is_not_gathered, BED_THREADS, 20);
    BED_TEST(suite, small_pieces_are_not_delayed, BED_THREADS, 20);
    BED_TEST(suite, idle_connection_is_reset, BED_THREADS, 20);
    BED_TEST(suite, ipv6_both_sides, BED_THREADS, 20);
    BED_TEST(suite, nothing_is_left_behind, BED_THREADS, 40);
    return bed_main(suite);
}
