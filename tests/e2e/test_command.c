/* Command line and environment, and what keeps redial from starting. */
#include "bed.h"
#include "outcome.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Arguments, the environment that they come from, and words of the error. */
static const struct {
    const char *argument;
    const char *second;
    const char *environment;
    const char *source;
    const char *words;
} bad_words[] = {
    {"127.0.0.1:3001", NULL, NULL, "command line", "LISTEN=TARGET"},
    {"127.0.0.1:70000=a.test:1", NULL, NULL, "command line", "port"},
    {"127.0.0.1:3001=a.test", NULL, NULL, "command line", "port"},
    {"127.0.0.1:1=a.test:1", "127.0.0.1:1=b.test:1", NULL, "command line", "127.0.0.1:1|taken"},
    {"127.0.0.1:1=a.test:1", "-oconnect.timeout", NULL, "command line", "SECTION.KEY=VALUE"},
    {"127.0.0.1:1=a.test:1", "-oconnect.timeot=1s", NULL, "command line", "timeot|timeout"},
    {"127.0.0.1:1=a.test:1", "-oconnect.timeout=x", NULL, "command line", "timeout|duration"},
    {"127.0.0.1:1=a.test:1", "-bbest", NULL, "command line", "balance|best"},
    {"127.0.0.1:1=a.test:1", "-w0", NULL, "command line", "threads"},
    {"127.0.0.1:1=a.test:1", "--threads=", NULL, "command line", "redial.threads=|empty"},
    {"127.0.0.1:1=a.test:1", "-r0.0.0.0", NULL, "command line", "resolver|unspecified"},
    {"127.0.0.1:1=a.test:1", "-r1.2.3.4:53:53", NULL, "command line",
     "resolver|more than one port"},
    {"127.0.0.1:1=a.test:1", "-rdns.test", NULL, "command line", "resolver"},
    {"127.0.0.1:1=a.test:1", NULL, "REDIAL_UPSTREAMS=127.0.0.1:2", "REDIAL_UPSTREAMS",
     "LISTEN=TARGET"},
    {"127.0.0.1:1=a.test:1", NULL, "REDIAL_SET=dns.min-ttl=soon", "REDIAL_SET", "min-ttl"},
};
enum { BAD_WORDS = sizeof(bad_words) / sizeof(bad_words[0]) };

START_TEST(word_error_names_its_source)
{
    const char *arguments[] = {"--check", bad_words[_i].argument, bad_words[_i].second, NULL};
    const char *environment[] = {bad_words[_i].environment, NULL};
    struct outcome outcome = outcome_run(environment, arguments);
    ck_assert_int_eq(outcome.status, 1);
    outcome_assert_error(&outcome, bad_words[_i].source, 0, bad_words[_i].words);
    ck_assert_uint_eq(outcome_lines(outcome.errors), 1);
    outcome_free(&outcome);
}
END_TEST

