/* An endpoint that lives and does not read is not one that has vanished. */
#include "proxy/stall.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loopback.h"
#include "proxy/stream.h"
#include "suite.h"

#define USER_TIMEOUT USEC_PER_SEC

static int ends[2];
static struct stream stream; /* of a bare descriptor: enough to look at */
static struct stall stall;
static uint64_t sent, drained;

static void setup(void)
{
    int msec = (int)(USER_TIMEOUT / USEC_PER_MSEC);
    loopback_pair(ends);
    setsockopt(ends[0], IPPROTO_TCP, TCP_USER_TIMEOUT, &msec, sizeof msec);
    stream = (struct stream){.watch = {.fd = ends[0]}};
    stall_init(&stall);
}

static void teardown(void)
{
    close(ends[0]);
    close(ends[1]);
}

static int user_timeout(void)
{
    int msec = -1;
    socklen_t length = sizeof msec;
    getsockopt(ends[0], IPPROTO_TCP, TCP_USER_TIMEOUT, &msec, &length);
    return msec;
}

static bool look(void)
{
    return stall_look(&stall, &stream, sent, USER_TIMEOUT);
}

static void send_some(void)
{
    static char bytes[65536];
    ssize_t put;
    while ((put = send(ends[0], bytes, sizeof bytes, MSG_NOSIGNAL)) > 0)
        sent += (uint64_t)put;
}

/* Reads all that was sent. */
static void drain(void)
{
    static char bytes[65536];
    while (drained < sent) {
        ck_assert(loopback_wait(ends[1], 5000));
        ssize_t part = recv(ends[1], bytes, sizeof bytes, 0);
        ck_assert_int_gt(part, 0);
        drained += (uint64_t)part;
    }
}

/* Looks until the window is seen open, for five seconds at most. */
static bool look_until_open(void)
{
    usec_t limit = clock_now() + 5 * USEC_PER_SEC;
    while (stall.lifted && clock_now() < limit)
        ck_assert(look());
    return !stall.lifted;
}

/* Sends until the window is seen closed: a host short of memory stops a sender before it is. */
static bool fill(void)
{
    usec_t limit = clock_now() + 5 * USEC_PER_SEC;
    while (!stall.lifted && clock_now() < limit) {
        send_some();
        ck_assert(look());
    }
    return stall.lifted;
}

START_TEST(nothing_to_look_at)
{
    for (int i = 0; i < 3; i++) {
        ck_assert(look());
        ck_assert(!stall.lifted);
        ck_assert_uint_eq(stall.delivered, sent);
    }
    ck_assert_int_eq(user_timeout(), 1000);
}
END_TEST

/* Without the looks the kernel would end the connection after user-timeout. */
START_TEST(one_that_does_not_read_lives_on)
{
    ck_assert(fill());
    ck_assert_int_eq(user_timeout(), 0);
    usec_t limit = clock_now() + 4 * USER_TIMEOUT;
    while (clock_now() < limit) {
        ck_assert(look());
        ck_assert(stall.lifted);
        ck_assert_int_eq(stream_connect_error(&stream), 0);
        loopback_wait(ends[0], 100);
    }
    drain();
    ck_assert(look_until_open());
    ck_assert_int_eq(user_timeout(), 1000);
    ck_assert(look());
    ck_assert_uint_eq(stall.delivered, sent);
}
END_TEST

START_TEST(it_may_stall_again)
{
    for (int i = 0; i < 3; i++) {
        ck_assert(fill());
        drain();
        ck_assert(look_until_open());
    }
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, nothing_to_look_at);
    tcase_add_test(cases, one_that_does_not_read_lives_on);
    tcase_add_test(cases, it_may_stall_again);
}

int main(void)
{
    return suite_run("proxy/stall", add);
}
