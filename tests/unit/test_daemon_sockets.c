#include "daemon/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "config/config.h"
#include "loopback.h"
#include "suite.h"

static struct listen listens[3];
static struct upstream_config upstream;
static char said[8192];
static int log_ends[2];
static struct fronts fronts;

static void setup(void)
{
    list_init(&fronts.open);
    ck_assert_int_eq(pipe2(log_ends, O_NONBLOCK | O_CLOEXEC), 0);
    log_setup(log_ends[1], LOG_LEVEL_INFO, LOG_FORMAT_TEXT, true);
    for (size_t i = 0; i < COUNT_OF(listens); i++) {
        listens[i] = (struct listen){.optional = false};
        close(loopback_refuse(&listens[i].address)); /* a port that nobody has */
    }
    upstream = (struct upstream_config){.name = (char *)"name",
                                        .options = {.listens = listens, .listen_count = 2}};
}

/* A Unix socket at a path that no other test has. */
static struct listen at_own_path(void)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/redial-unit-%d.sock", (int)getpid());
    return (struct listen){.kind = LISTEN_UNIX,
                           .mode = 0600,
                           .user = LISTEN_USER_OWN,
                           .group = LISTEN_GROUP_OWN,
                           .path = path};
}

static const char *what_was_said(void)
{
    ssize_t got = read(log_ends[0], said, sizeof said - 1);
    said[got < 0 ? 0 : got] = '\0';
    return said;
}

static size_t open_descriptors(void)
{
    size_t count = 0;
    for (int fd = 0; fd < 200; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void ck_listens(const struct sockets *sockets)
{
    for (size_t i = 0; i < sockets->count; i++)
        for (size_t worker = 0; worker < sockets_front(sockets, i)->count; worker++) {
            struct sockaddr_storage name;
            socklen_t length = sizeof name;
            int fd = sockets_front(sockets, i)->sockets[worker].fd;
            ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&name, &length), 0);
            struct address address = address_from_sockaddr((struct sockaddr *)&name, length);
            ck_assert(address_equal(&address, &listens[i].address));
        }
}

START_TEST(each_address_once_a_worker)
{
    for (size_t workers = 1; workers <= 5; workers++) {
        struct sockets sockets;
        size_t before = open_descriptors();
        ck_assert_int_eq(sockets_open(&sockets, &upstream, workers, &fronts), 0);
        ck_assert_uint_eq(sockets.count, 2);
        ck_assert_uint_eq(sockets_front(&sockets, 0)->count, workers);
        ck_assert_uint_eq(open_descriptors(), before + 2 * workers);
        ck_listens(&sockets);
        for (size_t i = 0; i < 2; i++) {
            int fd = loopback_connect(&listens[i].address);
            ck_assert_int_ge(fd, 0);
            close(fd);
        }
        ck_assert_str_eq(what_was_said(), ""); /* before they are in use */
        sockets_report(&sockets, &upstream);
        ck_assert_ptr_nonnull(strstr(what_was_said(), "listening upstream=name address=127.0.0.1"));
        sockets_clear(&sockets);
        ck_assert_uint_eq(open_descriptors(), before);
    }
}
END_TEST

/* SO_REUSEPORT would share the address with any process of this user: that is refused. */
START_TEST(an_address_that_is_taken_is_an_error)
{
    for (size_t first = 1; first <= 3; first += 2)
        for (size_t second = 1; second <= 3; second += 2) {
            struct sockets one, other;
            ck_assert_int_eq(sockets_open(&one, &upstream, first, &fronts), 0);
            what_was_said();
            size_t before = open_descriptors();
            list_init(&fronts.open); /* as another process, which knows nothing of it */
            ck_assert_int_eq(sockets_open(&other, &upstream, second, &fronts), -EADDRINUSE);
            ck_assert_uint_eq(open_descriptors(), before); /* then none is open */
            ck_assert_ptr_nonnull(strstr(what_was_said(), "another process listens there"));
            sockets_clear(&one);
            ck_assert_int_eq(sockets_open(&other, &upstream, second, &fronts), 0);
            sockets_clear(&other);
        }
}
END_TEST

START_TEST(a_failure_of_the_second_closes_the_first)
{
    struct sockets sockets;
    struct address address;
    int taken = loopback_listen(&address);
    listens[1].address = address;
    for (size_t workers = 1; workers <= 4; workers++) {
        size_t before = open_descriptors();
        ck_assert_int_eq(sockets_open(&sockets, &upstream, workers, &fronts), -EADDRINUSE);
        ck_assert_uint_eq(open_descriptors(), before);
        int fd = loopback_connect(&listens[0].address);
        ck_assert_int_eq(fd, -ECONNREFUSED);
    }
    close(taken);
}
END_TEST

