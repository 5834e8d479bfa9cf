/* Configuration files: what is accepted, and how each error is told. */
#include "bed.h"
#include "outcome.h"
#include "tempdir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GOOD "[upstream]\nlisten = 127.0.0.1:3001\ntarget = name.internal:3000\n"

/* One upstream file, the line of its only error, and words of the message. */
static const struct {
    const char *text;
    int line;
    const char *words;
} bad_files[] = {
    {GOOD "[conect]\n", 4, "unknown section [conect]"},
    {GOOD "balanse = round-robin\n", 4, "unknown key|balanse|did you mean balance"},
    {GOOD "[conect]\ntimeout = 1s\n", 4, "unknown section|[conect]|did you mean [connect]"},
    {GOOD "[connect]\ntimout = 1s\n", 5, "timout|did you mean timeout"},
    {GOOD "[eject]\nbase = 2s\nmax = 1s\n", 0, "[eject] base is greater than max"},
    {GOOD "[connect]\nhedge-after = soon\n", 5, "hedge-after|nor off, nor adaptive"},
    {GOOD "[session]\nproxy-protocol = v3\n", 5, "proxy-protocol|off v1 v2"},
    {GOOD "[session]\nuser-timeout = 500ms\n", 5, "user-timeout|must be from 1s to"},
    {GOOD "[session]\nremoved = 60s\n", 5, "removed|keep, or drain and a duration: drain 60s"},
    {GOOD "[session]\nremoved = drain 0s\n", 5, "removed|must be from 1s to"},
    {GOOD "[session]\nmax-age = 500ms\n", 5, "max-age|must be from 1s to"},
    {GOOD "[session]\nkeepalive = yes\n", 5, "keepalive|off on"},
    {GOOD "[connect]\nsource = 10.0.0.1:80\n", 5, "source|not an IP address"},
    {GOOD "[connect]\nsource = ::\n", 5, "source|leave source out"},
    {GOOD "[connect]\nsource = 10.0.0.1\nsource = ::1, 10.0.0.2\n", 0,
     "source|more than one IPv4 address"},
    {GOOD "balance = best\n", 4, "balance|best|round-robin least-connections random-two"},
    {GOOD "[connect]\ntimeout = 5\n", 5, "timeout|duration"},
    {GOOD "[connect]\ntimeout = 5 parsecs\n", 5, "timeout|duration"},
    {GOOD "[connect]\ntimeout = 0s\n", 5, "timeout|must be from"},
    {GOOD "[connect]\ntimeout = 99999999999999999999s\n", 5, "timeout"},
    {GOOD "[dns]\nfamily = ipv5\n", 5, "family|ipv5"},
    {GOOD "max-connections = -1\n", 4, "max-connections"},
    {GOOD "allow = 10.0.0.0/33\n", 4, "allow|10.0.0.0/33"},
    {GOOD "allow = 10.0.0.0/8,\n", 4, "allow"},
    {GOOD "balance = round-robin\nbalance = random-two\n", 5, "balance|twice"},
    {GOOD "just some words\n", 4, "key = value"},
    {GOOD "[dns\nmin-ttl = 1s\n", 4, "bracket"},
    {GOOD "[connect]\ntimeout =\n", 5, "timeout|no value"},
    {"listen = 127.0.0.1:3001\n" GOOD, 1, "before the first [section]"},
    {GOOD "[redial]\nthreads = 2\n", 5, "threads|redial.conf"},
    {"[upstream]\nlisten = 127.0.0.1:3001\n", 0, "target is missing"},
    {"[upstream]\ntarget = name.internal:3000\n", 0, "listen is missing"},
    {"[upstream]\nlisten = 127.0.0.1:0\ntarget = a.test:1\n", 2, "port|1 to 65535"},
    {"[upstream]\nlisten = 127.0.0.1:65536\ntarget = a.test:1\n", 2, "port|1 to 65535"},
    {"[upstream]\nlisten = 0\ntarget = a.test:1\n", 2, "port|1 to 65535"},
    {"[upstream]\nlisten = 127.0.0.1:3001\ntarget = a.test:0\n", 3, "port|1 to 65535"},
    {"[upstream]\nlisten = 127.0.0.1:3001\ntarget = a.test:65536\n", 3, "port|1 to 65535"},
    {"[upstream]\nlisten = 127.0.0.1:3001\ntarget = a.test\n", 3, "port"},
    {"[upstream]\nlisten = ::1:3001\ntarget = a.test:1\n", 2, "bracket"},
    {"[upstream]\nlisten = 127.0.0.1:3001\ntarget = ::1:3000\n", 3, "bracket"},
    {"[upstream]\nlisten = 127.0.0.1:3001\ntarget = 1.2.3.4.5:3000\n", 3, "target"},
    {"[upstream]\nlisten = 127.0.0.1:3001\ntarget = a..test:3000\n", 3, "target|label"},
    {"[upstream]\nlisten = 127.0.0.1:3001\ntarget = srv:a.test\n", 3, "srv:"},
    {"[upstream]\nlisten = unix:a.sock\ntarget = a.test:1\n", 2, "listen|begins with a slash"},
    {"[upstream]\nlisten = unix:/run/a.sock mode=rw\ntarget = a.test:1\n", 2, "octal"},
    {"[upstream]\nlisten = unix:/run/a.sock user=nobody-here\ntarget = a.test:1\n", 2,
     "this host has no such user"},
    {"[upstream]\nlisten = unix:/a\nlisten = unix:/a mode=0600\ntarget = a.test:1\n", 3,
     "unix:/a is taken already"},
    {"[upstream]\nlisten = systemd:a:b\ntarget = a.test:1\n", 2, "listen|without colons"},
    {"[upstream]\nlisten = 0.0.0.0:3001\ntarget = a.test:1\n", 2, "0.0.0.0:3001|allow"},
    {"[upstream]\nlisten = 127.0.0.1:3001\nlisten = 127.0.0.1:3001\ntarget = a.test:1\n", 3,
     "127.0.0.1:3001|taken"},
    {GOOD "[dns]\nmin-ttl = 10s\nmax-ttl = 5s\n", 0, "min-ttl|max-ttl"},
};
enum { BAD_FILES = sizeof(bad_files) / sizeof(bad_files[0]) };

