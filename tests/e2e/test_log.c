/* What redial says: text and JSON lines, levels, one line a connection. */
#include "bed.h"
#include "tempdir.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <netinet/in.h>
#include <regex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIME "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z "

static bool matches(const char *line, const char *pattern)
{
    regex_t regex;
    ck_assert_int_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    bool matched = regexec(&regex, line, 0, NULL, 0) == 0;
    regfree(&regex);
    return matched;
}

/* The first line with these words matches an extended regular expression behind its time. */
static void assert_line(struct bed *bed, const char *words, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void assert_line(struct bed *bed, const char *words, const char *format, ...)
{
    char line[2048];
    char behind[1024];
    char pattern[1200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(behind, sizeof(behind), format, arguments);
    va_end(arguments);
    snprintf(pattern, sizeof(pattern), "%s%s$", TIME, behind);
    ck_assert_msg(daemon_wait_line(bed->daemon, words, limit_ms(5000)), "no line with %s", words);
    ck_assert(daemon_get_line(bed->daemon, words, 0, line, sizeof(line)));
    ck_assert_msg(matches(line, pattern), "%s\nis not\n%s", line, pattern);
}

START_TEST(text_lines_have_their_form)
{
    struct bed bed;
    bed_open(&bed);
    bed_add(&bed, PEER_IDENTIFY, 2);
    bed_add(&bed, PEER_IDENTIFY, 3);
    bed_set_name(&bed, "2,3", 5);
    bed_run_name(&bed, bed_threads[_i], "");
    assert_line(&bed, " ready ", "info ready upstreams=1 threads=%d( .*)?", bed_threads[_i]);
    assert_line(&bed, " listening ", "info listening upstream=%s address=%s( .*)?", bed.listen,
                bed.listen);
    assert_line(&bed, "endpoints changed",
                "info endpoints changed upstream=%s count=2 "
                "added=127\\.0\\.0\\.2:%u,127\\.0\\.0\\.3:%u ttl=5s",
                bed.listen, bed.port, bed.port);
    bed_close(&bed);
}
END_TEST

START_TEST(access_line_has_its_fields)
{
    struct bed bed;
    char answer[64];
    char name[64];
    struct sockaddr_in own;
    socklen_t size = sizeof(own);
    bed_open(&bed);
    bed_add(&bed, PEER_IDENTIFY, 2);
    bed_set_name(&bed, "2", 60);
    bed_run_name(&bed, bed_threads[_i], "");
    int fd = bed_connect(&bed);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&own, &size), 0);
    snprintf(name, sizeof(name), "127\\.0\\.0\\.1:%u", ntohs(own.sin_port));
    ck_assert_int_eq(client_ask(fd, "12345", answer, sizeof(answer), limit_ms(2000)), 0);
    ck_assert_int_eq(client_next(fd, 120), CLIENT_NEXT_NOTHING);
    client_close(fd);
    bed_wait_ended(&bed, 1);
    assert_line(&bed, " connection ",
                "info connection upstream=%s client=%s endpoint=127\\.0\\.0\\.2:%u attempts=1 "
                "connect_ms=[0-9]{1,3}\\.[0-9]+ total_ms=[1-9][0-9]{2,3}\\.[0-9]+ bytes_up=6 "
                "bytes_down=10 end=closed",
                bed.listen, name, bed.port);
    bed_close(&bed);
}
END_TEST

START_TEST(access_log_is_off_by_default)
{
    struct bed bed;
    bed_open(&bed);
    bed_add(&bed, PEER_IDENTIFY, 2);
    bed_set_name(&bed, "2", 60);
    bed_run_name(&bed, 1, "-o redial.access-log=off");
    bed_expect(&bed, 2);
    daemon_signal(bed.daemon, SIGTERM);
    ck_assert(daemon_wait_line(bed.daemon, " stopped ", limit_ms(3000)));
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, " connection "), 0);
    bed_close(&bed);
}
END_TEST

static void assert_json_text(json_t *object, const char *key, const char *want)
{
    const char *text = json_string_value(json_object_get(object, key));
    ck_assert_msg(text != NULL, "%s is missing", key);
    ck_assert_str_eq(text, want);
}

static void assert_json_connection(json_t *object, const struct bed *bed)
{
    char endpoint[64];
    snprintf(endpoint, sizeof(endpoint), "127.0.0.2:%u", bed->port);
    assert_json_text(object, "level", "info");
    assert_json_text(object, "upstream", bed->listen);
    assert_json_text(object, "endpoint", endpoint);
    assert_json_text(object, "end", "closed");
    ck_assert_int_eq(json_integer_value(json_object_get(object, "attempts")), 1);
    ck_assert_int_eq(json_integer_value(json_object_get(object, "bytes_up")), 4);
    ck_assert_int_eq(json_integer_value(json_object_get(object, "bytes_down")), 10);
    ck_assert(json_is_number(json_object_get(object, "connect_ms")));
    ck_assert(json_is_number(json_object_get(object, "total_ms")));
    ck_assert(json_is_string(json_object_get(object, "client")));
}

