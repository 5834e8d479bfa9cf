#include "proxy/connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/model.h"
#include "loop_rig.h"
#include "loopback.h"
#include "proxy/loop.h"
#include "proxy/stream.h"
#include "suite.h"

#define MSEC USEC_PER_MSEC

static struct loop loop;
static struct upstream_options options;

struct result {
    int calls;
    enum connect_outcome outcome;
    int error;
    struct stream *stream;
};

static void on_connect(void *arg, enum connect_outcome outcome, int error, struct stream *stream)
{
    struct result *result = arg;
    ck_assert_int_eq(outcome == CONNECT_ACCEPTED, stream != NULL);
    ck_assert_int_eq(outcome == CONNECT_ACCEPTED, error == 0);
    *result = (struct result){result->calls + 1, outcome, error, stream};
}

static void ignore_stream(struct stream *stream, void *owner)
{
    (void)stream;
    (void)owner;
}

static bool is_called(void *arg)
{
    return ((struct result *)arg)->calls > 0;
}

static void setup(void)
{
    ck_assert_int_eq(loop_init(&loop), 0);
}

static void teardown(void)
{
    loop_clear(&loop);
}

static struct connect_attempt *start(const struct address *address, usec_t timeout,
                                     struct result *result)
{
    struct connect_attempt *attempt = NULL;
    *result = (struct result){.calls = 0};
    ck_assert_int_eq(connect_start(&loop, address, &options, timeout, on_connect, result, &attempt),
                     0);
    ck_assert_ptr_nonnull(attempt);
    ck_assert_int_eq(result->calls, 0); /* never before it returns */
    return attempt;
}

