#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suite.h"

#define LINE_LIMIT 4096 /* PIPE_BUF: what a writable pipe takes whole */

static int pair[2]; /* datagrams: what one write(2) wrote is what one read gets */
static char line[LINE_LIMIT * 4];

static void capture(enum log_level level, enum log_format format, bool journal)
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair), 0);
    log_setup(pair[0], level, format, journal);
}

/* The next line without its newline, or NULL where none was written. */
static char *next_line(void)
{
    ssize_t got = recv(pair[1], line, sizeof line - 1, 0);
    if (got < 0)
        return NULL;
    ck_assert_int_gt(got, 1);
    ck_assert_int_le(got, LINE_LIMIT);
    line[got] = '\0';
    ck_assert_uint_eq(strlen(line), (size_t)got);
    ck_assert_ptr_eq(strchr(line, '\n'), line + got - 1);
    line[got - 1] = '\0';
    return line;
}

static json_t *next_json(void)
{
    json_error_t error;
    char *text = next_line();
    ck_assert_ptr_nonnull(text);
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(object != NULL, "%s: %.200s", error.text, text);
    return object;
}

static const char *json_member(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    ck_assert_msg(text != NULL, "%s is missing", key);
    return text;
}

START_TEST(a_text_line)
{
    int year, month, day, hour, minute, length = 0;
    double second;
    capture(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, false);
    log_info("endpoints changed", log_text("upstream", "a"), log_number("count", 3),
             log_msec("took_ms", 1234567), log_text("none", NULL));
    char *text = next_line();
    ck_assert_int_eq(sscanf(text, "%4d-%2d-%2dT%2d:%2d:%6lfZ %n", &year, &month, &day, &hour,
                            &minute, &second, &length),
                     6);
    ck_assert_int_eq(length, (int)strlen("2026-01-02T03:04:05.678Z "));
    ck_assert_str_eq(text + length, "info endpoints changed upstream=a count=3 took_ms=1234.567");
    ck_assert_ptr_null(next_line());
}
END_TEST

START_TEST(text_values_are_quoted)
{
    static const struct {
        const char *value, *shown;
    } rows[] = {
        {"plain", "plain"},
        {"127.0.0.1:80", "127.0.0.1:80"},
        {"[::1]:80", "[::1]:80"},
        {"", "\"\""},
        {" ", "\" \""},
        {"two words", "\"two words\""},
        {"a=b", "\"a=b\""},
        {"say \"hi\"", "\"say \\\"hi\\\"\""},
        {"back\\slash", "\"back\\\\slash\""},
        {"new\nline", "\"new\\x0aline\""},
        {"\r\t\v\f\b\a", "\"\\x0d\\x09\\x0b\\x0c\\x08\\x07\""},
        {"\x1b[31mred\x1b[0m", "\"\\x1b[31mred\\x1b[0m\""},
        {"\x7f", "\"\\x7f\""},
        {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
    };
    capture(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, true);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char want[128];
        log_info("m", log_text("key", rows[i].value));
        snprintf(want, sizeof want, "<6>m key=%s", rows[i].shown);
        ck_assert_str_eq(next_line(), want);
    }
}
END_TEST

START_TEST(no_byte_breaks_a_text_line)
{
    capture(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, true);
    for (int byte = 1; byte < 256; byte++) {
        char value[4] = {'a', (char)byte, 'b', '\0'};
        log_info("m", log_text("key", value), log_number("last", 1));
        const char *text = next_line();
        ck_assert_ptr_nonnull(strstr(text, " last=1"));
        for (const char *at = text; *at; at++)
            ck_assert_msg((unsigned char)*at >= ' ' && *at != 0x7f, "byte 0x%02x", byte);
    }
}
END_TEST

/* U+0080 … U+009F are the control characters' second half: U+009B is ESC [ in one (ECMA-48 §5.3).
 */
