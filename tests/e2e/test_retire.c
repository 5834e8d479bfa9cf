/* Connections that make room: to addresses that are gone (removed), and old ones (max-age). */
#include "bed.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One client and when it saw which end. */
struct watched {
    int fd;
    bool busy;
    enum client_next end;
    int64_t ended_ms; /* since the beginning of the watch; -1: not yet */
};

static void begin(struct bed *bed, int threads, const char *words)
{
    bed_open(bed);
    bed_add(bed, PEER_IDENTIFY, 2);
    bed_add(bed, PEER_IDENTIFY, 3);
    bed_set_name(bed, "2", 1);
    bed_run_name(bed, threads, words);
}

static void ask(int fd)
{
    char answer[64];
    ck_assert_int_eq(client_ask(fd, "who", answer, sizeof(answer), limit_ms(5000)), 0);
    ck_assert_str_eq(answer, "127.0.0.2");
}

/* Connects; every busy one has begun a question that it does not end, so no answer comes. */
static void connect_all(const struct bed *bed, struct watched *clients, size_t count,
                        size_t each_busy)
{
    for (size_t i = 0; i < count; i++) {
        clients[i] = (struct watched){.fd = bed_connect(bed), .ended_ms = -1};
        ask(clients[i].fd);
        ask(clients[i].fd);
        clients[i].busy = each_busy > 0 && i % each_busy == 0;
        if (clients[i].busy) {
            ck_assert_int_eq(client_send(clients[i].fd, "wh", 2, limit_ms(1000)), 0);
        }
    }
}

/* Watches until all have ended, ms milliseconds at most: how many have. */
static size_t watch(struct watched *clients, size_t count, int64_t since_ms, int ms)
{
    struct pollfd polls[64];
    size_t ended = 0;
    ck_assert_uint_le(count, 64);
    for (int64_t end = moment_ms() + ms; ended < count && moment_ms() < end;) {
        ended = 0;
        for (size_t i = 0; i < count; i++) {
            polls[i] = (struct pollfd){.fd = clients[i].ended_ms < 0 ? clients[i].fd : -1,
                                       .events = POLLIN};
        }
        poll(polls, count, 20);
        for (size_t i = 0; i < count; i++) {
            if (clients[i].ended_ms < 0 && polls[i].revents != 0) {
                clients[i].end = client_next(clients[i].fd, 0);
                clients[i].ended_ms = moment_ms() - since_ms;
            }
            ended += clients[i].ended_ms >= 0;
        }
    }
    return ended;
}

static void close_all(struct watched *clients, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        client_close(clients[i].fd);
    }
}

static size_t count_ended(const struct watched *clients, size_t count, bool busy, int64_t from_ms,
                          int64_t to_ms)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        found += clients[i].busy == busy && clients[i].ended_ms >= from_ms &&
                 clients[i].ended_ms < to_ms;
    }
    return found;
}

/* The address leaves: the time of that, as the log says it. */
static int64_t replace_address(struct bed *bed)
{
    int64_t before = moment_ms();
    bed_set_name(bed, "3", 1);
    ck_assert(
        daemon_wait_line(bed->daemon, "endpoints changed|removed=127.0.0.2:", limit_ms(5000)));
    ck_assert_int_ge(moment_ms(), before);
    return moment_ms();
}

START_TEST(keep_keeps)
{
    struct bed bed;
    struct watched clients[8];
    begin(&bed, bed_threads[_i], "");
    connect_all(&bed, clients, 8, 2);
    int64_t start = replace_address(&bed);
    ck_assert_uint_eq(watch(clients, 8, start, 2000), 0);
    bed_ask_until(&bed, "127.0.0.3", limit_ms(2000));
    close_all(clients, 8);
    bed_close(&bed);
}
END_TEST