/* Every line is one object, the last ones too. */
START_TEST(json_lines_are_objects)
{
    struct bed bed;
    bool connection = false;
    size_t lines = 0;
    bed_open(&bed);
    bed_add(&bed, PEER_IDENTIFY, 2);
    bed_set_name(&bed, "2", 60);
    bed_run_plain(&bed, NULL, 0, "-w %d -r %s --log-format json -o redial.access-log=on %s",
                  bed_threads[_i], dns_script_address(bed.dns), bed.upstream);
    ck_assert(daemon_wait_line(bed.daemon, "\"endpoints changed\"", limit_ms(5000)));
    bed_expect(&bed, 2);
    ck_assert(daemon_wait_line(bed.daemon, "\"connection\"", limit_ms(5000)));
    daemon_signal(bed.daemon, SIGTERM);
    ck_assert_int_eq(daemon_wait_exit(bed.daemon, limit_ms(5000)), 0);
    char *log = daemon_log(bed.daemon);
    char *rest = log;
    for (char *line; (line = strsep(&rest, "\n")) != NULL && *line != '\0'; lines++) {
        json_error_t error;
        json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, &error);
        ck_assert_msg(json_is_object(object), "%s: %s", error.text, line);
        const char *when = json_string_value(json_object_get(object, "time"));
        ck_assert_ptr_nonnull(json_string_value(json_object_get(object, "level")));
        ck_assert_ptr_nonnull(json_string_value(json_object_get(object, "message")));
        ck_assert(when != NULL && strlen(when) == 24 && when[23] == 'Z');
        if (strcmp(json_string_value(json_object_get(object, "message")), "connection") == 0) {
            assert_json_connection(object, &bed);
            connection = true;
        }
        json_decref(object);
    }
    free(log);
    ck_assert(connection);
    ck_assert_uint_ge(lines, 6); /* listening, ready, endpoints, connection, stopping, stopped */
    bed_close(&bed);
}
END_TEST

START_TEST(level_leaves_lesser_lines_out)
{
    struct bed bed;
    bed_open(&bed);
    bed_run_plain(&bed, NULL, 0, "-r %s --log-level %s %s", dns_script_address(bed.dns),
                  _i == 0 ? "warning" : "error", bed.upstream);
    ck_assert(dns_script_wait(bed.dns, BED_NAME, DNS_A, 2, limit_ms(5000)));
    bool told = daemon_wait_line(bed.daemon, " warning dns failed|outcome=nxdomain", 500);
    ck_assert_int_eq(told, _i == 0);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, " info "), 0);
    bed_close(&bed);
}
END_TEST

/* At 1,000 connections over 4 threads no line is torn: each is whole and counted. */
START_TEST(lines_of_threads_do_not_mix)
{
    enum { COUNT = 1000 };
    struct bed bed;
    char line[1024];
    bed_open(&bed);
    bed_add(&bed, PEER_IDENTIFY, 2);
    bed_set_name(&bed, "2", 60);
    bed_run_name(&bed, 4, "");
    struct crowd *crowd = bed_crowd(&bed, COUNT);
    ck_assert_uint_eq(crowd_ask(crowd, "who", limit_ms(10000)), COUNT);
    crowd_close(crowd);
    bed_wait_ended(&bed, COUNT);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, " connection upstream="), COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        ck_assert(daemon_get_line(bed.daemon, " connection upstream=", i, line, sizeof(line)));
        ck_assert_msg(matches(line, TIME "info connection [^ ]+ [^ ]+ [^ ]+ attempts=1 [^ ]+ [^ ]+ "
                                         "bytes_up=4 bytes_down=10 end=closed$"),
                      "%s", line);
    }
    bed_close(&bed);
}
END_TEST

/* A thousand endpoints die at once: the log has the first of them, the count of the others when ten
 * seconds are over, and is free for what is next. */
START_TEST(a_storm_of_ejections_is_counted)
{
    enum { ENDPOINTS = 1000, SHOWN = 20, LATE_MS = 5000 };
    struct bed bed;
    struct tempdir *dir = tempdir_create();
    char targets[ENDPOINTS * 40] = "";
    char words[64];
    size_t length = 0;
    bed_open(&bed); /* nobody listens on its port */
    for (int i = 0; i < ENDPOINTS; i++) {
        length += (size_t)snprintf(targets + length, sizeof(targets) - length,
                                   "target = 127.1.%d.%d:%u\n", i / 250, i % 250 + 1, bed.port);
    }
    tempdir_write(dir, "redial.conf", "[eject]\nbase = 30s\n");
    tempdir_write(dir, "upstreams.d/web.conf", "[upstream]\nlisten = %s\n%s", bed.listen, targets);
    bed_run_plain(&bed, NULL, 0, "-w %d -c %s", bed_threads[_i], tempdir_path(dir));
    ck_assert(daemon_wait_ready(bed.daemon, limit_ms(5000)));
    int client = bed_connect(&bed);
    ck_assert(daemon_wait_lines(bed.daemon, " warning endpoint ejected upstream=web", SHOWN,
                                limit_ms(5000)));
    int64_t begun = moment_ms();
    snprintf(words, sizeof(words), "suppressed=%d", ENDPOINTS - SHOWN);
    ck_assert_msg(daemon_wait_line(bed.daemon, words, 10000 + limit_ms(LATE_MS)), "no line with %s",
                  words);
    ck_assert_int_ge(moment_ms() - begun, 9000);
    assert_line(&bed, "lines were suppressed",
                "warning log lines were suppressed of=\"endpoint ejected\" upstream=web "
                "suppressed=%d",
                ENDPOINTS - SHOWN);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, "endpoint ejected upstream="), SHOWN);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, "lines were suppressed"), 1);
    client_close(client);
    bed_close(&bed);
    tempdir_remove(dir);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("log");
    BED_TEST(suite, text_lines_have_their_form, BED_THREADS, 20);
    BED_TEST(suite, access_line_has_its_fields, BED_THREADS, 20);
    BED_TEST(suite, access_log_is_off_by_default, 1, 20);
    BED_TEST(suite, json_lines_are_objects, BED_THREADS, 20);
    BED_TEST(suite, level_leaves_lesser_lines_out, 2, 20);
    BED_TEST(suite, lines_of_threads_do_not_mix, 1, 30);
    BED_TEST(suite, a_storm_of_ejections_is_counted, BED_THREADS, 40);
    return bed_main(suite);
}
