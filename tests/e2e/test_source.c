/* Where connects come from: the test is the backend, and looks who it is that connects. */
#include "bed.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Listens on "127.0.0.2:80" or "[::1]:80". */
static int listen_on(const char *address)
{
    struct sockaddr_storage name;
    socklen_t length = client_parse_address(address, &name);
    int fd = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&name, length), 0);
    ck_assert_int_eq(listen(fd, 16), 0);
    return fd;
}

/* Takes one connection and writes the address it comes from, without the port. */
static int accept_from(int listener, char *ip, socklen_t size)
{
    struct sockaddr_storage name;
    socklen_t length = sizeof(name);
    struct pollfd wait = {.fd = listener, .events = POLLIN};
    ck_assert_int_eq(poll(&wait, 1, limit_ms(5000)), 1);
    int fd = accept4(listener, (struct sockaddr *)&name, &length, SOCK_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    const void *bytes = name.ss_family == AF_INET6
                            ? (void *)&((struct sockaddr_in6 *)&name)->sin6_addr
                            : (void *)&((struct sockaddr_in *)&name)->sin_addr;
    ck_assert_ptr_nonnull(inet_ntop(name.ss_family, bytes, ip, size));
    return fd;
}

static void ck_source(const struct bed *bed, const char *backend, const char *want)
{
    char ip[INET6_ADDRSTRLEN];
    int listener = listen_on(backend);
    for (int i = 0; i < 4; i++) {
        int client = bed_connect(bed);
        int peer = accept_from(listener, ip, sizeof(ip));
        ck_assert_str_eq(ip, want);
        client_close(client);
        client_close(peer);
    }
    close(listener);
}

static void run_to(struct bed *bed, int threads, const char *words, char *backend, size_t size,
                   const char *ip)
{
    bed_open(bed);
    snprintf(backend, size, "%s:%u", ip, bed->port);
    bed_run(bed, "-w %d %s %s=%s", threads, words, bed->listen, backend);
}

START_TEST(source_of_each_family)
{
    struct bed bed;
    char backend[64];
    run_to(&bed, bed_threads[_i], "-o connect.source=127.0.0.9,::1", backend, sizeof(backend),
           "127.0.0.2");
    ck_source(&bed, backend, "127.0.0.9");
    bed_close(&bed);
    if (!bed_has_ipv6()) {
        return;
    }
    run_to(&bed, bed_threads[_i], "-o connect.source=127.0.0.9 -o connect.source=::1", backend,
           sizeof(backend), "[::1]");
    ck_source(&bed, backend, "::1");
    bed_close(&bed);
}
END_TEST

/* A source that this host does not have: the log says so once, and no address is blamed. */
START_TEST(source_that_is_not_here)
{
    struct bed bed;
    char backend[64];
    run_to(&bed, bed_threads[_i], "-o connect.source=192.0.2.1 -o connect.deadline=300ms", backend,
           sizeof(backend), "127.0.0.2");
    int listener = listen_on(backend);
    for (int i = 0; i < 5; i++) {
        int fd = bed_connect(&bed);
        ck_assert_int_eq(client_next(fd, limit_ms(5000)), CLIENT_NEXT_RESET);
        client_close(fd);
    }
    bed_wait_ended(&bed, 5);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, " connection |end=local-fault"), 5);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, " warning this host cannot connect"), 1);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, "[connect] source is no address of this host"),
                      1);
    close(listener);
    bed_close(&bed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("source");
    BED_TEST(suite, source_of_each_family, BED_THREADS, 20);
    BED_TEST(suite, source_that_is_not_here, BED_THREADS, 20);
    return bed_main(suite);
}
