/* The harness itself: a scripted fault that does not happen would make every test above it pass. */
#include "client.h"
#include "crowd.h"
#include "daemon.h"
#include "dns_script.h"
#include "moment.h"
#include "pattern.h"
#include "peer.h"
#include "port.h"
#include "process.h"
#include "tempdir.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <check.h>
#include <errno.h>
#include <resolv.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Asks for real and writes "RCODE name ttl address|name target ttl" for the answer section. */
static void dns_ask(struct dns_script *dns, const char *name, int type, int ms, char *text,
                    size_t size)
{
    unsigned char packet[1500];
    struct sockaddr_storage to;
    socklen_t to_size = client_parse_address(dns_script_address(dns), &to);
    int fd = socket(to.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int length =
        res_mkquery(ns_o_query, name, ns_c_in, type, NULL, 0, NULL, packet, sizeof(packet));
    ck_assert_int_gt(length, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, to_size), 0);
    ck_assert_int_eq(client_send(fd, packet, (size_t)length, ms), 0);
    ssize_t got = client_receive(fd, packet, sizeof(packet), ms);
    close(fd);
    if (got < 0) {
        snprintf(text, size, "error %s", strerror((int)-got));
        return;
    }
    ns_msg message;
    ck_assert_int_eq(ns_initparse(packet, (int)got, &message), 0);
    FILE *out = fmemopen(text, size, "w");
    fprintf(out, "%d", ns_msg_getflag(message, ns_f_rcode));
    for (int i = 0; i < ns_msg_count(message, ns_s_an); i++) {
        ns_rr record;
        char data[256] = "?";
        ck_assert_int_eq(ns_parserr(&message, ns_s_an, i, &record), 0);
        if (ns_rr_type(record) == ns_t_cname) {
            dn_expand(ns_msg_base(message), ns_msg_end(message), ns_rr_rdata(record), data,
                      sizeof(data));
        } else {
            inet_ntop(ns_rr_type(record) == ns_t_a ? AF_INET : AF_INET6, ns_rr_rdata(record), data,
                      sizeof(data));
        }
        fprintf(out, " %s/%u/%s", ns_rr_name(record), ns_rr_ttl(record), data);
    }
    fclose(out);
}

static void assert_dns(struct dns_script *dns, const char *name, int type, const char *want)
{
    char text[1024];
    dns_ask(dns, name, type, limit_ms(1000), text, sizeof(text));
    ck_assert_str_eq(text, want);
}

START_TEST(dns_answers_what_was_set)
{
    struct dns_script *dns = dns_script_start(NULL, 0);
    dns_script_set(dns, "a.test", DNS_A, "127.0.0.2,127.0.0.3", 7);
    dns_script_set(dns, "a.test", DNS_AAAA, "::1", 9);
    dns_script_set_alias(dns, "b.test", "c.test", 3);
    dns_script_set_alias(dns, "c.test", "a.test", 5);
    assert_dns(dns, "a.test", ns_t_a, "0 a.test/7/127.0.0.2 a.test/7/127.0.0.3");
    assert_dns(dns, "A.Test", ns_t_a, "0 A.Test/7/127.0.0.2 A.Test/7/127.0.0.3");
    assert_dns(dns, "a.test", ns_t_aaaa, "0 a.test/9/::1");
    assert_dns(dns, "b.test", ns_t_a,
               "0 b.test/3/c.test c.test/5/a.test a.test/7/127.0.0.2 a.test/7/127.0.0.3");
    assert_dns(dns, "none.test", ns_t_a, "3");
    ck_assert_uint_eq(dns_script_count(dns, "a.test", DNS_A), 2);
    ck_assert_uint_eq(dns_script_count(dns, "b.test", DNS_A), 1);
    ck_assert_uint_eq(dns_script_count_all(dns), 5);
    dns_script_stop(dns);
}
END_TEST

