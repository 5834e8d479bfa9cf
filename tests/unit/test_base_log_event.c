/* Lines of the log as their reader gets them in a storm, what is remembered of them, and the level
 * and format that change while it runs. */
#include "base/log.h"

#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log_limit.h"
#include "base/log_recent.h"
#include "suite.h"

#define SEC USEC_PER_SEC

static int pair[2]; /* datagrams: one write(2), one line */
static char line[8192];

static void setup(void)
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair), 0);
    log_setup(pair[0], LOG_LEVEL_INFO, LOG_FORMAT_TEXT, true);
    clock_freeze(1000 * SEC);
}

static void teardown(void)
{
    clock_release();
}

/* The next line without its newline, or NULL where none was written. */
static const char *next_line(void)
{
    ssize_t got = recv(pair[1], line, sizeof line - 1, 0);
    if (got < 0)
        return NULL;
    line[got] = '\0';
    ck_assert_ptr_eq(strchr(line, '\n'), line + got - 1);
    line[got - 1] = '\0';
    return line;
}

static void ck_line(const char *want)
{
    ck_assert_pstr_eq(next_line(), want);
}

/* Returns how many of them were written. */
static unsigned eject(const char *upstream, unsigned count)
{
    unsigned written = 0;
    for (unsigned n = 0; n < count; n++) {
        char want[80];
        const char *got;
        log_warning("endpoint ejected", log_number("n", n), log_text("upstream", upstream));
        if (!(got = next_line()))
            continue;
        snprintf(want, sizeof want, "<4>endpoint ejected n=%u upstream=%s", n, upstream);
        ck_assert_str_eq(got, want);
        written++;
    }
    return written;
}

START_TEST(a_storm_ends_with_its_count)
{
    log_limit_storms(true);
    ck_assert_uint_eq(eject("web", 1000), LOG_LIMIT_LINES);
    ck_assert_uint_eq(eject("other", 3), 3);
    ck_assert_int_eq(log_tell_suppressed(), LOG_LIMIT_TIME);
    ck_line(NULL);
    clock_advance(4 * SEC);
    ck_assert_int_eq(log_tell_suppressed(), LOG_LIMIT_TIME - 4 * SEC);
    clock_advance(LOG_LIMIT_TIME - 4 * SEC);
    ck_assert_int_eq(log_tell_suppressed(), LOG_LIMIT_TIME);
    ck_line("<4>log lines were suppressed of=\"endpoint ejected\" upstream=web suppressed=980");
    ck_line(NULL);
    ck_assert_uint_eq(log_limit_suppressed(), 980);
    ck_assert_uint_eq(eject("web", 1000), LOG_LIMIT_LINES);
}
END_TEST

START_TEST(the_count_comes_before_the_next_line)
{
    log_limit_storms(true);
    for (int i = 0; i < 25; i++)
        log_info("tick");
    for (unsigned i = 0; i < LOG_LIMIT_LINES; i++)
        ck_line("<6>tick");
    ck_line(NULL);
    clock_advance(LOG_LIMIT_TIME);
    log_info("tick");
    ck_line("<4>log lines were suppressed of=tick suppressed=5");
    ck_line("<6>tick");
}
END_TEST

START_TEST(what_is_left_is_told_at_the_end)
{
    log_limit_storms(true);
    eject("web", 30);
    log_limit_storms(false);
    ck_line("<4>log lines were suppressed of=\"endpoint ejected\" upstream=web suppressed=10");
    ck_assert_uint_eq(eject("web", 1000), 1000);
}
END_TEST

START_TEST(what_counts_each_time_is_never_suppressed)
{
    enum { MANY = 200 };
    static struct log_recent recent[LOG_RECENT_MOST];
    char want[64];
    ck_assert_uint_eq(eject("web", MANY), MANY);
    log_limit_storms(true);
    log_set_level(LOG_LEVEL_DEBUG);
    for (int i = 0; i < MANY; i++) {
        log_debug("connect failed", log_text("upstream", "web"));
        ck_line("<7>connect failed upstream=web");
        log_write(LOG_LEVEL_INFO, "connection", (struct log_field[]){log_text("upstream", "web")},
                  1);
        ck_line("<6>connection upstream=web");
        log_outcome_info("reloaded", log_number("generation", i));
        snprintf(want, sizeof want, "<6>reloaded generation=%d", i);
        ck_line(want);
        log_outcome_error("configuration error");
        ck_line("<3>configuration error");
    }
    ck_assert_uint_eq(log_limit_suppressed(), 0);
    ck_assert_uint_eq(log_recent_copy(recent), LOG_RECENT_MOST);
    ck_assert_str_eq(log_recent_message(&recent[0]), "configuration error");
    ck_assert_str_eq(log_recent_message(&recent[1]), "reloaded");
}
END_TEST