START_TEST(no_c1_control_steers_a_terminal)
{
    capture(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, true);
    for (int low = 0x80; low < 0xa0; low++) {
        char value[4] = {'a', (char)0xc2, (char)low, '\0'};
        log_info("m", log_text("key", value));
        ck_assert_msg(strstr(next_line(), value) == NULL, "U+00%02X is written as it is", low);
    }
}
END_TEST

/* … and a bare byte of them does so where UTF-8 is not known. */
START_TEST(what_is_no_utf8_is_escaped)
{
    static const struct {
        const char *value, *shown;
    } rows[] = {
        {"\xff\x9b"
         "31m",
         "\"\\xff\\x9b31m\""},
        {"\xed\xa0\x80", "\"\\xed\\xa0\\x80\""},
        {"\xc3\xa9\x9b", "\"\xc3\xa9\\x9b\""},
        {"\xe2\x82", "\"\\xe2\\x82\""},
        {"\xe2\x82\xac", "\xe2\x82\xac"},
    };
    capture(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, true);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char want[128];
        log_info("m", log_text("key", rows[i].value));
        snprintf(want, sizeof want, "<6>m key=%s", rows[i].shown);
        ck_assert_str_eq(next_line(), want);
    }
}
END_TEST

/* JSON lets them stand for themselves, and terminals show JSON too. */
START_TEST(no_control_stands_in_json)
{
    capture(LOG_LEVEL_INFO, LOG_FORMAT_JSON, false);
    for (int code = 1; code < 0xa0; code += code == ' ' ? 0x7f - ' ' : 1) {
        char value[4] = {'a', (char)code, 'b', '\0'}, copy[sizeof line];
        if (code >= 0x80)
            snprintf(value, sizeof value, "a\xc2%c", code);
        log_info("m", log_text("key", value));
        strcpy(copy, next_line());
        ck_assert_msg(code == ' ' || strstr(copy, value) == NULL, "U+00%02X: %s", code, copy);
        json_t *object = json_loads(copy, 0, NULL);
        ck_assert_str_eq(json_member(object, "key"), value);
        json_decref(object);
    }
}
END_TEST

START_TEST(a_json_line)
{
    capture(LOG_LEVEL_INFO, LOG_FORMAT_JSON, false);
    log_warning("dns failed", log_text("name", "a \"b\"\n"), log_number("least", INT64_MIN),
                log_number("most", INT64_MAX), log_msec("took_ms", 1500250),
                log_text("none", NULL));
    json_t *object = next_json();
    ck_assert_str_eq(json_member(object, "level"), "warning");
    ck_assert_str_eq(json_member(object, "message"), "dns failed");
    ck_assert_str_eq(json_member(object, "name"), "a \"b\"\n");
    ck_assert_uint_eq(strlen(json_member(object, "time")), strlen("2026-01-02T03:04:05.678Z"));
    ck_assert(json_integer_value(json_object_get(object, "least")) == INT64_MIN);
    ck_assert(json_integer_value(json_object_get(object, "most")) == INT64_MAX);
    ck_assert_double_eq_tol(json_real_value(json_object_get(object, "took_ms")), 1500.25, 1e-6);
    ck_assert_ptr_null(json_object_get(object, "none"));
    json_decref(object);
}
END_TEST

START_TEST(every_byte_gives_valid_json)
{
    capture(LOG_LEVEL_INFO, LOG_FORMAT_JSON, false);
    for (int byte = 1; byte < 256; byte++) {
        char value[4] = {'a', (char)byte, 'b', '\0'};
        log_info("m", log_text("key", value), log_number("last", 1));
        json_t *object = next_json();
        const char *got = json_member(object, "key");
        ck_assert_str_eq(got, byte < 0x80 ? value : "a?b"); /* kept, though not UTF-8 */
        ck_assert_int_eq(json_integer_value(json_object_get(object, "last")), 1);
        json_decref(object);
    }
}
END_TEST