START_TEST(dns_fails_as_told)
{
    struct dns_script *dns = dns_script_start(NULL, 0);
    char text[256];
    dns_script_set(dns, "a.test", DNS_A, "127.0.0.2", 1);
    assert_dns(dns, "a.test", ns_t_aaaa, "0");
    dns_script_set_answer(dns, "a.test", DNS_A, DNS_ANSWER_SERVFAIL);
    assert_dns(dns, "a.test", ns_t_a, "2");
    dns_script_set_answer(dns, "a.test", DNS_A, DNS_ANSWER_REFUSED);
    assert_dns(dns, "a.test", ns_t_a, "5");
    dns_script_set_answer(dns, "a.test", DNS_A, DNS_ANSWER_NXDOMAIN);
    assert_dns(dns, "a.test", ns_t_a, "3");
    dns_script_set_answer(dns, "a.test", DNS_A, DNS_ANSWER_EMPTY);
    assert_dns(dns, "a.test", ns_t_a, "0");
    dns_script_set_answer(dns, "a.test", DNS_A, DNS_ANSWER_RECORDS);
    dns_script_set_all(dns, DNS_ANSWER_SILENCE);
    dns_ask(dns, "a.test", ns_t_a, 200, text, sizeof(text));
    ck_assert_str_eq(text, "error Connection timed out");
    ck_assert_uint_eq(dns_script_count(dns, "a.test", DNS_A), 5);
    dns_script_set_all(dns, DNS_ANSWER_RECORDS);
    assert_dns(dns, "a.test", ns_t_a, "0 a.test/1/127.0.0.2");
    dns_script_remove(dns, "a.test");
    assert_dns(dns, "a.test", ns_t_a, "3");
    dns_script_stop(dns);
}
END_TEST

START_TEST(dns_delays_and_tells_when)
{
    struct dns_script *dns = dns_script_start(NULL, 0);
    int64_t times[4];
    dns_script_set(dns, "a.test", DNS_A, "127.0.0.2", 1);
    dns_script_set_delay(dns, "a.test", DNS_A, 150);
    int64_t before = moment_us();
    assert_dns(dns, "a.test", ns_t_a, "0 a.test/1/127.0.0.2");
    ck_assert_int_ge(moment_us() - before, 149000);
    ck_assert(dns_script_wait(dns, "a.test", DNS_A, 1, limit_ms(1000)));
    ck_assert(!dns_script_wait(dns, "a.test", DNS_A, 2, 50));
    ck_assert_uint_eq(dns_script_times(dns, "a.test", DNS_A, times, 4), 1);
    ck_assert(times[0] >= before && times[0] <= moment_us());
    char text[64];
    dns_ask(dns, "a.test", ns_t_a, 10, text, sizeof(text)); /* stopping with one held */
    dns_script_stop(dns);
}
END_TEST

/* One second is the kernel's first SYN retry: the hang must outlast it. */
START_TEST(peer_black_hole_hangs)
{
    struct peers *peers = peers_start();
    uint16_t port = port_reserve();
    struct peer *peer = peer_add_manner(peers, PEER_BLACK_HOLE, "127.0.0.2", port);
    ck_assert_int_eq(client_connect(peer_address(peer), 1300), -ETIMEDOUT);
    peer_set_manner(peer, PEER_IDENTIFY);
    char answer[64];
    ck_assert_int_eq(
        client_ask_once(peer_address(peer), "who", answer, sizeof(answer), limit_ms(1000)), 0);
    ck_assert_str_eq(answer, "127.0.0.2");
    peers_stop(peers);
}
END_TEST

START_TEST(peer_refuses_and_resets)
{
    struct peers *peers = peers_start();
    uint16_t port = port_reserve();
    struct peer *refuse = peer_add_manner(peers, PEER_REFUSE, "127.0.0.2", port);
    struct peer *reset = peer_add_manner(peers, PEER_RESET_ACCEPT, "127.0.0.3", port);
    struct peer_options options = {
        .manner = PEER_RESET_AFTER, .ip = "127.0.0.4", .port = port, .size = 10};
    struct peer *after = peer_add(peers, &options);
    ck_assert_int_eq(client_connect(peer_address(refuse), 1000), -ECONNREFUSED);
    int fd = client_connect(peer_address(reset), limit_ms(1000));
    ck_assert(fd >= 0 || fd == -ECONNRESET);
    ck_assert(fd < 0 || client_next(fd, limit_ms(1000)) == CLIENT_NEXT_RESET);
    client_close(fd);
    fd = client_connect(peer_address(after), limit_ms(1000));
    ck_assert_int_eq(client_send(fd, "123456789", 9, 1000), 0);
    ck_assert(peer_wait(after, PEER_RECEIVED, 9, limit_ms(1000)));
    ck_assert_int_eq(client_next(fd, 50), CLIENT_NEXT_NOTHING);
    ck_assert_int_eq(client_send(fd, "0", 1, 1000), 0);
    ck_assert_int_eq(client_next(fd, limit_ms(1000)), CLIENT_NEXT_RESET);
    client_close(fd);
    peers_stop(peers);
}
END_TEST

