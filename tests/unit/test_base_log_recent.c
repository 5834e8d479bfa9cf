#include "base/log_recent.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "suite.h"

#define THREADS 4
#define LINES 5000

static struct log_recent lines[LOG_RECENT_MOST];

static void remember(enum log_level level, const char *message, const struct log_field *fields,
                     size_t count)
{
    log_recent_add(&(struct timespec){.tv_sec = 1700000000, .tv_nsec = 123456789}, level, message,
                   fields, count);
}

static size_t field_count(const struct log_recent *line)
{
    size_t count = 0, at = 0;
    const char *key, *value;
    while (log_recent_field(line, &at, &key, &value))
        count++;
    return count;
}

START_TEST(nothing_is_remembered_at_first)
{
    ck_assert_uint_eq(log_recent_copy(lines), 0);
}
END_TEST

START_TEST(a_line_has_its_parts)
{
    static const char *const want[][2] = {
        {"upstream", "web"}, {"count", "-3"}, {"took_ms", "1234.567"}, {"odd", "two words=\"x\""}};
    const char *key, *value;
    size_t at = 0;
    remember(LOG_LEVEL_WARNING, "dns failed",
             (struct log_field[]){log_text("upstream", "web"), log_number("count", -3),
                                  log_text("none", NULL), log_msec("took_ms", 1234567),
                                  log_text("odd", "two words=\"x\"")},
             5);
    ck_assert_uint_eq(log_recent_copy(lines), 1);
    ck_assert_int_eq(lines[0].time.tv_sec, 1700000000);
    ck_assert_int_eq(lines[0].time.tv_nsec, 123456789);
    ck_assert_int_eq(lines[0].level, LOG_LEVEL_WARNING);
    ck_assert_str_eq(log_recent_message(&lines[0]), "dns failed");
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        ck_assert(log_recent_field(&lines[0], &at, &key, &value));
        ck_assert_str_eq(key, want[i][0]);
        ck_assert_str_eq(value, want[i][1]);
    }
    ck_assert(!log_recent_field(&lines[0], &at, &key, &value));
}
END_TEST

START_TEST(debug_is_not_remembered)
{
    remember(LOG_LEVEL_DEBUG, "d", NULL, 0);
    remember(LOG_LEVEL_INFO, "i", NULL, 0);
    remember(LOG_LEVEL_ERROR, "e", NULL, 0);
    ck_assert_uint_eq(log_recent_copy(lines), 2);
    ck_assert_str_eq(log_recent_message(&lines[0]), "e");
    ck_assert_str_eq(log_recent_message(&lines[1]), "i");
    ck_assert_uint_eq(field_count(&lines[0]), 0);
}
END_TEST

START_TEST(the_newest_come_first_and_the_oldest_go)
{
    for (size_t n = 1; n <= 3 * LOG_RECENT_MOST; n++) {
        size_t kept = n < LOG_RECENT_MOST ? n : LOG_RECENT_MOST;
        char text[16];
        snprintf(text, sizeof text, "%zu", n);
        remember(LOG_LEVEL_INFO, text, NULL, 0);
        ck_assert_uint_eq(log_recent_copy(lines), kept);
        for (size_t i = 0; i < kept; i++) {
            snprintf(text, sizeof text, "%zu", n - i);
            ck_assert_str_eq(log_recent_message(&lines[i]), text);
        }
    }
}
END_TEST

static void ck_harmless(const char *text)
{
    while (*text) {
        size_t length = utf8_printable(text);
        ck_assert_uint_gt(length, 0);
        text += length;
    }
}

/* Whatever is in it, and wherever it is cut: whole characters, and no key without its value. */
START_TEST(long_ones_are_cut)
{
    static const char *const pieces[] = {"x", "\xe2\x82\xac", "\n", "\xff", "\xf0\x9f\x98\x80"};
    char text[3000] = "";
    for (size_t piece = 0; piece < COUNT_OF(pieces); piece++) {
        text[0] = '\0';
        for (size_t length = 0; length < 700; length++) {
            const char *key, *value;
            remember(LOG_LEVEL_INFO, length % 2 ? text : "m",
                     (struct log_field[]){log_text("long", text), log_text("key", "value"),
                                          log_number("n", 7)},
                     3);
            ck_assert_uint_gt(log_recent_copy(lines), 0);
            ck_assert_uint_le(lines[0].length, LOG_RECENT_TEXT);
            ck_assert_uint_eq(strnlen(lines[0].text, LOG_RECENT_TEXT) < LOG_RECENT_TEXT, 1);
            ck_harmless(log_recent_message(&lines[0]));
            for (size_t at = 0; log_recent_field(&lines[0], &at, &key, &value);) {
                ck_assert_uint_le(at, lines[0].length);
                ck_assert(strcmp(key, "long") == 0 || strcmp(key, "key") == 0 ||
                          strcmp(key, "n") == 0);
                ck_harmless(value);
            }
            strcat(text, pieces[piece]);
        }
    }
}
END_TEST

START_TEST(what_fits_is_whole)
{
    char text[LOG_RECENT_TEXT];
    const size_t most = sizeof text - sizeof "m" - sizeof "k" - 1;
    const char *key, *value;
    memset(text, 'x', sizeof text);
    for (size_t length = most; length <= most + 1; length++) {
        size_t at = 0;
        text[length] = '\0';
        remember(LOG_LEVEL_INFO, "m", (struct log_field[]){log_text("k", text)}, 1);
        log_recent_copy(lines);
        ck_assert(log_recent_field(&lines[0], &at, &key, &value));
        ck_assert_uint_eq(strlen(value), most);
        text[length] = 'x';
    }
}
END_TEST

static _Atomic unsigned writing;

static void *write_many(void *arg)
{
    for (int i = 0; i < LINES; i++)
        remember(LOG_LEVEL_INFO, arg,
                 (struct log_field[]){log_text("who", arg), log_text("again", arg)}, 2);
    writing--;
    return NULL;
}

/* What is read is never a mixture. */
START_TEST(threads_write_while_another_reads)
{
    static char names[THREADS][40] = {"a", "bbbbbbbbbbbbbbbbbbbbbbbb", "cc", "ddddddddd"};
    pthread_t threads[THREADS];
    writing = THREADS;
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, write_many, names[i]), 0);
    while (writing > 0) {
        size_t count = log_recent_copy(lines);
        for (size_t i = 0; i < count; i++) {
            const char *key, *value;
            size_t fields = 0;
            for (size_t at = 0; log_recent_field(&lines[i], &at, &key, &value); fields++)
                ck_assert_str_eq(value, log_recent_message(&lines[i]));
            ck_assert_uint_eq(fields, 2);
        }
    }
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_uint_eq(log_recent_copy(lines), LOG_RECENT_MOST);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, nothing_is_remembered_at_first);
    tcase_add_test(cases, a_line_has_its_parts);
    tcase_add_test(cases, debug_is_not_remembered);
    tcase_add_test(cases, the_newest_come_first_and_the_oldest_go);
    tcase_add_test(cases, long_ones_are_cut);
    tcase_add_test(cases, what_fits_is_whole);
    tcase_add_test(cases, threads_write_while_another_reads);
}

int main(void)
{
    return suite_run("base/log_recent", add);
}