START_TEST(an_address_of_another_host)
{
    struct sockets sockets;
    const char *why;
    ck_assert_int_eq(address_parse("192.0.2.1:1", &listens[0].address, &why), 0);
    ck_assert_int_eq(sockets_open(&sockets, &upstream, 2, &fronts), -EADDRNOTAVAIL);
    ck_assert_ptr_nonnull(strstr(what_was_said(), "this host does not have that address"));
    listens[0].optional = true; /* left out, without a gap */
    ck_assert_int_eq(sockets_open(&sockets, &upstream, 2, &fronts), 0);
    ck_assert_uint_eq(sockets.count, 1);
    ck_assert(address_equal(&sockets_front(&sockets, 0)->listen.address, &listens[1].address));
    ck_assert_int_ge(loopback_connect(&listens[1].address), 0);
    sockets_clear(&sockets);
}
END_TEST

START_TEST(a_bare_port)
{
    struct listen both[LISTEN_EXPANSION_MAX];
    struct sockets sockets;
    const char *why;
    char text[16];
    sprintf(text, "%u", address_port(&listens[0].address));
    ck_assert_int_eq(listen_parse(text, both, &why), 2);
    memcpy(listens, both, sizeof both);
    ck_assert_int_eq(sockets_open(&sockets, &upstream, 2, &fronts), 0);
    ck_assert_uint_ge(sockets.count, 1); /* 2 where the host has IPv6 */
    ck_assert_int_ge(loopback_connect(&both[0].address), 0);
    sockets_clear(&sockets);
}
END_TEST

/* An optional address that another process has is no lack of IPv6: it is told. */
START_TEST(optional_does_not_mean_taken)
{
    struct sockets sockets;
    struct address address;
    int taken = loopback_listen(&address);
    listens[0] = (struct listen){.address = address, .optional = true};
    ck_assert_int_eq(sockets_open(&sockets, &upstream, 2, &fronts), -EADDRINUSE);
    close(taken);
}
END_TEST

/* One socket, of which each worker has a descriptor; and its file goes when it is closed. */
START_TEST(a_unix_socket_is_shared)
{
    struct sockets sockets;
    struct stat status;
    size_t before = open_descriptors();
    listens[1] = at_own_path();
    const char *path = listens[1].path;
    ck_assert_int_eq(sockets_open(&sockets, &upstream, 3, &fronts), 0);
    ck_assert_uint_eq(sockets.count, 2);
    ck_assert_uint_eq(open_descriptors(), before + 6);
    ck_assert_int_eq(lstat(path, &status), 0);
    sockets_report(&sockets, &upstream);
    char want[128];
    snprintf(want, sizeof want, "listening upstream=name address=unix:%s", path);
    ck_assert_ptr_nonnull(strstr(what_was_said(), want));
    struct sockets other;
    listens[0] = listens[1];
    list_init(&fronts.open); /* as another process, which knows nothing of it */
    ck_assert_int_eq(sockets_open(&other, &upstream, 1, &fronts), -EADDRINUSE);
    ck_assert_ptr_nonnull(strstr(what_was_said(), "another process listens there: ss -lxp"));
    ck_assert_int_eq(lstat(path, &status), 0);
    sockets_remove_files(&sockets);
    ck_assert_int_lt(lstat(path, &status), 0);
    sockets_clear(&sockets);
    ck_assert_uint_eq(open_descriptors(), before);
}
END_TEST

/* What was opened before the failure is closed, and its file removed. */
START_TEST(a_failure_removes_the_files)
{
    struct sockets sockets;
    struct stat status;
    size_t before = open_descriptors();
    listens[0] = listens[1] = at_own_path();
    listens[1].path = (char *)"/nowhere/x.sock";
    ck_assert_int_eq(sockets_open(&sockets, &upstream, 2, &fronts), -ENOENT);
    ck_assert_ptr_nonnull(strstr(what_was_said(), "its directory does not exist"));
    ck_assert_uint_eq(open_descriptors(), before);
    ck_assert_int_lt(lstat(listens[0].path, &status), 0);
}
END_TEST

START_TEST(what_was_given_away_is_not_closed)
{
    struct sockets sockets;
    int theirs[2][2];
    ck_assert_int_eq(sockets_open(&sockets, &upstream, 2, &fronts), 0);
    for (size_t worker = 0; worker < 2; worker++) {
        ck_assert_uint_eq(sockets_of_worker(&sockets, worker), 2);
        sockets_give(&sockets, worker, theirs[worker]);
    }
    sockets_clear(&sockets);
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(close(theirs[i / 2][i % 2]), 0);
    ck_assert(list_empty(&fronts.open));
    sockets_clear(&sockets); /* twice is harmless */
}
END_TEST