START_TEST(options_print_and_exit)
{
    static const struct {
        const char *option;
        int status;
        const char *output;
        const char *errors;
    } rows[] = {
        {"-V", 0, "redial ", ""},       {"--version", 0, "redial ", ""},
        {"-h", 0, "LISTEN=TARGET", ""}, {"--help", 0, "max-connections", ""},
        {"--bogus", 1, "", "bogus"},    {"-o", 1, "", "argument"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *arguments[] = {rows[i].option, NULL};
        struct outcome outcome = outcome_run(NULL, arguments);
        ck_assert_msg(outcome.status == rows[i].status, "%s: status %d", rows[i].option,
                      outcome.status);
        ck_assert_ptr_nonnull(strstr(outcome.output, rows[i].output));
        ck_assert_ptr_nonnull(strstr(outcome.errors, rows[i].errors));
        outcome_free(&outcome);
    }
}
END_TEST

/* What asks for a report and cannot get it has failed. */
START_TEST(full_disk_is_told)
{
    static const char *const asked[] = {"--help", "--version", "--check 3001=127.0.0.1:1"};
    const char *redial = getenv("REDIAL");
    char command[300];
    snprintf(command, sizeof(command), "%s %s >/dev/full", redial ? redial : "./redial", asked[_i]);
    const char *arguments[] = {"-c", command, NULL};
    struct outcome outcome = outcome_run_program("/bin/sh", NULL, arguments);
    ck_assert_int_eq(outcome.status, 1);
    outcome_assert_error(&outcome, "redial", 0, "cannot be written|space");
    ck_assert_uint_eq(outcome_lines(outcome.errors), 1);
    outcome_free(&outcome);
}
END_TEST

START_TEST(environment_is_used)
{
    struct bed bed;
    char upstreams[300];
    char set[200];
    char other[32];
    char answer[64];
    bed_open(&bed);
    bed_add(&bed, PEER_IDENTIFY, 2);
    snprintf(other, sizeof(other), "127.0.0.1:%u", port_reserve());
    snprintf(upstreams, sizeof(upstreams), "REDIAL_UPSTREAMS=%s \t%s=127.0.0.2:%u\n", bed.upstream,
             other, bed.port);
    snprintf(set, sizeof(set), "REDIAL_SET=redial.resolver=%s redial.threads=3 dns.min-ttl=2s",
             dns_script_address(bed.dns));
    const char *environment[] = {upstreams, set, NULL};
    bed_set_name(&bed, "2", 60);
    bed_run_plain(&bed, environment, 0, "-o redial.threads=%d", bed_threads[_i]);
    snprintf(set, sizeof(set), " ready upstreams=2 threads=%d", bed_threads[_i]);
    ck_assert(daemon_wait_line(bed.daemon, set, limit_ms(5000)));
    bed_expect(&bed, 2);
    bed_ask(&bed, other, answer, sizeof(answer));
    ck_assert_str_eq(answer, "127.0.0.2");
    bed_close(&bed);
}
END_TEST

/* Another process has the port: one line says which, and the exit status is 1. */
START_TEST(taken_port_is_told)
{
    struct bed bed;
    char answer[64];
    bed_open(&bed);
    struct peer *owner = peer_add_identify(bed.peers, "127.0.0.1", bed.port);
    bed_run_plain(&bed, NULL, 0, "-w %d 127.0.0.1:%u=127.0.0.2:%u", bed_threads[_i], bed.port,
                  bed.port);
    ck_assert_int_eq(daemon_wait_exit(bed.daemon, limit_ms(5000)), 1);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, peer_address(owner)), 1);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, " error "), 1);
    bed_ask(&bed, peer_address(owner), answer, sizeof(answer));
    daemon_stop(bed.daemon);
    peers_stop(bed.peers);
    dns_script_stop(bed.dns);
}
END_TEST

/* Two daemons must not share a port by accident, as SO_REUSEPORT would let them. */
START_TEST(second_daemon_does_not_share_the_port)
{
    struct bed bed;
    bed_open(&bed);
    bed_add(&bed, PEER_IDENTIFY, 2);
    bed_set_name(&bed, "2", 60);
    bed_run_name(&bed, bed_threads[_i], "");
    char threads[8];
    snprintf(threads, sizeof(threads), "-w%d", bed_threads[_i]);
    const char *arguments[] = {threads, "-r", dns_script_address(bed.dns), bed.upstream, NULL};
    struct daemon_options options = {.arguments = arguments};
    struct daemon *second = daemon_start(&options);
    ck_assert_int_eq(daemon_wait_exit(second, limit_ms(3000)), 1);
    daemon_stop(second);
    bed_expect(&bed, 2);
    bed_close(&bed);
}
END_TEST

START_TEST(resolve_prints_what_would_be_used)
{
    struct bed bed;
    bed_open(&bed);
    bed_set_name(&bed, "2,3", 30);
    const char *arguments[] = {"--check",    "--resolve", "-r", dns_script_address(bed.dns),
                               bed.upstream, NULL};
    struct outcome outcome = outcome_run(NULL, arguments);
    ck_assert_msg(outcome.status == 0, "status %d: %s", outcome.status, outcome.errors);
    ck_assert_ptr_nonnull(strstr(outcome.output, "127.0.0.2"));
    ck_assert_ptr_nonnull(strstr(outcome.output, "127.0.0.3"));
    outcome_free(&outcome);
    bed_close(&bed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("command");
    BED_TEST(suite, word_error_names_its_source, BAD_WORDS, 15);
    BED_TEST(suite, options_print_and_exit, 1, 30);
    BED_TEST(suite, full_disk_is_told, 3, 15);
    BED_TEST(suite, environment_is_used, BED_THREADS, 20);
    BED_TEST(suite, taken_port_is_told, BED_THREADS, 20);
    BED_TEST(suite, second_daemon_does_not_share_the_port, BED_THREADS, 20);
    BED_TEST(suite, resolve_prints_what_would_be_used, 1, 20);
    return bed_main(suite);
}