START_TEST(peer_kill_resets_and_refuses)
{
    struct peers *peers = peers_start();
    struct peer *peer = peer_add_identify(peers, "127.0.0.2", port_reserve());
    char answer[64];
    int fd = client_connect(peer_address(peer), limit_ms(1000));
    ck_assert_int_eq(client_ask(fd, "who", answer, sizeof(answer), limit_ms(1000)), 0);
    peer_kill(peer);
    ck_assert_int_eq(client_next(fd, limit_ms(1000)), CLIENT_NEXT_RESET);
    client_close(fd);
    ck_assert_int_eq(client_connect(peer_address(peer), 1000), -ECONNREFUSED);
    ck_assert_uint_eq(peer_count(peer, PEER_OPEN), 0);
    ck_assert_uint_eq(peer_count(peer, PEER_ACCEPTED), 1);
    peers_stop(peers);
}
END_TEST

static void exchange_with_sink(struct peers *peers, enum peer_manner manner, uint16_t port)
{
    struct peer_options options = {
        .manner = manner, .ip = "127.0.0.2", .port = port, .size = 400000, .interval_ms = 1};
    struct peer *peer = peer_add(peers, &options);
    char line[64];
    int fd = client_connect(peer_address(peer), limit_ms(1000));
    ck_assert_int_eq(client_send_until_stalled(fd, 3000000, limit_ms(1000)), 3000000);
    ck_assert_int_eq(client_end_sending(fd), 0);
    ck_assert_int_eq(client_receive_line(fd, line, sizeof(line), limit_ms(3000)), 0);
    ck_assert_str_eq(line, "3000000 ok");
    ck_assert_int_eq(client_next(fd, limit_ms(1000)), CLIENT_NEXT_END);
    client_close(fd);
    fd = client_connect(peer_address(peer), limit_ms(1000));
    ck_assert_int_eq(client_send(fd, "not the pattern", 15, 1000), 0);
    client_end_sending(fd);
    ck_assert_int_eq(client_receive_line(fd, line, sizeof(line), limit_ms(3000)), 0);
    ck_assert_str_eq(line, "15 bad");
    ck_assert_uint_eq(peer_count(peer, PEER_BAD), 1);
    client_close(fd);
    ck_assert(peer_wait_exactly(peer, PEER_OPEN, 0, limit_ms(1000)));
}

START_TEST(peer_sinks_check_the_bytes)
{
    struct peers *peers = peers_start();
    exchange_with_sink(peers, _i == 0 ? PEER_SINK : PEER_SLOW_SINK, port_reserve());
    peers_stop(peers);
}
END_TEST

START_TEST(peer_deaf_stalls_the_sender)
{
    struct peers *peers = peers_start();
    struct peer *peer = peer_add_manner(peers, PEER_DEAF, "127.0.0.2", port_reserve());
    int fd = client_connect(peer_address(peer), limit_ms(1000));
    int64_t sent = client_send_until_stalled(fd, 100000000, 200);
    ck_assert_int_gt(sent, 0);
    ck_assert_int_lt(sent, 100000000);
    ck_assert_uint_eq(peer_count(peer, PEER_RECEIVED), 0);
    peer_listen_again(peer);
    ck_assert(peer_wait(peer, PEER_RECEIVED, (uint64_t)sent, limit_ms(3000)));
    ck_assert_uint_eq(peer_count(peer, PEER_BAD), 0);
    client_reset(fd);
    ck_assert(peer_wait(peer, PEER_RESETS, 1, limit_ms(1000)));
    peers_stop(peers);
}
END_TEST

