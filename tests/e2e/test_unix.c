/* Unix sockets: who may connect, what is left behind, and bytes as over TCP. */
#include "bed.h"

#include "outcome.h"
#include "pattern.h"
#include "tempdir.h"

#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MEGABYTE = 1 << 20 };

/* A bed whose upstream listens at a path. */
struct unix_bed {
    struct bed bed;
    struct tempdir *dir;
    char path[128];
    char address[136]; /* "unix:" and the path */
};

static void open_at(struct unix_bed *unix_bed, enum peer_manner manner, uint64_t size)
{
    bed_open(&unix_bed->bed);
    unix_bed->dir = tempdir_create();
    snprintf(unix_bed->path, sizeof(unix_bed->path), "%s/app.sock", tempdir_path(unix_bed->dir));
    snprintf(unix_bed->address, sizeof(unix_bed->address), "unix:%s", unix_bed->path);
    bed_add_sized(&unix_bed->bed, manner, 2, size, 0);
}

static void run_at(struct unix_bed *unix_bed, int threads, const char *words)
{
    bed_run(&unix_bed->bed, "-w %d %s %s=127.0.0.2:%u", threads, words, unix_bed->address,
            unix_bed->bed.port);
}

static void close_at(struct unix_bed *unix_bed)
{
    bed_close(&unix_bed->bed);
    tempdir_remove(unix_bed->dir);
}