START_TEST(broken_utf8_gives_valid_json)
{
    static const char *const values[] = {
        "\xc3",         "\xc3(",
        "\xed\xa0\x80", "\xf8\x88\x80\x80\x80",
        "\xc0\xaf",     "\xf4\x90\x80\x80",
        "ok\xff\xfe",   "\xe2\x82",
    };
    capture(LOG_LEVEL_INFO, LOG_FORMAT_JSON, false);
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        log_info(values[i], log_text("key", values[i]));
        json_t *object = next_json();
        ck_assert_uint_gt(strlen(json_member(object, "key")), 0);
        ck_assert_uint_gt(strlen(json_member(object, "message")), 0);
        json_decref(object);
    }
    char *longer = malloc(3000);
    memset(longer, 0xff, 2999);
    longer[2999] = '\0';
    log_info("m", log_text("key", longer));
    json_decref(next_json());
    free(longer);
}
END_TEST

/* Around the limit, byte by byte; and far beyond. */
static void ck_long_lines(enum log_format format, char fill)
{
    char *value = malloc(2 * LINE_LIMIT);
    for (size_t length = 0;
         length<LINE_LIMIT + 1500; length += length> 8040 && length < LINE_LIMIT ? 1 : 167) {
        memset(value, fill, length);
        value[length] = '\0';
        log_info("m", log_text("key", value), log_number("n", 7), log_msec("t", 1500));
        if (format == LOG_FORMAT_JSON)
            json_decref(next_json());
        else
            ck_assert_ptr_nonnull(next_line());
    }
    free(value);
}

START_TEST(long_text_lines_are_cut)
{
    capture(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, false);
    ck_long_lines(LOG_FORMAT_TEXT, 'x');
    ck_long_lines(LOG_FORMAT_TEXT, ' ');
    ck_long_lines(LOG_FORMAT_TEXT, '\n'); /* four bytes each */
    ck_long_lines(LOG_FORMAT_TEXT, '"');
}
END_TEST

START_TEST(long_json_lines_stay_json)
{
    capture(LOG_LEVEL_INFO, LOG_FORMAT_JSON, false);
    ck_long_lines(LOG_FORMAT_JSON, 'x');
    ck_long_lines(LOG_FORMAT_JSON, '"');
    ck_long_lines(LOG_FORMAT_JSON, '\x01'); /* six bytes each */
    ck_long_lines(LOG_FORMAT_JSON, '\x7f');
}
END_TEST

START_TEST(long_messages_and_many_fields)
{
    char *message = malloc(2 * LINE_LIMIT);
    struct log_field fields[2000];
    memset(message, 'm', 2 * LINE_LIMIT - 1);
    message[2 * LINE_LIMIT - 1] = '\0';
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        fields[i] = log_text("key", "value");
    capture(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, false);
    log_info(message, log_text("key", "value"));
    ck_assert_ptr_nonnull(next_line());
    log_write(LOG_LEVEL_INFO, "m", fields, COUNT_OF(fields));
    ck_assert_ptr_nonnull(next_line());
    free(message);
}
END_TEST

START_TEST(the_journal_gets_its_levels)
{
    static const char *const prefixes[] = {"<3>", "<4>", "<6>", "<7>"};
    static const char *const names[] = {"error", "warning", "info", "debug"};
    for (int level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++) {
        char want[16];
        capture(LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT, true);
        log_write((enum log_level)level, "m", NULL, 0);
        snprintf(want, sizeof want, "%sm", prefixes[level]);
        ck_assert_str_eq(next_line(), want);
        capture(LOG_LEVEL_DEBUG, LOG_FORMAT_JSON, true);
        log_write((enum log_level)level, "m", NULL, 0);
        const char *text = next_line();
        ck_assert_int_eq(strncmp(text, prefixes[level], 3), 0);
        json_t *object = json_loads(text + 3, 0, NULL);
        ck_assert_str_eq(json_member(object, "level"), names[level]);
        json_decref(object);
    }
}
END_TEST

static int evaluated;

static const char *costly(void)
{
    evaluated++;
    return "x";
}