START_TEST(a_storm_does_not_wash_out_the_memory)
{
    static struct log_recent recent[LOG_RECENT_MOST];
    log_limit_storms(true);
    log_info("ready");
    log_debug("no");
    log_write(LOG_LEVEL_INFO, "connection", NULL, 0);
    for (int i = 0; i < 1000; i++)
        log_warning("endpoint ejected", log_text("upstream", "web"));
    clock_advance(LOG_LIMIT_TIME);
    log_tell_suppressed();
    ck_assert_uint_eq(log_recent_copy(recent), 1 + LOG_LIMIT_LINES + 1);
    ck_assert_str_eq(log_recent_message(&recent[0]), "log lines were suppressed");
    ck_assert_str_eq(log_recent_message(&recent[1]), "endpoint ejected");
    ck_assert_str_eq(log_recent_message(&recent[LOG_LIMIT_LINES + 1]), "ready");
}
END_TEST

/* An event is found in the log by its time. */
START_TEST(the_memory_has_the_time_of_the_line)
{
    static struct log_recent recent[LOG_RECENT_MOST];
    char want[64];
    struct tm utc;
    log_setup(pair[0], LOG_LEVEL_INFO, LOG_FORMAT_TEXT, false);
    for (int i = 0; i < 100; i++) {
        log_info("m");
        ck_assert_uint_gt(log_recent_copy(recent), 0);
        gmtime_r(&recent[0].time.tv_sec, &utc);
        size_t length = strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%S", &utc);
        snprintf(want + length, sizeof want - length, ".%03ldZ info m",
                 recent[0].time.tv_nsec / 1000000);
        ck_line(want);
    }
}
END_TEST

START_TEST(level_and_format_change_while_it_runs)
{
    log_info("m");
    ck_line("<6>m");
    log_set_level(LOG_LEVEL_WARNING);
    log_info("m");
    ck_line(NULL);
    log_set_format(LOG_FORMAT_JSON);
    log_warning("m");
    const char *text = next_line();
    ck_assert_ptr_nonnull(text);
    json_t *object = json_loads(text + strlen("<4>"), 0, NULL);
    ck_assert_str_eq(json_string_value(json_object_get(object, "level")),
                     log_level_name(LOG_LEVEL_WARNING));
    json_decref(object);
    log_set_format(LOG_FORMAT_TEXT);
    log_set_level(LOG_LEVEL_DEBUG);
    log_debug("m");
    ck_line("<7>m");
}
END_TEST

START_TEST(a_storm_in_json_names_its_message)
{
    log_limit_storms(true);
    log_set_format(LOG_FORMAT_JSON);
    for (unsigned i = 0; i <= LOG_LIMIT_LINES; i++)
        log_info("tick", log_text("upstream", "web"));
    for (unsigned i = 0; i < LOG_LIMIT_LINES; i++)
        ck_assert_ptr_nonnull(next_line());
    log_limit_storms(false);
    json_t *object = json_loads(next_line() + strlen("<4>"), JSON_REJECT_DUPLICATES, NULL);
    ck_assert_str_eq(json_string_value(json_object_get(object, "message")),
                     "log lines were suppressed");
    ck_assert_str_eq(json_string_value(json_object_get(object, "of")), "tick");
    ck_assert_int_eq(json_integer_value(json_object_get(object, "suppressed")), 1);
    json_decref(object);
}
END_TEST

static _Atomic bool ended;

static void *storm_on(void *arg)
{
    for (int i = 0; i < 20000; i++)
        log_info("tick", log_text("upstream", arg), log_number("i", i));
    ended = true;
    return NULL;
}

START_TEST(one_thread_changes_it_while_another_writes)
{
    static char upstream[] = "web";
    static struct log_recent recent[LOG_RECENT_MOST];
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, storm_on, upstream), 0);
    for (unsigned n = 0; !ended; n++) {
        log_set_level(n % 2 ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO);
        log_set_format(n % 3 ? LOG_FORMAT_TEXT : LOG_FORMAT_JSON);
        log_limit_storms(n % 5 != 0);
        log_recent_copy(recent);
        while (next_line())
            ;
    }
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

START_TEST(errno_is_kept)
{
    log_limit_storms(true);
    for (int i = 0; i < 100; i++) {
        errno = ENOTTY;
        log_info("tick");
        ck_assert_int_eq(errno, ENOTTY);
    }
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, a_storm_ends_with_its_count);
    tcase_add_test(cases, the_count_comes_before_the_next_line);
    tcase_add_test(cases, what_is_left_is_told_at_the_end);
    tcase_add_test(cases, what_counts_each_time_is_never_suppressed);
    tcase_add_test(cases, a_storm_does_not_wash_out_the_memory);
    tcase_add_test(cases, the_memory_has_the_time_of_the_line);
    tcase_add_test(cases, level_and_format_change_while_it_runs);
    tcase_add_test(cases, a_storm_in_json_names_its_message);
    tcase_add_test(cases, one_thread_changes_it_while_another_writes);
    tcase_add_test(cases, errno_is_kept);
}

int main(void)
{
    return suite_run("base/log_event", add);
}
