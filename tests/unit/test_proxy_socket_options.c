#include "proxy/socket_options.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "config/model.h"
#include "loopback.h"
#include "suite.h"

static int ends[2];

static void setup(void)
{
    loopback_pair(ends);
}

static void teardown(void)
{
    close(ends[0]);
    close(ends[1]);
}

static int get(int fd, int level, int name)
{
    int value = -1;
    socklen_t length = sizeof value;
    ck_assert_int_eq(getsockopt(fd, level, name, &value, &length), 0);
    return value;
}

/* A vanished peer of an idle connection is noticed after idle + probes * interval. */
START_TEST(times_follow_user_timeout)
{
    static const struct {
        usec_t user_timeout;
        int idle, interval;
    } rows[] = {
        {30 * USEC_PER_SEC, 11, 5},
        {60 * USEC_PER_SEC, 23, 10},
        {6 * USEC_PER_SEC, 2, 1},
        {1 * USEC_PER_SEC, 1, 1},
        {3500 * USEC_PER_MSEC, 1, 1},
        {3600 * USEC_PER_SEC, 1350, 600},
        {43200 * USEC_PER_SEC, 16200, 7200},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct upstream_options options = {.keepalive = 1,
                                                 .user_timeout = rows[i].user_timeout};
        socket_watch_peer(ends[0], &options);
        ck_assert_int_eq(get(ends[0], SOL_SOCKET, SO_KEEPALIVE), 1);
        ck_assert_int_eq(get(ends[0], IPPROTO_TCP, TCP_KEEPIDLE), rows[i].idle);
        ck_assert_int_eq(get(ends[0], IPPROTO_TCP, TCP_KEEPINTVL), rows[i].interval);
        ck_assert_int_eq(get(ends[0], IPPROTO_TCP, TCP_KEEPCNT), 3);
        ck_assert_int_eq(get(ends[0], IPPROTO_TCP, TCP_USER_TIMEOUT),
                         rows[i].user_timeout / USEC_PER_MSEC);
    }
}
END_TEST

START_TEST(each_can_be_off)
{
    const struct upstream_options neither = {.keepalive = 0}, probes = {.keepalive = 1};
    const struct upstream_options bytes = {.user_timeout = 7 * USEC_PER_SEC};
    int idle = get(ends[0], IPPROTO_TCP, TCP_KEEPIDLE);
    socket_watch_peer(ends[0], &neither);
    ck_assert_int_eq(get(ends[0], SOL_SOCKET, SO_KEEPALIVE), 0);
    ck_assert_int_eq(get(ends[0], IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
    socket_watch_peer(ends[0], &bytes);
    ck_assert_int_eq(get(ends[0], SOL_SOCKET, SO_KEEPALIVE), 0);
    ck_assert_int_eq(get(ends[0], IPPROTO_TCP, TCP_USER_TIMEOUT), 7000);
    socket_watch_peer(ends[1], &probes);
    ck_assert_int_eq(get(ends[1], SOL_SOCKET, SO_KEEPALIVE), 1);
    ck_assert_int_eq(get(ends[1], IPPROTO_TCP, TCP_KEEPIDLE), idle); /* as the host has it */
    ck_assert_int_eq(get(ends[1], IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
}
END_TEST

/* What a listening socket has, those that it accepts have too; but never a time for bytes. */
START_TEST(clients_inherit_the_probes)
{
    const struct upstream_options options = {.keepalive = 1, .user_timeout = 12 * USEC_PER_SEC};
    struct address address;
    int listener = loopback_listen(&address);
    socket_probe_peer(listener, &options);
    int client = loopback_connect(&address), accepted = loopback_accept(listener);
    ck_assert_int_eq(get(accepted, SOL_SOCKET, SO_KEEPALIVE), 1);
    ck_assert_int_eq(get(accepted, IPPROTO_TCP, TCP_KEEPIDLE), 5);
    ck_assert_int_eq(get(accepted, IPPROTO_TCP, TCP_KEEPINTVL), 2);
    ck_assert_int_eq(get(accepted, IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
    close(client);
    close(accepted);
    close(listener);
}
END_TEST

/* Only the connect decides on the port, so that it may be in use towards other destinations. */
START_TEST(a_source_takes_no_port)
{
    static const char *const ips[] = {"127.0.0.5", "::1"};
    for (size_t i = 0; i < COUNT_OF(ips); i++) {
        struct address source;
        struct sockaddr_storage name;
        socklen_t length = sizeof name;
        ck_assert(address_parse_ip(ips[i], 0, &source));
        const struct upstream_options options = {.sources = &source, .source_count = 1};
        int fd = socket(source.family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int error = socket_bind_source(fd, source.family, &options);
        if (source.family == AF_INET || error == 0) { /* a host without IPv6 has no ::1 */
            ck_assert_int_eq(error, 0);
            ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&name, &length), 0);
            struct address bound = address_from_sockaddr((struct sockaddr *)&name, length);
            ck_assert(address_equal(&bound, &source));
        }
        close(fd);
    }
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, times_follow_user_timeout);
    tcase_add_test(cases, each_can_be_off);
    tcase_add_test(cases, clients_inherit_the_probes);
    tcase_add_test(cases, a_source_takes_no_port);
}

int main(void)
{
    return suite_run("proxy/socket_options", add);
}
