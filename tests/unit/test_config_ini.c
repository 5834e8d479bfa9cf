#include "config/ini.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "suite.h"

#define LINE_LIMIT 65536

static struct errors errors;
static char seen[4096]; /* "line:section.key=value;" for each setting */

static void on_setting(void *arg, const char *section, const char *key, const char *value, int line)
{
    size_t length = strlen(seen);
    ck_assert_ptr_eq(arg, seen);
    ck_assert_int_eq(key == NULL, value == NULL);
    if (key) /* not a section header */
        snprintf(seen + length, sizeof seen - length, "%d:%s.%s=%.300s;", line, section, key,
                 value);
}

/* Reads the bytes; the settings are in `seen` and the errors in `errors`. */
static void read_bytes(const char *bytes, size_t length)
{
    seen[0] = '\0';
    errors_clear(&errors);
    FILE *stream = length > 0 ? fmemopen((char *)(uintptr_t)bytes, length, "r") : tmpfile();
    ck_assert_ptr_nonnull(stream);
    ck_assert_int_eq(ini_read(stream, "F", on_setting, seen, &errors), 0);
    fclose(stream);
}

static void read_text(const char *text)
{
    read_bytes(text, strlen(text));
}

static void teardown(void)
{
    errors_clear(&errors);
}

static void ck_settings(const char *text, const char *want)
{
    read_text(text);
    ck_assert_msg(errors.count == 0, "%s: %s", text, errors.count ? errors.lines[0] : "");
    ck_assert_str_eq(seen, want);
}

START_TEST(good_texts)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"", ""},
        {"\n\n  \n\t\n", ""},
        {"# a comment\n; another\n   # and this", ""},
        {"[s]\na = b\n", "2:s.a=b;"},
        {"[s]\na=b", "2:s.a=b;"}, /* no newline at the end */
        {"[s]\r\na = b\r\n", "2:s.a=b;"},
        {"  [ s ]  \n\t a\t=\tb \t\n", "2:s.a=b;"},
        {"[s]\na = b c  d\n", "2:s.a=b c  d;"},
        {"[s]\na = b=c\n", "2:s.a=b=c;"},
        {"[s]\na = b # why\nc = d ; why", "2:s.a=b;3:s.c=d;"},
        {"[s]\na = b#c;d\n", "2:s.a=b#c;d;"}, /* no blank before: part of the value */
        {"[s] # why\na = b\n", "2:s.a=b;"},
        {"[s]\na = b\n[t]\na = c\n[s]\na = d", "2:s.a=b;4:t.a=c;6:s.a=d;"},
        {"[s]\na = b\na = b\n", "2:s.a=b;3:s.a=b;"},
        {"\xef\xbb\xbf[s]\na = b\n", "2:s.a=b;"}, /* byte order mark */
        {"\xef\xbb\xbf# only\n", ""},
        {"[s]\na = gr\xc3\xbcn\n", "2:s.a=gr\xc3\xbcn;"},
        {"[s]\na = [b]\n", "2:s.a=[b];"},
        {"[s]\nlisten = [::1]:80, 3001\n", "2:s.listen=[::1]:80, 3001;"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        ck_settings(rows[i].text, rows[i].want);
}
END_TEST

START_TEST(bad_texts)
{
    static const struct {
        const char *text, *settings, *error; /* the first error begins so */
        size_t errors;
    } rows[] = {
        {"[s]\nword\n", "", "F:2: expected key = value, found \"word\"", 1},
        {"[s]\nword\na = b\n", "3:s.a=b;", "F:2: ", 1},
        {"[s]\n= b\n", "", "F:2: a key is missing", 1},
        {"[s]\na =\n", "", "F:2: a has no value", 1},
        {"[s]\na = # why\n", "", "F:2: a has no value", 1},
        {"[s]\na =#why\n", "", "F:2: a has no value", 1},
        {"a = b\n", "", "F:1: a stands before the first [section]", 1},
        {"[s\na = b\n", "", "F:1: a section header lacks its closing bracket", 1},
        {"[s\na = b\n[t]\nc = d", "4:t.c=d;", "F:1: ", 1},
        {"[]\na = b\n", "", "F:1: a section name has 1 to 63 characters", 1},
        {"[ ]\n", "", "F:1: a section name", 1},
        {"[s] t\na = b\n", "", "F:1: there is more text behind the section header", 1},
        {"[s]]\n", "", "F:1: there is more text", 1},
        {"[s] a = b\n", "", "F:1: there is more text", 1},
        {"x\ny\nz\n", "", "F:1: ", 3},
        {"\n\n\xef\xbb\xbf[s]\n", "", "F:3: ", 1}, /* a mark in the middle is none */
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        read_text(rows[i].text);
        ck_assert_msg(errors.count == rows[i].errors, "\"%s\": %zu errors", rows[i].text,
                      errors.count);
        ck_assert_msg(strncmp(errors.lines[0], rows[i].error, strlen(rows[i].error)) == 0,
                      "\"%s\": %s", rows[i].text, errors.lines[0]);
        ck_assert_str_eq(seen, rows[i].settings);
    }
}
END_TEST

START_TEST(a_section_name_of_63_is_taken_of_64_not)
{
    char text[80];
    for (size_t length = 63; length <= 64; length++) {
        text[0] = '[';
        memset(text + 1, 's', length);
        strcpy(text + 1 + length, "]\na=b");
        read_text(text);
        ck_assert_uint_eq(errors.count, length - 63);
        ck_assert_int_eq(seen[0] == '\0', length == 64);
    }
}
END_TEST