static bool exists(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

static void ask_at(const struct unix_bed *unix_bed)
{
    char answer[64];
    bed_ask(&unix_bed->bed, unix_bed->address, answer, sizeof(answer));
    ck_assert_str_eq(answer, "127.0.0.2");
}

START_TEST(clients_are_served)
{
    struct unix_bed at;
    char words[64];
    open_at(&at, PEER_IDENTIFY, 0);
    run_at(&at, bed_threads[_i], "");
    snprintf(words, sizeof(words), "listening |address=unix:/");
    ck_assert_uint_eq(daemon_count_lines(at.bed.daemon, words), 1);
    struct crowd *crowd = crowd_connect(at.address, 60, limit_ms(5000));
    ck_assert_ptr_nonnull(crowd);
    ck_assert_uint_eq(crowd_ask(crowd, "who", limit_ms(5000)), 60);
    ck_assert_uint_eq(crowd_count_answer(crowd, "127.0.0.2"), 60);
    crowd_close(crowd);
    bed_wait_ended(&at.bed, 60);
    snprintf(words, sizeof(words), " connection |client=unix client_pid=%d client_uid=%u ",
             (int)getpid(), (unsigned)getuid());
    ck_assert_uint_eq(daemon_count_lines(at.bed.daemon, words), 60);
    close_at(&at);
}
END_TEST

/* From a file, with all that a Unix socket has of its own. */
START_TEST(mode_and_owner)
{
    struct unix_bed at;
    struct stat status;
    open_at(&at, PEER_IDENTIFY, 0);
    /* tests/systemd/confined takes the right to give files away, as the unit does */
    bool may_give = geteuid() == 0 && getenv("REDIAL_CONFINED") == NULL;
    uid_t user = may_give ? 4242 : geteuid();
    gid_t group = may_give ? 4343 : getegid();
    tempdir_write(at.dir, "upstreams.d/app.conf",
                  "[upstream]\n"
                  "listen = %s mode=0606 user=%u group=%u # for the application\n"
                  "target = 127.0.0.2:%u\n",
                  at.address, (unsigned)user, (unsigned)group, at.bed.port);
    bed_run(&at.bed, "-w %d -c %s", bed_threads[_i], tempdir_path(at.dir));
    ck_assert_int_eq(lstat(at.path, &status), 0);
    ck_assert(S_ISSOCK(status.st_mode));
    ck_assert_uint_eq(status.st_mode & 07777, 0606);
    ck_assert_uint_eq(status.st_uid, user);
    ck_assert_uint_eq(status.st_gid, group);
    ask_at(&at);
    close_at(&at);
}
END_TEST

START_TEST(default_is_for_user_and_group)
{
    struct unix_bed at;
    struct stat status;
    open_at(&at, PEER_IDENTIFY, 0);
    run_at(&at, bed_threads[_i], "");
    ck_assert_int_eq(lstat(at.path, &status), 0);
    ck_assert_uint_eq(status.st_mode & 07777, 0660);
    ck_assert_uint_eq(status.st_uid, geteuid());
    close_at(&at);
}
END_TEST

/* A clean stop removes the file at once, and who had connected is served to the end. */
START_TEST(stop_removes_the_file)
{
    struct unix_bed at;
    char answer[64];
    open_at(&at, PEER_IDENTIFY, 0);
    run_at(&at, bed_threads[_i], "");
    int fd = client_connect(at.address, limit_ms(5000));
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(client_ask(fd, "who", answer, sizeof(answer), limit_ms(5000)), 0);
    daemon_signal(at.bed.daemon, SIGTERM);
    ck_assert(daemon_wait_line(at.bed.daemon, " stopping ", limit_ms(5000)));
    for (int64_t end = moment_ms() + limit_ms(5000); exists(at.path);) {
        ck_assert_int_lt(moment_ms(), end);
    }
    ck_assert_int_eq(client_ask(fd, "who", answer, sizeof(answer), limit_ms(5000)), 0);
    client_close(fd);
    close_at(&at);
}
END_TEST

START_TEST(what_a_killed_one_left_is_replaced)
{
    struct unix_bed at;
    open_at(&at, PEER_IDENTIFY, 0);
    run_at(&at, bed_threads[_i], "");
    daemon_signal(at.bed.daemon, SIGKILL);
    ck_assert_int_eq(daemon_wait_exit(at.bed.daemon, limit_ms(5000)), 128 + SIGKILL);
    daemon_stop(at.bed.daemon);
    ck_assert(exists(at.path));
    run_at(&at, bed_threads[_i], "");
    ask_at(&at);
    close_at(&at);
    ck_assert(!exists(at.path));
}
END_TEST

/* Starts a second daemon at the path, which must not come up: what it says. */
static void fail_to_start(const struct unix_bed *at, const char *address, const char *words)
{
    char upstream[192];
    snprintf(upstream, sizeof(upstream), "%s=127.0.0.2:%u", address, at->bed.port);
    const char *arguments[] = {"-w", "1", upstream, NULL};
    struct outcome outcome = outcome_run(NULL, arguments);
    ck_assert_int_eq(outcome.status, 1);
    ck_assert_msg(strstr(outcome.errors, words) != NULL, "no %s in:\n%s", words, outcome.errors);
    outcome_free(&outcome);
}

START_TEST(one_that_lives_keeps_its_socket)
{
    struct unix_bed at;
    open_at(&at, PEER_IDENTIFY, 0);
    run_at(&at, bed_threads[_i], "");
    fail_to_start(&at, at.address, "another process listens there");
    ask_at(&at);
    close_at(&at);
}
END_TEST

START_TEST(other_files_stay)
{
    struct unix_bed at;
    struct stat status;
    char address[256];
    open_at(&at, PEER_IDENTIFY, 0);
    run_at(&at, 1, "");
    const char *file = tempdir_write(at.dir, "file", "precious\n");
    snprintf(address, sizeof(address), "unix:%s", file);
    fail_to_start(&at, address, "there is a file that is no socket");
    ck_assert_int_eq(lstat(file, &status), 0);
    ck_assert_int_eq(status.st_size, 9);
    snprintf(address, sizeof(address), "unix:%s/missing/app.sock", tempdir_path(at.dir));
    fail_to_start(&at, address, "its directory does not exist");
    close_at(&at);
}
END_TEST

/* Both ways at once, 32 MB each, and a half-close at the end of each. */
START_TEST(bytes_both_ways)
{
    static char bytes[MEGABYTE];
    struct unix_bed at;
    uint64_t size = volume_scaled(32ULL * MEGABYTE, MEGABYTE);
    open_at(&at, PEER_SOURCE, size);
    run_at(&at, bed_threads[_i], "");
    int fd = client_connect(at.address, limit_ms(5000));
    ck_assert_int_ge(fd, 0);
    uint64_t sent = 0;
    uint64_t received = 0;
    while (received < size) {
        pattern_fill(sent, bytes, 65536);
        if (sent < size && client_send(fd, bytes, 65536, limit_ms(5000)) == 0) {
            sent += 65536;
        }
        ssize_t got = client_receive(fd, bytes, sizeof(bytes), limit_ms(5000));
        ck_assert_int_gt(got, 0);
        ck_assert(pattern_matches(received, bytes, (size_t)got));
        received += (uint64_t)got;
    }
    ck_assert_int_eq(client_next(fd, limit_ms(5000)), CLIENT_NEXT_END);
    ck_assert_int_eq(client_end_sending(fd), 0);
    bed_wait_ended(&at.bed, 1);
    char words[128];
    snprintf(words, sizeof(words), " connection |bytes_up=%llu |bytes_down=%llu |end=closed",
             (unsigned long long)sent, (unsigned long long)size);
    ck_assert_uint_eq(daemon_count_lines(at.bed.daemon, words), 1);
    client_close(fd);
    close_at(&at);
}
END_TEST

/* A client without an address: UNKNOWN in v1, and LOCAL in v2. */
START_TEST(proxy_protocol)
{
    struct unix_bed at;
    char line[64];
    char header[16];
    open_at(&at, PEER_ECHO, 0);
    run_at(&at, bed_threads[_i], "-o session.proxy-protocol=v1");
    int fd = client_connect(at.address, limit_ms(5000));
    ck_assert_int_eq(client_ask(fd, "hello", line, sizeof(line), limit_ms(5000)), 0);
    ck_assert_str_eq(line, "PROXY UNKNOWN\r");
    ck_assert_int_eq(client_receive_line(fd, line, sizeof(line), limit_ms(5000)), 0);
    ck_assert_str_eq(line, "hello");
    client_close(fd);
    ck_assert_int_eq(daemon_stop(at.bed.daemon), 0);
    run_at(&at, bed_threads[_i], "-o session.proxy-protocol=v2");
    fd = client_connect(at.address, limit_ms(5000));
    ck_assert_int_eq(client_receive_exactly(fd, header, sizeof(header), limit_ms(5000)), 0);
    ck_assert_mem_eq(header, "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16);
    client_close(fd);
    close_at(&at);
}
END_TEST

/* Nobody is dialled for any more where a client has closed its socket. */
START_TEST(client_leaves_while_it_is_dialled_for)
{
    struct unix_bed at;
    open_at(&at, PEER_IDENTIFY, 0);
    bed_run(&at.bed, "-w %d -o connect.deadline=1m %s=nobody.test:1", bed_threads[_i], at.address);
    int fd = client_connect(at.address, limit_ms(5000));
    ck_assert_int_ge(fd, 0);
    client_close(fd);
    bed_wait_ended(&at.bed, 1);
    ck_assert_uint_eq(daemon_count_lines(at.bed.daemon, " connection |end=client-reset"), 1);
    close_at(&at);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("unix");
    BED_TEST(suite, clients_are_served, BED_THREADS, 20);
    BED_TEST(suite, mode_and_owner, BED_THREADS, 20);
    BED_TEST(suite, default_is_for_user_and_group, BED_THREADS, 20);
    BED_TEST(suite, stop_removes_the_file, BED_THREADS, 20);
    BED_TEST(suite, what_a_killed_one_left_is_replaced, BED_THREADS, 20);
    BED_TEST(suite, one_that_lives_keeps_its_socket, BED_THREADS, 20);
    BED_TEST(suite, other_files_stay, 1, 20);
    BED_TEST(suite, bytes_both_ways, BED_THREADS, 60);
    BED_TEST(suite, proxy_protocol, BED_THREADS, 20);
    BED_TEST(suite, client_leaves_while_it_is_dialled_for, BED_THREADS, 20);
    return bed_main(suite);
}