/* What a sender gets rid of before a reader that does not read stalls it. */
static int64_t unread_by(int fd, struct peer *source)
{
    ck_assert_int_eq(client_connect_finish(fd, limit_ms(1000)), 0);
    uint64_t sent = 0;
    while (peer_wait(source, PEER_SENT, sent + 1, 200)) {
        sent = peer_count(source, PEER_SENT);
    }
    client_reset(fd);
    ck_assert(peer_wait_exactly(source, PEER_OPEN, 0, limit_ms(1000)));
    return (int64_t)sent;
}

START_TEST(narrow_client_stalls_soon)
{
    struct peers *peers = peers_start();
    struct peer_options options = {
        .manner = PEER_SOURCE, .ip = "127.0.0.2", .port = port_reserve(), .size = 1 << 28};
    struct peer *source = peer_add(peers, &options);
    int64_t narrow = unread_by(client_connect_start_narrow(peer_address(source)), source);
    int64_t usual = unread_by(client_connect_start(peer_address(source), 0), source) - narrow;
    ck_assert_int_le(narrow, 400000);
    ck_assert_int_gt(usual, narrow);
    peers_stop(peers);
}
END_TEST

START_TEST(peer_speaks_after_the_end)
{
    struct peers *peers = peers_start();
    struct peer_options options = {
        .manner = PEER_AFTER_END, .ip = "127.0.0.2", .port = port_reserve(), .size = 1000};
    struct peer *peer = peer_add(peers, &options);
    char bytes[2000];
    int fd = client_connect(peer_address(peer), limit_ms(1000));
    ck_assert_int_eq(client_next(fd, 50), CLIENT_NEXT_NOTHING);
    client_end_sending(fd);
    ck_assert_int_eq(client_receive_all(fd, bytes, sizeof(bytes), limit_ms(1000)), 1000);
    ck_assert(pattern_matches(0, bytes, 1000));
    client_close(fd);
    peers_stop(peers);
}
END_TEST

START_TEST(peer_ends_first_and_receives)
{
    struct peers *peers = peers_start();
    struct peer *peer = peer_add_manner(peers, PEER_END_FIRST, "127.0.0.2", port_reserve());
    char bytes[1000];
    int fd = client_connect(peer_address(peer), limit_ms(1000));
    ck_assert_int_eq(client_next(fd, limit_ms(1000)), CLIENT_NEXT_END);
    pattern_fill(0, bytes, sizeof(bytes));
    ck_assert_int_eq(client_send(fd, bytes, sizeof(bytes), 1000), 0);
    ck_assert(peer_wait(peer, PEER_RECEIVED, 1000, limit_ms(1000)));
    client_close(fd);
    ck_assert(peer_wait(peer, PEER_ENDS, 1, limit_ms(1000)));
    ck_assert(peer_wait_exactly(peer, PEER_OPEN, 0, limit_ms(1000)));
    ck_assert_uint_eq(peer_count(peer, PEER_BAD), 0);
    peers_stop(peers);
}
END_TEST

START_TEST(peer_trickles)
{
    struct peers *peers = peers_start();
    struct peer_options options = {.manner = PEER_TRICKLE,
                                   .ip = "127.0.0.2",
                                   .port = port_reserve(),
                                   .size = 10,
                                   .interval_ms = 10};
    struct peer *peer = peer_add(peers, &options);
    char bytes[20];
    int64_t before = moment_ms();
    int fd = client_connect(peer_address(peer), limit_ms(1000));
    ck_assert_int_eq(client_receive_all(fd, bytes, sizeof(bytes), limit_ms(2000)), 10);
    ck_assert(pattern_matches(0, bytes, 10));
    ck_assert_int_ge(moment_ms() - before, 99);
    client_close(fd);
    peers_stop(peers);
}
END_TEST