START_TEST(error_has_file_line_and_reason)
{
    struct tempdir *dir = tempdir_create();
    const char *path = tempdir_write(dir, "upstreams.d/one.conf", "%s", bad_files[_i].text);
    struct outcome outcome = outcome_check(tempdir_path(dir));
    ck_assert_msg(outcome.status == 1, "status %d for:\n%s", outcome.status, bad_files[_i].text);
    outcome_assert_error(&outcome, path, bad_files[_i].line, bad_files[_i].words);
    ck_assert_msg(outcome_lines(outcome.errors) == 1, "more than one error:\n%s", outcome.errors);
    ck_assert_str_eq(outcome.output, "");
    outcome_free(&outcome);
    tempdir_remove(dir);
}
END_TEST

START_TEST(all_errors_of_all_files_are_told_at_once)
{
    struct tempdir *dir = tempdir_create();
    const char *global = tempdir_write(dir, "redial.conf",
                                       "[redial]\nthreds = 2\nlog-level = loud\n"
                                       "[connect]\ntimeout = never\n");
    const char *one = tempdir_write(dir, "upstreams.d/one.conf", GOOD "balanse = random-two\n");
    const char *two =
        tempdir_write(dir, "upstreams.d/two.conf", "# the same address\n" GOOD "allow = here\n");
    struct outcome outcome = outcome_check(tempdir_path(dir));
    ck_assert_int_eq(outcome.status, 1);
    outcome_assert_error(&outcome, global, 2, "threds|threads");
    outcome_assert_error(&outcome, global, 3, "log-level|loud");
    outcome_assert_error(&outcome, global, 5, "timeout|never");
    outcome_assert_error(&outcome, one, 4, "balanse");
    outcome_assert_error(&outcome, two, 3, "127.0.0.1:3001|taken");
    ck_assert_msg(strstr(outcome.errors, one) != NULL, "the first owner is not named");
    outcome_assert_error(&outcome, two, 5, "allow|here");
    ck_assert_uint_eq(outcome_lines(outcome.errors), 6);
    outcome_free(&outcome);
    tempdir_remove(dir);
}
END_TEST

/* The same errors keep the daemon itself from starting. */
START_TEST(errors_keep_it_from_starting)
{
    struct tempdir *dir = tempdir_create();
    const char *path = tempdir_write(dir, "upstreams.d/one.conf", GOOD "balanse = random-two\n");
    const char *arguments[] = {"-c", tempdir_path(dir), NULL};
    struct outcome outcome = outcome_run(NULL, arguments);
    ck_assert_int_eq(outcome.status, 1);
    outcome_assert_error(&outcome, path, 4, "balanse");
    outcome_free(&outcome);
    tempdir_remove(dir);
}
END_TEST