START_TEST(levels_leave_out_what_is_below)
{
    for (int most = LOG_LEVEL_ERROR; most <= LOG_LEVEL_DEBUG; most++) {
        capture((enum log_level)most, LOG_FORMAT_TEXT, true);
        evaluated = 0;
        log_error("m", log_text("k", costly()));
        log_warning("m", log_text("k", costly()));
        log_info("m", log_text("k", costly()));
        log_debug("m", log_text("k", costly()));
        ck_assert_int_eq(evaluated, most + 1);
        for (int i = 0; i <= most; i++)
            ck_assert_ptr_nonnull(next_line());
        ck_assert_ptr_null(next_line());
        for (int level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++)
            ck_assert_int_eq(log_enabled((enum log_level)level), level <= most);
    }
}
END_TEST

START_TEST(errno_is_kept)
{
    log_setup(-1, LOG_LEVEL_INFO, LOG_FORMAT_TEXT, false); /* no line can be written */
    errno = ENOTTY;
    log_info("m", log_text("k", "v"));
    ck_assert_int_eq(errno, ENOTTY);
    log_setup(-1, LOG_LEVEL_INFO, LOG_FORMAT_JSON, false);
    errno = ENOTTY;
    log_info("m", log_text("k", "\xff"));
    ck_assert_int_eq(errno, ENOTTY);
}
END_TEST

/* A reader that is stuck costs lines, never time; the next line that goes out counts them. */
START_TEST(a_stuck_reader_loses_lines_and_is_told)
{
    int ends[2], written = 0;
    char bytes[4096];
    uint64_t before = log_lost();
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0); /* blocking, as stderr is */
    log_setup(ends[1], LOG_LEVEL_INFO, LOG_FORMAT_TEXT, true);
    for (; written < 10000; written++)
        log_info("m", log_number("n", written));
    int flags = fcntl(ends[0], F_GETFL);
    fcntl(ends[0], F_SETFL, flags | O_NONBLOCK);
    int lines = 0;
    for (ssize_t got; (got = read(ends[0], bytes, sizeof bytes)) > 0;)
        for (ssize_t i = 0; i < got; i++)
            lines += bytes[i] == '\n';
    ck_assert_int_lt(lines, written);
    ck_assert_uint_eq(log_lost() - before, (uint64_t)(written - lines));
    log_info("again");
    ssize_t got = read(ends[0], bytes, sizeof bytes - 1);
    ck_assert_int_gt(got, 0);
    bytes[got] = '\0';
    char want[128];
    snprintf(
        want, sizeof want,
        "<4>log lines were lost: they were not read, or could not be written lines=%d\n<6>again\n",
        written - lines);
    ck_assert_str_eq(bytes, want);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(a_full_disk_loses_lines_and_counts_them)
{
    uint64_t before = log_lost();
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    log_setup(fd, LOG_LEVEL_INFO, LOG_FORMAT_TEXT, false);
    for (int i = 0; i < 3; i++)
        log_info("m");
    ck_assert_uint_eq(log_lost() - before, 3);
    close(fd);
}
END_TEST

/* The disk is full in the middle of a line: the next one begins on a line of its own. */
START_TEST(a_line_that_was_cut_ends)
{
    char text[512];
    struct rlimit limit, before;
    int fd = memfd_create("log", 0);
    uint64_t lost = log_lost();
    signal(SIGXFSZ, SIG_IGN);
    log_setup(fd, LOG_LEVEL_INFO, LOG_FORMAT_TEXT, true);
    log_info("first");
    getrlimit(RLIMIT_FSIZE, &before);
    limit = before;
    limit.rlim_cur = (rlim_t)lseek(fd, 0, SEEK_CUR) + 5;
    setrlimit(RLIMIT_FSIZE, &limit);
    log_info("second");
    log_info("third");
    setrlimit(RLIMIT_FSIZE, &before);
    log_info("fourth");
    ssize_t length = pread(fd, text, sizeof text - 1, 0);
    text[length > 0 ? length : 0] = '\0';
    ck_assert_str_eq(text,
                     "<6>first\n<6>se\n<4>log lines were lost: they were not read, or could not "
                     "be written lines=2\n<6>fourth\n");
    ck_assert_uint_eq(log_lost() - lost, 2);
    close(fd);
}
END_TEST

