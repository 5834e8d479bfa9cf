#include "bed.h"

#include "die.h"
#include "tempdir.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { BED_WORDS_MAX = 48, BED_LIMIT_MS = 5000 };

const int bed_threads[BED_THREADS] = {1, 4};

void bed_open(struct bed *bed)
{
    memset(bed, 0, sizeof(*bed));
    daemon_set_label(tcase_name());
    bed->dns = dns_script_start(NULL, 0);
    bed->peers = peers_start();
    bed->port = port_reserve();
    snprintf(bed->listen, sizeof(bed->listen), "127.0.0.1:%u", port_reserve());
    snprintf(bed->upstream, sizeof(bed->upstream), "%s=%s:%u", bed->listen, BED_NAME, bed->port);
}

/* Splits text at spaces and starts the daemon. */
static void bed_start(struct bed *bed, const char *const *environment, unsigned descriptors,
                      char *text)
{
    const char *words[BED_WORDS_MAX];
    size_t count = 0;
    char *rest = text;
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        if (*word != '\0') {
            ck_assert_uint_lt(count + 1, BED_WORDS_MAX);
            words[count++] = word;
        }
    }
    words[count] = NULL;
    struct daemon_options options = {
        .arguments = words, .environment = environment, .descriptors = descriptors};
    bed->daemon = daemon_start(&options);
}

__attribute__((format(printf, 1, 0))) static char *bed_format(const char *format, va_list arguments)
{
    char *text = NULL;
    if (vasprintf(&text, format, arguments) < 0) {
        die("no memory for a command line");
    }
    return text;
}

void bed_run_plain(struct bed *bed, const char *const *environment, unsigned descriptors,
                   const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = bed_format(format, arguments);
    va_end(arguments);
    bed_start(bed, environment, descriptors, text);
    free(text);
}

void bed_run(struct bed *bed, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *words = bed_format(format, arguments);
    va_end(arguments);
    bed_run_plain(bed, NULL, 0, "-r %s -o redial.access-log=on %s", dns_script_address(bed->dns),
                  words);
    free(words);
    ck_assert_msg(daemon_wait_ready(bed->daemon, limit_ms(BED_LIMIT_MS)), "it is never ready");
}

void bed_run_name(struct bed *bed, int threads, const char *words)
{
    bed_run(bed, "-w %d %s %s", threads, words, bed->upstream);
    ck_assert(daemon_wait_line(bed->daemon, "endpoints changed|added=", limit_ms(BED_LIMIT_MS)));
}

void bed_set_name(struct bed *bed, const char *numbers, unsigned ttl)
{
    char addresses[1024] = "";
    char *copy = must_copy(numbers);
    char *rest = copy;
    for (char *number; (number = strsep(&rest, ",")) != NULL;) {
        size_t length = strlen(addresses);
        snprintf(addresses + length, sizeof(addresses) - length, "127.0.0.%s,", number);
    }
    free(copy);
    dns_script_set(bed->dns, BED_NAME, DNS_A, addresses, ttl);
}

struct peer *bed_add_sized(struct bed *bed, enum peer_manner manner, int number, uint64_t size,
                           int interval_ms)
{
    char ip[32];
    snprintf(ip, sizeof(ip), "127.0.0.%d", number);
    struct peer_options options = {
        .manner = manner, .ip = ip, .port = bed->port, .size = size, .interval_ms = interval_ms};
    return peer_add(bed->peers, &options);
}

struct peer *bed_add(struct bed *bed, enum peer_manner manner, int number)
{
    return bed_add_sized(bed, manner, number, 0, 0);
}

int bed_connect(const struct bed *bed)
{
    int fd = client_connect(bed->listen, limit_ms(BED_LIMIT_MS));
    ck_assert_msg(fd >= 0, "cannot connect: %s", strerror(-fd));
    return fd;
}

struct crowd *bed_crowd(const struct bed *bed, size_t count)
{
    struct crowd *crowd = crowd_connect(bed->listen, count, limit_ms(20000));
    ck_assert_msg(crowd != NULL, "%zu clients cannot connect", count);
    return crowd;
}

void bed_ask(const struct bed *bed, const char *address, char *answer, size_t size)
{
    int result = client_ask_once(address != NULL ? address : bed->listen, "who", answer, size,
                                 limit_ms(BED_LIMIT_MS));
    ck_assert_msg(result == 0, "no answer: %s", strerror(-result));
}

void bed_expect(const struct bed *bed, int number)
{
    char answer[64];
    char want[64];
    snprintf(want, sizeof(want), "127.0.0.%d", number);
    bed_ask(bed, NULL, answer, sizeof(answer));
    ck_assert_str_eq(answer, want);
}

int64_t bed_ask_until(const struct bed *bed, const char *want, int ms)
{
    char answer[64];
    int64_t end = moment_ms() + ms;
    do {
        bed_ask(bed, NULL, answer, sizeof(answer));
        ck_assert_msg(moment_ms() < end, "%s is not used", want);
    } while (strcmp(answer, want) != 0);
    return moment_ms();
}

bool bed_has_ipv6(void)
{
    struct sockaddr_storage address;
    socklen_t size = client_parse_address("[::1]:0", &address);
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool there = fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0;
    client_close(fd);
    if (!there) {
        printf("%s: skipped, for this host has no IPv6\n", tcase_name());
    }
    return there;
}

void bed_wait_ended(struct bed *bed, size_t count)
{
    bool ended =
        daemon_wait_lines(bed->daemon, " connection upstream=", count, limit_ms(BED_LIMIT_MS));
    ck_assert_msg(ended, "%zu connections have ended, not %zu",
                  daemon_count_lines(bed->daemon, " connection upstream="), count);
}

/* Nobody tells when another process closes a descriptor, so this looks again. */
void bed_wait_descriptors(struct bed *bed, int most)
{
    int64_t end = moment_ms() + limit_ms(BED_LIMIT_MS);
    int now;
    do {
        now = daemon_descriptors(bed->daemon);
        ck_assert_msg(moment_ms() < end, "%d descriptors are open, not %d", now, most);
    } while (now > most);
}

void bed_close(struct bed *bed)
{
    int status = daemon_stop(bed->daemon);
    peers_stop(bed->peers);
    dns_script_stop(bed->dns);
    ck_assert_msg(status == 0, "redial ended with status %d", status);
}

void bed_add_test(Suite *suite, const char *name, const TTest *test, int count, int seconds)
{
    TCase *tcase = tcase_create(name);
    tcase_set_timeout(tcase, seconds * test_scale());
    tcase_add_loop_test(tcase, test, 0, count);
    suite_add_tcase(suite, tcase);
}

/* As in tests/real/lib.sh: the same programs have been through these tests in another run. */
static bool run_elsewhere(void)
{
    const char *tests = getenv("REDIAL_REAL_TESTS");
    return tests && strcmp(tests, "none") == 0;
}

int bed_main(Suite *suite)
{
    struct rlimit limit;
    if (run_elsewhere()) {
        puts("SKIP: not applicable: another run has it");
        return 77;
    }
    struct tempdir *logs = tempdir_create();
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    daemon_keep_logs(tempdir_path(logs));
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_FORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    if (failed > 0) {
        daemon_print_kept_logs(tempdir_path(logs), stdout);
    }
    tempdir_remove(logs);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