/* The idle ones spread over the time, in order; the others at its end, with a reset. */
START_TEST(drain_idle_first)
{
    enum { COUNT = 40, BUSY_EACH = 5, BUSY = COUNT / BUSY_EACH, IDLE = COUNT - BUSY };
    struct bed bed;
    struct watched clients[COUNT];
    begin(&bed, bed_threads[_i], "-o session.removed=drain:6s");
    connect_all(&bed, clients, COUNT, BUSY_EACH);
    int64_t start = replace_address(&bed);
    ck_assert_uint_eq(watch(clients, COUNT, start, limit_ms(12000)), COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        ck_assert_str_eq(client_next_name(clients[i].end), clients[i].busy ? "reset" : "end");
    }
    /* Each worker spreads its own; its idle ones have about the first four fifths of 5.4 s. */
    ck_assert_uint_ge(count_ended(clients, COUNT, false, 0, 2500), IDLE / 6);
    ck_assert_uint_le(count_ended(clients, COUNT, false, 0, 1000), IDLE / 2);
    ck_assert_uint_ge(count_ended(clients, COUNT, false, 2500, 12000), IDLE / 6);
    ck_assert_uint_eq(count_ended(clients, COUNT, true, 5400, 12000), BUSY);
    bed_wait_ended(&bed, COUNT);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, " connection |end=drained"), COUNT);
    close_all(clients, COUNT);
    bed_close(&bed);
}
END_TEST

/* Who was not asked twice cannot tell an end from the end of an answer: a reset, when idle. */
START_TEST(drain_resets_what_could_be_mistaken)
{
    struct bed bed;
    struct watched clients[2];
    begin(&bed, bed_threads[_i], "-o session.removed=drain:3s");
    clients[0] = (struct watched){.fd = bed_connect(&bed), .ended_ms = -1};
    ask(clients[0].fd);
    clients[1] = (struct watched){.fd = bed_connect(&bed), .ended_ms = -1};
    int64_t start = replace_address(&bed);
    ck_assert_uint_eq(watch(clients, 2, start, limit_ms(6000)), 2);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_str_eq(client_next_name(clients[i].end), "reset");
    }
    close_all(clients, 2);
    bed_close(&bed);
}
END_TEST

START_TEST(address_that_comes_back_keeps_its_connections)
{
    struct bed bed;
    struct watched clients[8];
    begin(&bed, bed_threads[_i], "-o session.removed=drain:8s");
    connect_all(&bed, clients, 8, 1); /* all are busy */
    int64_t start = replace_address(&bed);
    bed_set_name(&bed, "2,3", 1);
    ck_assert(
        daemon_wait_line(bed.daemon, "endpoints changed|count=2|added=127.0.0.2:", limit_ms(5000)));
    ck_assert_int_lt(moment_ms() - start, 7000);
    ck_assert_uint_eq(watch(clients, 8, start, 9500), 0);
    close_all(clients, 8);
    bed_close(&bed);
}
END_TEST

/* The total_ms of the index-th line of the access log. */
static double total_ms(struct bed *bed, size_t index)
{
    char line[512];
    ck_assert(daemon_get_line(bed->daemon, " connection |end=max-age", index, line, sizeof(line)));
    const char *field = strstr(line, "total_ms=");
    ck_assert_ptr_nonnull(field);
    return atof(field + strlen("total_ms="));
}

/* Give or take a tenth, and a moment to be idle in; busy ones get five seconds more. */
START_TEST(old_ones_end)
{
    enum { COUNT = 48, BUSY_EACH = 6, BUSY = COUNT / BUSY_EACH };
    struct bed bed;
    struct watched clients[COUNT];
    size_t late = 0;
    size_t early = 0;
    begin(&bed, bed_threads[_i], "-o session.max-age=4s");
    connect_all(&bed, clients, COUNT, BUSY_EACH);
    ck_assert_uint_eq(watch(clients, COUNT, moment_ms(), limit_ms(15000)), COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        ck_assert_str_eq(client_next_name(clients[i].end), clients[i].busy ? "reset" : "end");
    }
    bed_wait_ended(&bed, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        double age = total_ms(&bed, i);
        ck_assert(age >= 3600);
        ck_assert(i < COUNT - BUSY ? age <= 4400 + limit_ms(1000) : age >= 3600 + 5000);
        ck_assert(age <= 4400 + 5000 + limit_ms(1000));
        early += age < 4000;
        late += i < COUNT - BUSY && age > 4000 + 250; /* no sweep later than due */
    }
    ck_assert_uint_gt(early, 0); /* of the forty, some on either side */
    ck_assert_uint_gt(late, 0);
    close_all(clients, COUNT);
    bed_close(&bed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("retire");
    BED_TEST(suite, keep_keeps, BED_THREADS, 20);
    BED_TEST(suite, drain_idle_first, BED_THREADS, 40);
    BED_TEST(suite, drain_resets_what_could_be_mistaken, BED_THREADS, 30);
    BED_TEST(suite, address_that_comes_back_keeps_its_connections, BED_THREADS, 40);
    BED_TEST(suite, old_ones_end, BED_THREADS, 40);
    return bed_main(suite);
}