START_TEST(what_an_errno_means)
{
    static const struct {
        int error;
        enum connect_outcome outcome;
    } rows[] = {
        {0, CONNECT_ACCEPTED},
        {ECONNREFUSED, CONNECT_REFUSED},
        {ETIMEDOUT, CONNECT_TIMED_OUT},
        {EHOSTUNREACH, CONNECT_UNREACHABLE},
        {ENETUNREACH, CONNECT_UNREACHABLE},
        {ECONNRESET, CONNECT_UNREACHABLE},
        {ENETDOWN, CONNECT_UNREACHABLE},
        {EHOSTDOWN, CONNECT_UNREACHABLE},
        {EINVAL, CONNECT_UNREACHABLE},
        {EAFNOSUPPORT, CONNECT_UNREACHABLE},
        {EMFILE, CONNECT_LOCAL_LACK},
        {ENFILE, CONNECT_LOCAL_LACK},
        {ENOMEM, CONNECT_LOCAL_LACK},
        {ENOBUFS, CONNECT_LOCAL_LACK},
        {EADDRNOTAVAIL, CONNECT_LOCAL_BARRED},
        {EAGAIN, CONNECT_LOCAL_BARRED},
        {EPERM, CONNECT_LOCAL_BARRED},
        {EACCES, CONNECT_LOCAL_BARRED},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        ck_assert_int_eq(connect_classify(rows[i].error), rows[i].outcome);
}
END_TEST

START_TEST(accepted)
{
    struct address address;
    struct result result;
    int listener = loopback_listen(&address), nodelay = 0;
    socklen_t length = sizeof nodelay;
    start(&address, 1000 * MSEC, &result);
    ck_assert(loop_until(&loop, is_called, &result, 5000));
    ck_assert_int_eq(result.outcome, CONNECT_ACCEPTED);
    stream_set_owner(result.stream, ignore_stream, NULL);
    int peer = loopback_accept(listener);
    ck_assert_int_ge(peer, 0);
    getsockopt(result.stream->watch.fd, IPPROTO_TCP, TCP_NODELAY, &nodelay, &length);
    ck_assert_int_eq(nodelay, 0); /* not yet: the first piece is never held back */
    ck_assert_int_eq(stream_send(result.stream, "x", 1), 1);
    ck_assert_int_eq(stream_send(result.stream, "y", 1), 1);
    getsockopt(result.stream->watch.fd, IPPROTO_TCP, TCP_NODELAY, &nodelay, &length);
    ck_assert_int_eq(nodelay, 1);
    ck_assert(loopback_wait(peer, 1000));
    loop_for(&loop, 50);
    ck_assert_int_eq(result.calls, 1);
    stream_close(result.stream);
    ck_assert_int_eq(loopback_end(peer), 0);
    close(peer);
    close(listener);
}
END_TEST

START_TEST(refused)
{
    struct address address;
    struct result result;
    int fd = loopback_refuse(&address);
    usec_t begin = clock_now();
    start(&address, 5000 * MSEC, &result);
    ck_assert(loop_until(&loop, is_called, &result, 5000));
    ck_assert_int_eq(result.outcome, CONNECT_REFUSED);
    ck_assert_int_eq(result.error, ECONNREFUSED);
    ck_assert_int_lt(clock_now() - begin, 2 * MSEC);
    loop_for(&loop, 50);
    ck_assert_int_eq(result.calls, 1);
    close(fd);
}
END_TEST

START_TEST(timed_out)
{
    struct black_hole hole;
    struct result result;
    black_hole_open(&hole);
    usec_t begin = clock_now();
    start(&hole.address, 200 * MSEC, &result);
    ck_assert(loop_until(&loop, is_called, &result, 5000));
    usec_t took = clock_now() - begin;
    ck_assert_int_eq(result.outcome, CONNECT_TIMED_OUT);
    ck_assert_int_eq(result.error, ETIMEDOUT);
    ck_assert_int_ge(took, 200 * MSEC);
    ck_assert_int_lt(took, 202 * MSEC);
    black_hole_close(&hole);
}
END_TEST

START_TEST(cancelled)
{
    struct address address;
    struct black_hole hole;
    struct result result;
    int listener = loopback_listen(&address);
    connect_cancel(start(&address, 1000 * MSEC, &result));
    int peer = loopback_accept(listener); /* connected, and then reset: nobody waits for us */
    ck_assert_int_ge(peer, 0);
    ck_assert_int_eq(loopback_end(peer), -ECONNRESET);
    close(peer);
    black_hole_open(&hole);
    connect_cancel(start(&hole.address, 50 * MSEC, &result));
    loop_for(&loop, 150);
    ck_assert_int_eq(result.calls, 0);
    connect_cancel(NULL);
    black_hole_close(&hole);
    close(listener);
}
END_TEST

START_TEST(failed_at_once)
{
    struct result result = {.calls = 0};
    struct connect_attempt *attempt;
    struct in_addr ip = {.s_addr = htonl(0xe0000001)}; /* a multicast group: no TCP goes there */
    struct address multicast = address_ipv4(&ip, 80), none = {0};
    int error = connect_start(&loop, &multicast, NULL, MSEC, on_connect, &result, &attempt);
    ck_assert_int_eq(error, -ENETUNREACH);
    error = connect_start(&loop, &none, NULL, MSEC, on_connect, &result, &attempt);
    ck_assert_int_lt(error, 0);
    loop_for(&loop, 50);
    ck_assert_int_eq(result.calls, 0);
}
END_TEST

START_TEST(without_descriptors)
{
    struct address address;
    struct result result = {.calls = 0};
    struct connect_attempt *attempt;
    int listener = loopback_listen(&address), next = dup(listener);
    struct rlimit before, none;
    getrlimit(RLIMIT_NOFILE, &before);
    close(next);
    none = (struct rlimit){.rlim_cur = (rlim_t)next, .rlim_max = before.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    int error = connect_start(&loop, &address, NULL, MSEC, on_connect, &result, &attempt);
    setrlimit(RLIMIT_NOFILE, &before);
    ck_assert_int_eq(error, -EMFILE);
    ck_assert_int_eq(connect_classify(-error), CONNECT_LOCAL_LACK);
    close(listener);
}
END_TEST

/* The address that a client came from. */
static struct address far_address(int fd)
{
    struct sockaddr_storage name;
    socklen_t length = sizeof name;
    ck_assert_int_eq(getpeername(fd, (struct sockaddr *)&name, &length), 0);
    return address_from_sockaddr((struct sockaddr *)&name, length);
}

static void ck_comes_from(const char *ip)
{
    struct address address, want;
    struct result result;
    int listener = loopback_listen(&address);
    start(&address, 1000 * MSEC, &result);
    ck_assert(loop_until(&loop, is_called, &result, 5000));
    ck_assert_int_eq(result.outcome, CONNECT_ACCEPTED);
    int peer = loopback_accept(listener);
    ck_assert_int_ge(peer, 0);
    struct address from = far_address(peer);
    ck_assert(address_parse_ip(ip, address_port(&from), &want));
    ck_assert(address_equal(&from, &want));
    stream_close(result.stream);
    close(peer);
    close(listener);
}

/* The one of the address's own family counts. */
START_TEST(from_a_source)
{
    struct address sources[2];
    ck_comes_from("127.0.0.1");
    ck_assert(address_parse_ip("::1", 0, &sources[0]));
    ck_assert(address_parse_ip("127.0.0.9", 0, &sources[1]));
    options = (struct upstream_options){.sources = sources, .source_count = 2};
    ck_comes_from("127.0.0.9");
    options.source_count = 1;
    ck_comes_from("127.0.0.1");
    options = (struct upstream_options){.sources = NULL};
}
END_TEST

/* TEST-NET-1 of RFC 5737 is nobody's: a fault of this host, and no callback. */
START_TEST(from_a_source_that_is_not_here)
{
    struct address address, source;
    struct result result = {.calls = 0};
    struct connect_attempt *attempt;
    int listener = loopback_listen(&address);
    ck_assert(address_parse_ip("192.0.2.1", 0, &source));
    const struct upstream_options foreign = {.sources = &source, .source_count = 1};
    int error = connect_start(&loop, &address, &foreign, MSEC, on_connect, &result, &attempt);
    ck_assert_int_eq(error, -EADDRNOTAVAIL);
    ck_assert_int_eq(connect_classify(-error), CONNECT_LOCAL_BARRED);
    loop_for(&loop, 50);
    ck_assert_int_eq(result.calls, 0);
    close(listener);
}
END_TEST

START_TEST(a_long_timeout_does_not_keep_the_loop_busy)
{
    struct address address;
    struct result result;
    int listener = loopback_listen(&address);
    start(&address, 3600 * USEC_PER_SEC, &result);
    ck_assert(loop_until(&loop, is_called, &result, 5000));
    stream_close(result.stream);
    ck_assert_int_eq(timers_due(&loop.timers), 0); /* nothing is left of it */
    close(listener);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, what_an_errno_means);
    tcase_add_test(cases, accepted);
    tcase_add_test(cases, refused);
    tcase_add_test(cases, timed_out);
    tcase_add_test(cases, cancelled);
    tcase_add_test(cases, failed_at_once);
    tcase_add_test(cases, without_descriptors);
    tcase_add_test(cases, from_a_source);
    tcase_add_test(cases, from_a_source_that_is_not_here);
    tcase_add_test(cases, a_long_timeout_does_not_keep_the_loop_busy);
}

int main(void)
{
    return suite_run("proxy/connect", add);
}