START_TEST(binary_file_is_one_error)
{
    struct tempdir *dir = tempdir_create();
    static unsigned char bytes[65536];
    unsigned state = 1;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        state = state * 1103515245U + 12345U;
        bytes[i] = (unsigned char)(state >> 16);
    }
    memcpy(bytes,
           "\x7f"
           "ELF\0\0",
           6);
    const char *path = tempdir_write_bytes(dir, "upstreams.d/one.conf", bytes, sizeof(bytes));
    struct outcome outcome = outcome_check(tempdir_path(dir));
    ck_assert_int_eq(outcome.status, 1);
    outcome_assert_error(&outcome, path, 1, "not text");
    ck_assert_uint_eq(outcome_lines(outcome.errors), 1);
    outcome_free(&outcome);
    tempdir_remove(dir);
}
END_TEST

START_TEST(line_of_a_megabyte_is_an_error)
{
    enum { SIZE = 1 << 20 };
    struct tempdir *dir = tempdir_create();
    char *text = malloc(SIZE + 200);
    ck_assert_ptr_nonnull(text);
    int length = snprintf(text, 200, "%s", GOOD "# ");
    memset(text + length, 'x', SIZE);
    snprintf(text + length + SIZE, 100, "\nbalanse = 1\n");
    const char *path = tempdir_write(dir, "upstreams.d/one.conf", "%s", text);
    struct outcome outcome = outcome_check(tempdir_path(dir));
    ck_assert_int_eq(outcome.status, 1);
    outcome_assert_error(&outcome, path, 4, "line|bytes");
    outcome_assert_error(&outcome, path, 5, "balanse");
    ck_assert_uint_lt(strlen(outcome.errors), 2000);
    outcome_free(&outcome);
    free(text);
    tempdir_remove(dir);
}
END_TEST

/* A file without read permission; for root, whom permissions do not stop, a link to nowhere. */
START_TEST(unreadable_file_is_an_error)
{
    struct tempdir *dir = tempdir_create();
    char path[512];
    snprintf(path, sizeof(path), "%s/one.conf", tempdir_mkdir(dir, "upstreams.d"));
    if (geteuid() == 0) {
        ck_assert_int_eq(symlink("/nonexistent/one.conf", path), 0);
    } else {
        tempdir_write(dir, "upstreams.d/one.conf", GOOD);
        ck_assert_int_eq(chmod(path, 0), 0);
    }
    struct outcome outcome = outcome_check(tempdir_path(dir));
    ck_assert_int_eq(outcome.status, 1);
    outcome_assert_error(&outcome, path, 0, "cannot be read");
    outcome_free(&outcome);
    tempdir_remove(dir);
}
END_TEST

START_TEST(directory_in_place_of_a_file_is_an_error)
{
    struct tempdir *dir = tempdir_create();
    tempdir_write(dir, "upstreams.d/good.conf", GOOD);
    const char *upstream = tempdir_mkdir(dir, "upstreams.d/one.conf");
    const char *global = tempdir_mkdir(dir, "redial.conf");
    struct outcome outcome = outcome_check(tempdir_path(dir));
    ck_assert_int_eq(outcome.status, 1);
    outcome_assert_error(&outcome, upstream, 0, "directory");
    outcome_assert_error(&outcome, global, 0, "directory");
    outcome_free(&outcome);
    tempdir_remove(dir);
}
END_TEST

START_TEST(nothing_to_do_is_an_error)
{
    struct tempdir *dir = tempdir_create();
    char missing[512];
    char folder[512];
    snprintf(missing, sizeof(missing), "%s/none", tempdir_path(dir));
    struct outcome outcome = outcome_check(missing);
    ck_assert_int_eq(outcome.status, 1);
    outcome_assert_error(&outcome, missing, 0, "");
    outcome_free(&outcome);
    snprintf(folder, sizeof(folder), "%s", tempdir_mkdir(dir, "upstreams.d"));
    tempdir_write(dir, "redial.conf", "[redial]\nthreads = 1\n");
    outcome = outcome_check(tempdir_path(dir));
    ck_assert_int_eq(outcome.status, 1);
    outcome_assert_error(&outcome, folder, 0, "no upstream");
    outcome_free(&outcome);
    tempdir_remove(dir);
}
END_TEST