#define WRITERS 4
#define LINES 300

static void *write_lines(void *arg)
{
    char padding[400];
    memset(padding, 'p', sizeof padding - 1);
    padding[sizeof padding - 1] = '\0';
    for (int i = 0; i < LINES; i++)
        log_info("m", log_text("who", arg), log_number("i", i), log_text("padding", padding));
    return NULL;
}

START_TEST(threads_do_not_mix_their_lines)
{
    static char names[WRITERS][2] = {"a", "b", "c", "d"};
    pthread_t threads[WRITERS];
    char text[1024];
    int lines = 0, fd = memfd_create("log", 0);
    ck_assert_int_eq(fcntl(fd, F_SETFL, O_APPEND), 0); /* the kernel's own lock orders the writes */
    log_setup(fd, LOG_LEVEL_INFO, LOG_FORMAT_JSON, false);
    for (int i = 0; i < WRITERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, write_lines, names[i]), 0);
    for (int i = 0; i < WRITERS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    FILE *stream = fdopen(fd, "r");
    rewind(stream);
    for (; fgets(text, sizeof text, stream); lines++) {
        json_t *object = json_loads(text, 0, NULL);
        ck_assert_msg(object != NULL, "%s", text);
        json_decref(object);
    }
    ck_assert_int_eq(lines, WRITERS * LINES);
    fclose(stream);
}
END_TEST

START_TEST(knows_the_journals_stream)
{
    struct stat status;
    char text[64];
    ck_assert_int_eq(fstat(STDERR_FILENO, &status), 0);
    unsigned long long device = status.st_dev, inode = status.st_ino;
    unsetenv("JOURNAL_STREAM");
    ck_assert(!log_stderr_is_journal());
    snprintf(text, sizeof text, "%llu:%llu", device, inode);
    setenv("JOURNAL_STREAM", text, 1);
    ck_assert(log_stderr_is_journal());
    snprintf(text, sizeof text, "%llu:%llu", device, inode + 1);
    setenv("JOURNAL_STREAM", text, 1);
    ck_assert(!log_stderr_is_journal());
    static const char *const odd[] = {"", ":", "x", "1", "1:", "-:-", "99999999999999999999999:1"};
    for (size_t i = 0; i < COUNT_OF(odd); i++) {
        setenv("JOURNAL_STREAM", odd[i], 1);
        ck_assert(!log_stderr_is_journal());
    }
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, a_text_line);
    tcase_add_test(cases, text_values_are_quoted);
    tcase_add_test(cases, no_byte_breaks_a_text_line);
    tcase_add_test(cases, no_c1_control_steers_a_terminal);
    tcase_add_test(cases, what_is_no_utf8_is_escaped);
    tcase_add_test(cases, no_control_stands_in_json);
    tcase_add_test(cases, a_json_line);
    tcase_add_test(cases, every_byte_gives_valid_json);
    tcase_add_test(cases, broken_utf8_gives_valid_json);
    tcase_add_test(cases, long_text_lines_are_cut);
    tcase_add_test(cases, long_json_lines_stay_json);
    tcase_add_test(cases, long_messages_and_many_fields);
    tcase_add_test(cases, the_journal_gets_its_levels);
    tcase_add_test(cases, levels_leave_out_what_is_below);
    tcase_add_test(cases, errno_is_kept);
    tcase_add_test(cases, a_stuck_reader_loses_lines_and_is_told);
    tcase_add_test(cases, a_full_disk_loses_lines_and_counts_them);
    tcase_add_test(cases, a_line_that_was_cut_ends);
    tcase_add_test(cases, threads_do_not_mix_their_lines);
    tcase_add_test(cases, knows_the_journals_stream);
}

int main(void)
{
    return suite_run("base/log", add);
}