START_TEST(peer_echo_source_and_http)
{
    struct peers *peers = peers_start();
    uint16_t port = port_reserve();
    struct peer *echo = peer_add_manner(peers, PEER_ECHO, "127.0.0.2", port);
    struct peer_options options = {
        .manner = PEER_SOURCE, .ip = "127.0.0.3", .port = port, .size = 3000};
    struct peer *source = peer_add(peers, &options);
    struct peer *http = peer_add_manner(peers, PEER_HTTP, "127.0.0.4", port);
    char bytes[4000];
    ck_assert_int_eq(client_ask_once(peer_address(echo), "abc", bytes, sizeof(bytes), 1000), 0);
    ck_assert_str_eq(bytes, "abc");
    int fd = client_connect(peer_address(source), limit_ms(1000));
    ck_assert_int_eq(client_receive_all(fd, bytes, sizeof(bytes), limit_ms(1000)), 3000);
    ck_assert(pattern_matches(0, bytes, 3000));
    client_close(fd);
    fd = client_connect(peer_address(http), limit_ms(1000));
    static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    ck_assert_int_eq(client_send(fd, request, sizeof(request) - 1, 1000), 0);
    client_end_sending(fd);
    ssize_t length = client_receive_all(fd, bytes, sizeof(bytes) - 1, limit_ms(1000));
    ck_assert_int_gt(length, 0);
    bytes[length] = '\0';
    ck_assert_ptr_nonnull(strstr(bytes, "Content-Length: 10\r\n\r\n127.0.0.4\n"));
    client_close(fd);
    peers_stop(peers);
}
END_TEST

START_TEST(crowd_asks_at_once)
{
    struct peers *peers = peers_start();
    struct peer *peer = peer_add_identify(peers, "127.0.0.2", port_reserve());
    struct crowd *crowd = crowd_connect(peer_address(peer), 500, limit_ms(3000));
    ck_assert_ptr_nonnull(crowd);
    ck_assert_uint_eq(crowd_ask(crowd, "who", limit_ms(3000)), 500);
    ck_assert_uint_eq(crowd_count_answer(crowd, "127.0.0.2"), 500);
    ck_assert_uint_eq(peer_count(peer, PEER_OPEN), 500);
    crowd_close_one(crowd, 3);
    ck_assert(peer_wait_exactly(peer, PEER_OPEN, 499, limit_ms(1000)));
    peer_reset_all(peer);
    struct crowd_ends ends = crowd_wait_ends(crowd, limit_ms(1000));
    ck_assert_uint_eq(ends.reset, 499);
    ck_assert_uint_eq(ends.open, 0);
    crowd_close(crowd);
    peers_stop(peers);
}
END_TEST

START_TEST(ports_are_never_given_twice)
{
    uint16_t first = port_reserve();
    for (int i = 0; i < 50; i++) {
        ck_assert_uint_ne(port_reserve(), first);
    }
}
END_TEST

static struct daemon *start_shell(const char *script, const char *variable, unsigned descriptors)
{
    const char *arguments[] = {"-c", script, NULL};
    const char *environment[] = {variable, NULL};
    struct daemon_options options = {.program = "/bin/sh",
                                     .arguments = arguments,
                                     .environment = environment,
                                     .descriptors = descriptors};
    return daemon_start(&options);
}

START_TEST(daemon_log_status_and_limits)
{
    unsetenv("REDIAL_WRAP");
    setenv("REDIAL_UPSTREAMS", "of this process", 1);
    struct daemon *daemon = start_shell("ulimit -n; echo one two >&2; echo out; "
                                        "echo \"$TESTLIB ${REDIAL_UPSTREAMS-none}\" >&2; exit 3",
                                        "TESTLIB=here", 123);
    ck_assert(daemon_wait_line(daemon, "two|one", limit_ms(2000)));
    ck_assert_int_eq(daemon_wait_exit(daemon, limit_ms(2000)), 3);
    char *log = daemon_log(daemon);
    ck_assert_str_eq(log, "one two\nhere none\n");
    free(log);
    log = daemon_output(daemon);
    ck_assert_str_eq(log, "123\nout\n");
    free(log);
    ck_assert(!daemon_wait_line(daemon, "three", 10000)); /* at once: the log is at its end */
    char line[8];
    size_t at = 0;
    ck_assert(daemon_read_line(daemon, &at, line, sizeof(line)));
    ck_assert_str_eq(line, "one two");
    ck_assert(daemon_read_line(daemon, &at, line, sizeof(line)));
    ck_assert_str_eq(line, "here no"); /* cut to its room */
    ck_assert(!daemon_read_line(daemon, &at, line, sizeof(line)));
    ck_assert_uint_eq(at, 2);
    ck_assert_int_eq(daemon_stop(daemon), 3);
}
END_TEST