/* Each byte that text does not hold: one error, whatever stands behind it. */
START_TEST(binary_is_told_once)
{
    for (int byte = 0; byte < 256; byte++) {
        char text[] = "[s]\na = b\n?\nc\nd\ne = f\n";
        bool binary = (byte < ' ' && !strchr("\t\n\r", byte)) || byte == 0 || byte == 0x7f;
        char want[64];
        *strchr(text, '?') = (char)byte;
        read_bytes(text, sizeof text - 1);
        if (!binary)
            continue;
        ck_assert_uint_eq(errors.count, 1);
        snprintf(want, sizeof want, "F:3: this is not text: it holds the byte 0x%02x", byte);
        ck_assert_msg(strncmp(errors.lines[0], want, strlen(want)) == 0, "%s", errors.lines[0]);
        ck_assert_str_eq(seen, "2:s.a=b;");
    }
}
END_TEST

/* A line of `length` bytes with its newline, then a good one. */
static void read_long(size_t length)
{
    char *text = malloc(length + 32);
    memset(text, 'v', length);
    memcpy(text, "a = ", 4);
    strcpy(text + length - 1, "\nc = d");
    char *whole = malloc(length + 64);
    size_t size = (size_t)sprintf(whole, "[s]\n%s", text);
    read_bytes(whole, size);
    free(text);
    free(whole);
}

START_TEST(the_line_limit)
{
    static const size_t taken[] = {1000, 8192, LINE_LIMIT - 1, LINE_LIMIT};
    static const size_t refused[] = {LINE_LIMIT + 2, 100000, 1u << 20, 5u << 20};
    for (size_t i = 0; i < COUNT_OF(taken); i++) {
        read_long(taken[i]);
        ck_assert_uint_eq(errors.count, 0);
        ck_assert_ptr_nonnull(strstr(seen, "3:s.c=d;"));
    }
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        read_long(refused[i]);
        ck_assert_uint_eq(errors.count, 1);
        ck_assert_msg(strncmp(errors.lines[0], "F:2: the line has ", 18) == 0, "%s",
                      errors.lines[0]);
        ck_assert_uint_lt(strlen(errors.lines[0]), 200);
        ck_assert_str_eq(seen, "3:s.c=d;"); /* the rest is still read */
    }
}
END_TEST

START_TEST(an_error_shows_little_of_a_long_line)
{
    char text[5000];
    memset(text, 'w', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    read_text(text);
    ck_assert_uint_eq(errors.count, 1);
    ck_assert_uint_lt(strlen(errors.lines[0]), 200);
}
END_TEST

/* Neither does an error show half a character, or what steers a terminal. */
START_TEST(an_error_shows_whole_characters)
{
    read_text("[s]\nb\xc2\x9b"
              "31m\xff\x9b\xc3\xa9\n");
    ck_assert_uint_eq(errors.count, 1);
    ck_assert_str_eq(errors.lines[0], "F:2: expected key = value, found \"b??31m??\xc3\xa9\"");
    char text[80] = {0};
    memset(text, 'x', 59);
    strcat(text, "\xc3\xa9");
    read_text(text);
    ck_assert_uint_eq(errors.count, 1);
    ck_assert_ptr_nonnull(strstr(errors.lines[0], "xxx?\""));
}
END_TEST

START_TEST(a_directory_cannot_be_read)
{
    FILE *stream = fopen("/", "r");
    ck_assert_ptr_nonnull(stream);
    ck_assert_int_lt(ini_read(stream, "F", on_setting, seen, &errors), 0);
    fclose(stream);
}
END_TEST

/* Random lines out of the pieces that matter: never a crash, never a setting without its parts. */
static void on_random_setting(void *arg, const char *section, const char *key, const char *value,
                              int line)
{
    (void)arg;
    ck_assert_uint_gt(strlen(section), 0);
    if (!key)
        return;
    ck_assert_uint_gt(strlen(key), 0);
    ck_assert_uint_gt(strlen(value), 0);
    ck_assert_ptr_null(strchr(value, '\n'));
    ck_assert_int_gt(line, 0);
}

START_TEST(random_texts)
{
    static const char pieces[] = "[]=#; \t\r\nab\xef\xbb\xbf";
    random_seed(12);
    for (int i = 0; i < 20000; i++) {
        char text[64];
        size_t length = 1 + random_below(sizeof text - 1);
        for (size_t j = 0; j < length; j++)
            text[j] = pieces[random_below(sizeof pieces - 1)];
        FILE *stream = fmemopen(text, length, "r");
        ck_assert_int_eq(ini_read(stream, "F", on_random_setting, NULL, &errors), 0);
        fclose(stream);
        errors_clear(&errors);
    }
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, NULL, teardown);
    tcase_add_test(cases, good_texts);
    tcase_add_test(cases, bad_texts);
    tcase_add_test(cases, a_section_name_of_63_is_taken_of_64_not);
    tcase_add_test(cases, binary_is_told_once);
    tcase_add_test(cases, the_line_limit);
    tcase_add_test(cases, an_error_shows_little_of_a_long_line);
    tcase_add_test(cases, an_error_shows_whole_characters);
    tcase_add_test(cases, a_directory_cannot_be_read);
    tcase_add_test(cases, random_texts);
}

int main(void)
{
    return suite_run("config/ini", add);
}