/* Two configurations that have an address in common have it open once, until neither wants it. */
START_TEST(an_address_that_stays_is_never_closed)
{
    struct sockets before, after;
    ck_assert_int_eq(sockets_open(&before, &upstream, 2, &fronts), 0);
    sockets_report(&before, &upstream);
    what_was_said();
    size_t descriptors = open_descriptors();
    upstream.options.listen_count = 3;
    ck_assert_int_eq(sockets_open(&after, &upstream, 2, &fronts), 0);
    ck_assert_uint_eq(open_descriptors(), descriptors + 2);
    ck_assert_ptr_eq(sockets_front(&after, 1), sockets_front(&before, 1));
    sockets_clear(&after); /* it was not applied */
    ck_assert_uint_eq(open_descriptors(), descriptors);
    listens[0] = listens[2];
    upstream.options.listen_count = 2;
    ck_assert_int_eq(sockets_open(&after, &upstream, 2, &fronts), 0);
    sockets_clear(&before);
    ck_assert_uint_eq(open_descriptors(), descriptors);
    ck_listens(&after);
    sockets_report(&after, &upstream);
    ck_assert_ptr_null(strchr(strchr(what_was_said(), '\n') + 1, '\n')); /* the new one alone */
    sockets_clear(&after);
}
END_TEST

/* 0.0.0.0 is given up for 127.0.0.1: that we listen on both for a moment is nobody else's doing. */
START_TEST(own_addresses_may_overlap_for_a_moment)
{
    struct sockets before, after;
    upstream.options.listen_count = 1;
    const struct listen narrow = listens[0];
    listens[0].address.in.sin_addr.s_addr = htonl(INADDR_ANY);
    ck_assert_int_eq(sockets_open(&before, &upstream, 2, &fronts), 0);
    listens[0] = narrow;
    ck_assert_int_eq(sockets_open(&after, &upstream, 2, &fronts), 0);
    sockets_clear(&before);
    ck_listens(&after);
    sockets_clear(&after);
}
END_TEST

/* A Unix socket with another mode is the same socket. */
START_TEST(a_mode_is_changed_in_place)
{
    struct sockets before, after;
    struct stat status;
    listens[0] = at_own_path();
    upstream.options.listen_count = 1;
    ck_assert_int_eq(sockets_open(&before, &upstream, 2, &fronts), 0);
    sockets_report(&before, &upstream);
    listens[0].mode = 0666;
    ck_assert_int_eq(sockets_open(&after, &upstream, 2, &fronts), 0);
    ck_assert_int_eq(lstat(listens[0].path, &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0600); /* not before it is in use */
    sockets_report(&after, &upstream);
    ck_assert_int_eq(lstat(listens[0].path, &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0666);
    sockets_clear(&before);
    ck_assert_int_eq(lstat(listens[0].path, &status), 0);
    sockets_clear(&after);
    ck_assert_int_lt(lstat(listens[0].path, &status), 0);
}
END_TEST

START_TEST(descriptors_run_out)
{
    struct sockets sockets;
    struct rlimit limit;
    size_t before = open_descriptors();
    int next = dup(0);
    close(next);
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = (rlim_t)next + 3;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_int_eq(sockets_open(&sockets, &upstream, 4, &fronts), -EMFILE);
    ck_assert_uint_eq(open_descriptors(), before);
    ck_assert_ptr_nonnull(strstr(what_was_said(), "limit of open files"));
}
END_TEST

static bool reached(const char *text, uint16_t port)
{
    struct address address;
    ck_assert(address_parse_ip(text, port, &address));
    return fronts_reached(&fronts, &address);
}

START_TEST(who_would_reach_ourselves)
{
    struct sockets sockets;
    uint16_t port = address_port(&listens[0].address);
    ck_assert_int_eq(sockets_open(&sockets, &upstream, 2, &fronts), 0);
    ck_assert(reached("127.0.0.1", port));
    ck_assert(reached("::ffff:127.0.0.1", port));
    ck_assert(!reached("127.0.0.2", port));
    ck_assert(!reached("::1", port));
    ck_assert(!reached("127.0.0.1", address_port(&listens[2].address)));
    sockets_clear(&sockets);
    ck_assert(!reached("127.0.0.1", port));
    listens[0].address.in.sin_addr.s_addr = htonl(INADDR_ANY);
    ck_assert_int_eq(sockets_open(&sockets, &upstream, 2, &fronts), 0);
    ck_assert(reached("127.0.0.2", port));
    ck_assert(!reached("192.0.2.1", port)); /* of no host (RFC 5737) */
    ck_assert(!reached("::1", port));
    sockets_clear(&sockets);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, setup, NULL);
    tcase_add_test(cases, who_would_reach_ourselves);
    tcase_add_test(cases, each_address_once_a_worker);
    tcase_add_test(cases, an_address_that_is_taken_is_an_error);
    tcase_add_test(cases, a_failure_of_the_second_closes_the_first);
    tcase_add_test(cases, an_address_of_another_host);
    tcase_add_test(cases, a_bare_port);
    tcase_add_test(cases, a_unix_socket_is_shared);
    tcase_add_test(cases, a_failure_removes_the_files);
    tcase_add_test(cases, optional_does_not_mean_taken);
    tcase_add_test(cases, what_was_given_away_is_not_closed);
    tcase_add_test(cases, an_address_that_stays_is_never_closed);
    tcase_add_test(cases, own_addresses_may_overlap_for_a_moment);
    tcase_add_test(cases, a_mode_is_changed_in_place);
    tcase_add_test(cases, descriptors_run_out);
}

int main(void)
{
    return suite_run("daemon/sockets", add);
}