START_TEST(daemon_is_measured_and_ended)
{
    unsetenv("REDIAL_WRAP");
    struct daemon *daemon = start_shell("echo up >&2; read x < /dev/zero", "A=b", 0);
    ck_assert(daemon_wait_line(daemon, "up", limit_ms(2000)));
    ck_assert_int_gt(daemon_rss_kb(daemon), 100);
    ck_assert_int_ge(daemon_descriptors(daemon), 3);
    ck_assert_int_ge(process_descriptors_of(daemon_pid(daemon), "pipe:"), 2); /* its output */
    ck_assert_int_eq(process_descriptors_of(daemon_pid(daemon), "socket:"), 0);
    ck_assert_int_eq(daemon_threads(daemon), 1);
    ck_assert(daemon_cpu_seconds(daemon) >= 0);
    ck_assert_int_eq(daemon_wait_exit(daemon, 50), -ETIMEDOUT);
    ck_assert_int_eq(daemon_stop(daemon), 128 + SIGTERM);
}
END_TEST

START_TEST(daemon_log_is_kept_until_stopped)
{
    unsetenv("REDIAL_WRAP");
    struct tempdir *dir = tempdir_create();
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    daemon_keep_logs(tempdir_path(dir));
    struct daemon *daemon = start_shell("echo left behind >&2", "A=b", 0);
    ck_assert_int_eq(daemon_wait_exit(daemon, limit_ms(2000)), 0);
    ck_assert_int_eq(daemon_print_kept_logs(tempdir_path(dir), stream), 1);
    fflush(stream);
    ck_assert_ptr_nonnull(strstr(text, "\nleft behind\n"));
    daemon_stop(daemon);
    ck_assert_int_eq(daemon_print_kept_logs(tempdir_path(dir), stream), 0);
    fclose(stream);
    free(text);
    tempdir_remove(dir);
}
END_TEST

START_TEST(tempdir_holds_files_and_goes)
{
    struct tempdir *dir = tempdir_create();
    struct stat status;
    const char *file = tempdir_write(dir, "a/b/c.conf", "port = %d\n", 5);
    ck_assert_int_eq(stat(file, &status), 0);
    ck_assert_int_eq(status.st_size, 9);
    char *path = strdup(tempdir_path(dir));
    tempdir_remove(dir);
    ck_assert_int_ne(stat(path, &status), 0);
    free(path);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("testlib");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 20 * test_scale());
    tcase_add_test(all, dns_answers_what_was_set);
    tcase_add_test(all, dns_fails_as_told);
    tcase_add_test(all, dns_delays_and_tells_when);
    tcase_add_test(all, peer_black_hole_hangs);
    tcase_add_test(all, peer_refuses_and_resets);
    tcase_add_test(all, peer_kill_resets_and_refuses);
    tcase_add_loop_test(all, peer_sinks_check_the_bytes, 0, 2);
    tcase_add_test(all, peer_deaf_stalls_the_sender);
    tcase_add_test(all, narrow_client_stalls_soon);
    tcase_add_test(all, peer_speaks_after_the_end);
    tcase_add_test(all, peer_ends_first_and_receives);
    tcase_add_test(all, peer_trickles);
    tcase_add_test(all, peer_echo_source_and_http);
    tcase_add_test(all, crowd_asks_at_once);
    tcase_add_test(all, ports_are_never_given_twice);
    tcase_add_test(all, daemon_log_status_and_limits);
    tcase_add_test(all, daemon_is_measured_and_ended);
    tcase_add_test(all, daemon_log_is_kept_until_stopped);
    tcase_add_test(all, tempdir_holds_files_and_goes);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_FORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
