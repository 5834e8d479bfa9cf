/* Clients of the admin interface that are slow, stuck, many, or no HTTP clients at all. Whatever
 * they do, others are answered at once. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "admin/head.h"
#include "admin_rig.h"
#include "base/clock.h"
#include "base/log.h"
#include "loopback.h"
#include "suite.h"

#define PLACES_EACH (ADMIN_CONNECTIONS_MOST / 2)
#define HELLO "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"

static void ck_serves(enum rig_door door)
{
    ck_answer(rig_ask(door, HELLO), 200);
}

/* Whether the other end has closed; what came before is dropped. */
static bool has_ended(int fd)
{
    char bytes[4096];
    ssize_t got;
    while ((got = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
        ;
    return got == 0 || (got < 0 && errno != EAGAIN);
}

static bool is_closed_unread(int fd)
{
    struct pollfd look = {.fd = fd, .events = POLLRDHUP};
    return poll(&look, 1, 0) == 1;
}

/* --- time ------------------------------------------------------------------------------------- */

enum slowness { SILENT, HALF_A_HEAD, TRICKLE, NO_BODY, NEVER_READS, NEVER_ANSWERED, SLOWNESSES };

struct slow {
    enum slowness slowness;
    int fd;
    usec_t begun, ended, said;
};

static void slow_begin(struct slow *slow, enum rig_door door, enum slowness slowness)
{
    static const char *const words[] = {
        [SILENT] = "",
        [HALF_A_HEAD] = "GET /hello HTTP/1.1\r\nHost: local",
        [TRICKLE] = "GET /hello HTTP/1.1\r\nX: ",
        [NO_BODY] = "POST /do HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n123",
        [NEVER_READS] = "GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n",
        [NEVER_ANSWERED] = "GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n",
    };
    *slow = (struct slow){.slowness = slowness, .fd = rig_connect(door), .begun = clock_now()};
    rig_say(slow->fd, words[slowness]);
}

static void slow_go_on(struct slow *slow)
{
    if (slow->ended)
        return;
    if (slow->slowness == TRICKLE && clock_now() > slow->said + 20 * USEC_PER_MSEC) {
        send(slow->fd, "x", 1, MSG_NOSIGNAL);
        slow->said = clock_now();
    }
    if (slow->slowness == NEVER_READS ? is_closed_unread(slow->fd) : has_ended(slow->fd))
        slow->ended = clock_now();
}

/* Ten seconds each, in all, whatever comes in between. */
START_TEST(the_slow_are_dropped)
{
    struct slow slow[SLOWNESSES + SLOWNESSES - 2];
    size_t count = 0, left = 1, length;
    /* Its end stands behind bytes that it does not read. */
    struct slow deaf;
    for (int i = 0; i < SLOWNESSES; i++)
        slow_begin(&slow[count++], RIG_UNIX, (enum slowness)i);
    for (int i = 0; i < SLOWNESSES; i++)
        if (i != NEVER_ANSWERED && i != NEVER_READS)
            slow_begin(&slow[count++], RIG_TCP, (enum slowness)i);
    slow_begin(&deaf, RIG_TCP, NEVER_READS);
    for (usec_t told = 0; left > 0 && clock_now() < slow[0].begun + 20 * USEC_PER_SEC;) {
        left = 0;
        for (size_t i = 0; i < count; i++) {
            slow_go_on(&slow[i]);
            left += slow[i].ended == 0;
        }
        if (clock_now() > told + 100 * USEC_PER_MSEC) {
            ck_serves(told % 2 ? RIG_UNIX : RIG_TCP);
            told = clock_now();
        }
        rig_turn();
    }
    for (size_t i = 0; i < count; i++) {
        usec_t took = slow[i].ended - slow[i].begun;
        ck_assert_msg(slow[i].ended, "%zu (%d) was not dropped", i, slow[i].slowness);
        ck_assert_msg(took >= 9900 * USEC_PER_MSEC && took < 15 * USEC_PER_SEC,
                      "%zu (%d) after %lld ms", i, slow[i].slowness, (long long)took / 1000);
        close(slow[i].fd);
    }
    rig_await(0);
    rig_hear(deaf.fd, &length);
    ck_assert_uint_lt(length, RIG_BIG);
}
END_TEST

/* --- number ----------------------------------------------------------------------------------- */

/* Waits until each of them has its place. */
static void fill(int fds[], size_t count, enum rig_door door, const char *words)
{
    size_t before = admin_http_connections(rig.http);
    for (size_t i = 0; i < count; i++) {
        fds[i] = rig_connect(door);
        rig_say(fds[i], words);
    }
    rig_await(before + count);
    for (int i = 0; i < 3; i++)
        rig_turn();
}

static void close_all(int fds[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
}

/* Who has said nothing for longest gives way, and nobody else. */
START_TEST(the_stuck_give_way)
{
    enum rig_door door = _i ? RIG_TCP : RIG_UNIX;
    int fds[PLACES_EACH], fillers[PLACES_EACH];
    fill(fds, PLACES_EACH, door, "GET /hello");
    for (size_t i = 0; i < PLACES_EACH; i++) {
        int filler = i > 0 ? rig_connect(door) : -1; /* in the place that was left last */
        rig_await(PLACES_EACH);
        ck_serves(door);
        for (size_t j = 0; j < PLACES_EACH; j++)
            ck_assert_msg(has_ended(fds[j]) == (j <= i), "%zu when %zu came", j, i);
        rig_await(PLACES_EACH - 1);
        fillers[i] = filler;
    }
    for (size_t i = 1; i < PLACES_EACH; i++)
        ck_assert(!has_ended(fillers[i]));
    close_all(fillers + 1, PLACES_EACH - 1);
    close_all(fds, PLACES_EACH);
}
END_TEST

START_TEST(one_that_is_being_answered_stays)
{
    int fds[PLACES_EACH * 3], later = rig_connect(RIG_UNIX);
    rig_say(later, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    while (!rig.waiting)
        rig_turn();
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        fds[i] = rig_connect(RIG_UNIX);
    rig_await(PLACES_EACH);
    while (!has_ended(fds[COUNT_OF(fds) - PLACES_EACH])) /* the last ones stay, but for one */
        rig_turn();
    rig_answer();
    ck_answer(rig_hear(later, NULL), 200);
    close_all(fds, COUNT_OF(fds));
}
END_TEST

START_TEST(who_does_not_read_gives_way_too)
{
    int fds[PLACES_EACH];
    fill(fds, PLACES_EACH, RIG_UNIX, "GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
    while (rig.handled < PLACES_EACH)
        rig_turn();
    ck_assert_uint_eq(admin_http_connections(rig.http), PLACES_EACH);
    ck_serves(RIG_UNIX);
    ck_assert(is_closed_unread(fds[0]));
    for (size_t i = 1; i < PLACES_EACH; i++)
        ck_assert(!is_closed_unread(fds[i]));
    close_all(fds, PLACES_EACH);
}
END_TEST

/* TCP is every user's; the Unix socket is the operator's. */
START_TEST(over_tcp_nobody_takes_a_place_of_the_unix_socket)
{
    int unix_fds[PLACES_EACH], tcp_fds[100];
    fill(unix_fds, PLACES_EACH, RIG_UNIX, "GET /");
    for (size_t i = 0; i < COUNT_OF(tcp_fds); i++)
        tcp_fds[i] = rig_connect(RIG_TCP);
    while (!has_ended(tcp_fds[COUNT_OF(tcp_fds) - PLACES_EACH - 1]))
        rig_turn();
    ck_assert_uint_eq(admin_http_connections(rig.http), ADMIN_CONNECTIONS_MOST);
    for (size_t i = 0; i < PLACES_EACH; i++)
        ck_assert(!has_ended(unix_fds[i]));
    close_all(unix_fds, PLACES_EACH);
    close_all(tcp_fds, COUNT_OF(tcp_fds));
}
END_TEST

static void raise_limit(void)
{
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

START_TEST(a_thousand_connections)
{
    enum rig_door door = _i ? RIG_TCP : RIG_UNIX;
    static int fds[1000];
    raise_limit();
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        fds[i] = rig_connect(door);
        ck_assert_uint_le(admin_http_connections(rig.http), PLACES_EACH);
    }
    ck_serves(door); /* who comes behind them, and has said what he wants */
    ck_assert_uint_le(admin_http_connections(rig.http), PLACES_EACH);
    close_all(fds, COUNT_OF(fds));
    rig_await(0);
}
END_TEST

/* All of them are answered, also those for which there was no place. */
START_TEST(many_that_mean_well)
{
    static int fds[200];
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        fds[i] = rig_connect(RIG_UNIX);
        rig_say(fds[i], HELLO);
    }
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        ck_answer(rig_hear(fds[i], NULL), 200);
    ck_assert_uint_eq(rig.handled, COUNT_OF(fds));
}
END_TEST

/* --- bytes ------------------------------------------------------------------------------------ */

START_TEST(a_huge_header)
{
    static char text[1 << 20];
    memset(text, 'x', sizeof text);
    memcpy(text, "GET /hello HTTP/1.1\r\nHost: localhost\r\nX: ", 41);
    for (int i = 0; i < 4; i++) {
        int fd = rig_connect(i % 2 ? RIG_TCP : RIG_UNIX);
        size_t sent = rig_send(fd, text, i < 2 ? sizeof text : HEAD_MOST + 1);
        ck_assert(i != 0 || sent < sizeof text); /* nobody has read it all */
        const char *answer = rig_hear(fd, NULL);
        if (i >= 2 || *answer)
            ck_answer(answer, 431);
    }
    ck_assert_uint_eq(rig.handled, 0);
    ck_serves(RIG_UNIX);
}
END_TEST

START_TEST(a_long_body)
{
    static char body[1 << 20];
    int fd = rig_connect(RIG_UNIX);
    rig_say(fd, "POST /do HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n");
    ck_assert_uint_lt(rig_send(fd, body, sizeof body), sizeof body);
    ck_answer(rig_hear(fd, NULL), 413);
    fd = rig_connect(RIG_UNIX); /* more than was said */
    rig_say(fd, "POST /do HTTP/1.1\r\nHost: x\r\nContent-Length: 4096\r\n\r\n");
    rig_send(fd, body, sizeof body);
    ck_answer(rig_hear(fd, NULL), 202);
    ck_assert_uint_eq(rig.handled, 1);
    ck_answer(rig_ask(RIG_UNIX, "POST /do HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                                "0\r\n\r\n"),
              411);
}
END_TEST

/* What comes while an answer waits is not kept. */
START_TEST(more_and_more_while_the_answer_waits)
{
    static char bytes[1 << 20];
    int fd = rig_connect(RIG_UNIX);
    rig_say(fd, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
    while (rig.handled == 0)
        rig_turn();
    size_t sent = 0;
    for (int i = 0; i < 200; i++) {
        ssize_t taken = send(fd, bytes, sizeof bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
        sent += taken > 0 ? (size_t)taken : 0;
        rig_turn();
    }
    ck_assert_uint_lt(sent, sizeof bytes);
    ck_serves(RIG_UNIX);
    close(fd);
    rig_await(0);
}
END_TEST

static void ck_refused(enum rig_door door, const void *bytes, size_t length)
{
    int fd = rig_connect(door);
    rig_send(fd, bytes, length);
    ck_answer(rig_hear(fd, NULL), 400);
}

START_TEST(no_http_at_all)
{
    static const char tls[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    static const char zero[] = "GET /hello\0 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    static const char host[] = "GET /hello HTTP/1.1\r\nHost: localhost\0.evil.test\r\n\r\n";
    ck_refused(RIG_TCP, tls, sizeof tls - 1);
    ck_refused(RIG_TCP, zero, sizeof zero - 1);
    ck_refused(RIG_TCP, host, sizeof host - 1);
    ck_refused(RIG_UNIX, "status\n", 7);
    ck_refused(RIG_UNIX, "\r\n\r\n", 4);
    ck_refused(RIG_UNIX, "", 1);
    ck_assert_uint_eq(rig.handled, 0);
}
END_TEST

START_TEST(garbage)
{
    static const char seed[] = "GET /name?name=%41 HTTP/1.1\r\nHost: localhost\r\n"
                               "Content-Length: 3\r\nExpect: 100-continue\r\n\r\nabc";
    srand(7);
    for (int round = 0; round < 500; round++) {
        char bytes[sizeof seed];
        memcpy(bytes, seed, sizeof seed);
        for (int i = rand() % 4; i >= 0; i--)
            bytes[(size_t)rand() % sizeof bytes] = (char)rand();
        int fd = rig_connect(round % 2 ? RIG_TCP : RIG_UNIX);
        rig_send(fd, bytes, sizeof bytes - 1);
        shutdown(fd, SHUT_WR);
        const char *answer = rig_hear(fd, NULL);
        if (*answer) /* or its end did not come */
            ck_assert_msg(strncmp(answer, "HTTP/1.1 ", 9) == 0, "%s", answer);
    }
    ck_serves(RIG_TCP);
    rig_await(0);
}
END_TEST

/* At every point of a request, and while its answer waits. */
START_TEST(resets)
{
    static const char text[] = "POST /both HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab";
    for (size_t length = 0; length < sizeof text; length++)
        for (int turns = 0; turns < 3; turns++) {
            int fd = rig_connect(turns % 2 ? RIG_TCP : RIG_UNIX);
            rig_send(fd, text, length);
            for (int i = 0; i < turns; i++)
                rig_turn();
            if (turns % 2)
                loopback_reset(fd);
            else
                close(fd);
        }
    int later = rig_connect(RIG_TCP), big = rig_connect(RIG_TCP);
    rig_say(later, "GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n");
    rig_say(big, "GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
    while (!rig.waiting)
        rig_turn();
    loopback_reset(later);
    loopback_reset(big);
    rig_answer();
    rig_await(0);
    ck_serves(RIG_TCP);
}
END_TEST

/* --- descriptors ------------------------------------------------------------------------------ */

static void set_descriptor_limit(rlim_t count)
{
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = count;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static size_t count_lines(int fd)
{
    char text[4096];
    ssize_t got = read(fd, text, sizeof text);
    size_t lines = 0;
    for (ssize_t i = 0; i < got; i++)
        lines += text[i] == '\n';
    return lines;
}

/* Accepting pauses, without a spin, and is said once. */
START_TEST(no_descriptors)
{
    int ends[2];
    ck_assert_int_eq(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    log_setup(ends[1], LOG_LEVEL_WARNING, LOG_FORMAT_TEXT, true);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), low = dup(0);
    struct sockaddr_in to;
    socklen_t length = sizeof to;
    ck_assert_int_eq(getsockname(rig.listeners[RIG_TCP].fd, (struct sockaddr *)&to, &length), 0);
    close(low);
    set_descriptor_limit((rlim_t)low);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, length), 0);
    rig_say(fd, HELLO);
    size_t turns = 0;
    for (usec_t end = clock_now() + 500 * USEC_PER_MSEC; clock_now() < end; turns++)
        rig_turn();
    ck_assert_uint_lt(turns, 150); /* of which the rig's own tick is 100 */
    ck_assert_uint_eq(admin_http_connections(rig.http), 0);
    set_descriptor_limit(1024);
    ck_answer(rig_hear(fd, NULL), 200);
    ck_assert_uint_eq(count_lines(ends[0]), 1);
    ck_serves(RIG_UNIX);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, rig_start, rig_stop);
    tcase_add_test(cases, the_slow_are_dropped);
    tcase_add_loop_test(cases, the_stuck_give_way, 0, 2);
    tcase_add_test(cases, one_that_is_being_answered_stays);
    tcase_add_test(cases, who_does_not_read_gives_way_too);
    tcase_add_test(cases, over_tcp_nobody_takes_a_place_of_the_unix_socket);
    tcase_add_loop_test(cases, a_thousand_connections, 0, 2);
    tcase_add_test(cases, many_that_mean_well);
    tcase_add_test(cases, a_huge_header);
    tcase_add_test(cases, a_long_body);
    tcase_add_test(cases, more_and_more_while_the_answer_waits);
    tcase_add_test(cases, no_http_at_all);
    tcase_add_test(cases, garbage);
    tcase_add_test(cases, resets);
    tcase_add_test(cases, no_descriptors);
}

int main(void)
{
    return suite_run("admin/hostile", add);
}