START_TEST(good_configuration_is_one_line)
{
    struct tempdir *dir = tempdir_create();
    tempdir_write(dir, "redial.conf",
                  "\xef\xbb\xbf# comment\r\n[redial]\r\nthreads = 2\r\n\r\n[connect]\r\n"
                  "timeout = 250ms ; the default of all\r\n");
    tempdir_write(dir, "upstreams.d/one.conf", GOOD "allow = 127.0.0.0/8, ::1/128\n");
    tempdir_write(dir, "upstreams.d/two.conf",
                  "[upstream]\nlisten = [::1]:3001\nlisten = 3002\n"
                  "target = a.test:1, [::1]:2\ntarget = 10.0.0.1:3\n"
                  "[dns]\nmin-ttl = 2s\nmax-ttl = 1h\n[session]\nidle-timeout = off");
    tempdir_write(dir, "upstreams.d/not-read.txt", "anything\n");
    struct outcome outcome = outcome_check(tempdir_path(dir));
    ck_assert_msg(outcome.status == 0, "%s", outcome.errors);
    ck_assert_str_eq(outcome.errors, "");
    ck_assert_uint_eq(outcome_lines(outcome.output), 1);
    outcome_free(&outcome);
    char file[512];
    snprintf(file, sizeof(file), "%s/redial.conf", tempdir_path(dir));
    outcome = outcome_check(file);
    ck_assert_msg(outcome.status == 0, "%s", outcome.errors);
    outcome_free(&outcome);
    tempdir_remove(dir);
}
END_TEST

/* Files for real: the stem names the upstream, its own keys win over redial.conf, -o over both. */
START_TEST(files_are_used)
{
    struct bed bed;
    struct tempdir *dir = tempdir_create();
    char words[128];
    char answer[64];
    bed_open(&bed);
    uint16_t second = port_reserve();
    bed_add(&bed, PEER_IDENTIFY, 2);
    bed_add(&bed, PEER_BLACK_HOLE, 3);
    tempdir_write(dir, "redial.conf",
                  "[redial]\nresolver = %s\nthreads = 7\naccess-log = on\n"
                  "[connect]\ntimeout = 300ms\ndeadline = 200ms\n",
                  dns_script_address(bed.dns));
    tempdir_write(dir, "upstreams.d/first.conf",
                  "[upstream]\nlisten = %s\ntarget = " BED_NAME ":%u\n"
                  "[connect]\ndeadline = 5s\n",
                  bed.listen, bed.port);
    tempdir_write(dir, "upstreams.d/second.conf",
                  "[upstream]\nlisten = %u\ntarget = 127.0.0.3:%u\n", second, bed.port);
    bed_set_name(&bed, "2", 60);
    bed_run_plain(&bed, NULL, 0, "-c %s -o redial.threads=%d", tempdir_path(dir), bed_threads[_i]);
    snprintf(words, sizeof(words), " ready upstreams=2 threads=%d", bed_threads[_i]);
    ck_assert(daemon_wait_line(bed.daemon, words, limit_ms(5000)));
    bed_expect(&bed, 2);
    snprintf(words, sizeof(words), "127.0.0.1:%u", second);
    int result = client_ask_once(words, "who", answer, sizeof(answer), limit_ms(3000));
    ck_assert_msg(result < 0, "a black hole answered");
    bed_wait_ended(&bed, 2);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, " connection upstream=first |end=closed"), 1);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, " connection upstream=second |end=deadline"),
                      1);
    bed_close(&bed);
    tempdir_remove(dir);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config");
    BED_TEST(suite, error_has_file_line_and_reason, BAD_FILES, 15);
    BED_TEST(suite, all_errors_of_all_files_are_told_at_once, 1, 15);
    BED_TEST(suite, errors_keep_it_from_starting, 1, 15);
    BED_TEST(suite, binary_file_is_one_error, 1, 15);
    BED_TEST(suite, line_of_a_megabyte_is_an_error, 1, 15);
    BED_TEST(suite, unreadable_file_is_an_error, 1, 15);
    BED_TEST(suite, directory_in_place_of_a_file_is_an_error, 1, 15);
    BED_TEST(suite, nothing_to_do_is_an_error, 1, 15);
    BED_TEST(suite, good_configuration_is_one_line, 1, 15);
    BED_TEST(suite, files_are_used, BED_THREADS, 20);
    return bed_main(suite);
}
