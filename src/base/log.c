#include "base/log.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log_limit.h"
#include "base/log_recent.h"
#include "base/utf8.h"

/* A pipe that is writable takes so many bytes without blocking (PIPE_BUF of pipe(7)). */
#define LINE_MAX_BYTES 4096
/* How long a busy reader is waited for. */
#define PATIENCE_MSEC 20

static struct {
    int fd;
    _Atomic int level, format; /* enum log_level, enum log_format */
    bool journal;
    bool may_block;
    pthread_mutex_t lock; /* of what follows, and of the write */
    bool stuck;           /* the reader was given its moment, and did not read */
    bool cut;             /* the last line is not whole, and has no end */
    unsigned lost;        /* and not told of yet */
    _Atomic uint64_t all_lost;
} sink = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = STDERR_FILENO, .level = LOG_LEVEL_INFO};

static const char *const level_names[] = {"error", "warning", "info", "debug"};
static const char *const journal_prefixes[] = {"<3>", "<4>", "<6>", "<7>"};

void log_setup(int fd, enum log_level level, enum log_format format, bool journal)
{
    sink.fd = fd;
    log_set_format(format);
    sink.journal = journal;
    struct stat status;
    sink.may_block = fstat(fd, &status) < 0 || !S_ISREG(status.st_mode);
    log_set_level(level);
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&sink.level, (int)level, memory_order_relaxed);
}

void log_set_format(enum log_format format)
{
    atomic_store_explicit(&sink.format, (int)format, memory_order_relaxed);
}

const char *log_level_name(enum log_level level)
{
    return level_names[level];
}

bool log_level_find(const char *name, enum log_level *ret_level)
{
    for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++)
        if (strcmp(level_names[i], name) == 0) {
            *ret_level = (enum log_level)i;
            return true;
        }
    return false;
}

bool log_stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat status;
    return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &status) == 0 && status.st_dev == (dev_t)device &&
           status.st_ino == (ino_t)inode;
}

bool log_enabled(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&sink.level, memory_order_relaxed);
}

/* --- a line that cannot overflow ------------------------------------------- */

struct line {
    struct timespec time;
    char text[LINE_MAX_BYTES];
    size_t length;
};

/* A character is taken whole or not at all. */
static bool line_bytes(struct line *line, const char *bytes, size_t length)
{
    if (length > sizeof line->text - 1 - line->length)
        return false;
    memcpy(line->text + line->length, bytes, length);
    line->length += length;
    return true;
}

static __attribute__((format(printf, 2, 3))) void line_print(struct line *line, const char *format,
                                                             ...)
{
    size_t room = sizeof line->text - 1 - line->length;
    va_list args;
    va_start(args, format);
    int length = vsnprintf(line->text + line->length, room, format, args);
    va_end(args);
    if (length > 0)
        line->length += (size_t)length < room ? (size_t)length : room - (room > 0);
}

static bool is_plain(const char *text)
{
    for (const char *at = text; *at;) {
        size_t length = utf8_printable(at);
        if (length == 0 || strchr(" \"=\\", *at))
            return false;
        at += length;
    }
    return *text != '\0';
}

/* Bytes from elsewhere never break a line in two nor steer a terminal, and the line is UTF-8. */
static void line_text(struct line *line, const char *text)
{
    bool quoted = !is_plain(text);
    if (quoted)
        line_bytes(line, "\"", 1);
    for (const char *at = text; *at;) {
        size_t length = utf8_printable(at);
        if (length == 0) {
            line_print(line, "\\x%02x", (unsigned char)*at++);
            continue;
        }
        if (*at == '"' || *at == '\\')
            line_bytes(line, "\\", 1);
        line_bytes(line, at, length);
        at += length;
    }
    if (quoted)
        line_bytes(line, "\"", 1);
}

/* --- the two formats -------------------------------------------------------- */

static void line_time(struct line *line)
{
    struct tm utc;
    char date[32];
    gmtime_r(&line->time.tv_sec, &utc);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
    line_print(line, "%s.%03ldZ", date, line->time.tv_nsec / 1000000);
}

static void line_field(struct line *line, const struct log_field *field)
{
    if (field->type == LOG_FIELD_TEXT && !field->text)
        return;
    line_print(line, " %s=", field->key);
    if (field->type == LOG_FIELD_NUMBER)
        line_print(line, "%lld", (long long)field->number);
    else if (field->type == LOG_FIELD_MSEC)
        line_print(line, "%.3f", (double)field->number / 1000.0);
    else
        line_text(line, field->text);
}

static void format_text(struct line *line, enum log_level level, const char *message,
                        const struct log_field *fields, size_t count)
{
    if (!sink.journal) {
        line_time(line);
        line_print(line, " %s ", level_names[level]);
    }
    line_print(line, "%s", message);
    for (size_t i = 0; i < count; i++)
        line_field(line, &fields[i]);
}

static json_t *json_text(const char *text)
{
    json_t *value = json_string(text);
    if (value)
        return value;
    /* Not UTF-8: each foreign byte becomes a question mark rather than the field being lost. */
    char plain[512];
    size_t length = 0;
    for (; length < sizeof plain - 1 && text[length]; length++)
        plain[length] = (unsigned char)text[length] < 0x80 ? text[length] : '?';
    plain[length] = '\0';
    return json_string(plain);
}

/* JSON lets U+007F to U+009F stand for themselves, terminals obey them: they are escaped as well.
 * Returns false where the text does not fit. */
static bool line_json(struct line *line, const char *text)
{
    while (*text) {
        char escape[8];
        const char *shown = text;
        size_t taken = utf8_printable(text), length = taken;
        if (taken == 0) {
            taken = *text == 0x7f ? 1 : 2; /* the last byte of each is its code point */
            length =
                (size_t)snprintf(escape, sizeof escape, "\\u%04x", (unsigned char)text[taken - 1]);
            shown = escape;
        }
        if (!line_bytes(line, shown, length))
            return false;
        text += taken;
    }
    return true;
}

static void format_json(struct line *line, enum log_level level, const char *message,
                        const struct log_field *fields, size_t count)
{
    struct line when = {.time = line->time};
    json_t *object = json_object();
    line_time(&when);
    when.text[when.length] = '\0';
    json_object_set_new(object, "time", json_string(when.text));
    json_object_set_new(object, "level", json_string(level_names[level]));
    json_object_set_new(object, "message", json_text(message));
    for (size_t i = 0; i < count; i++) {
        const struct log_field *field = &fields[i];
        if (field->type == LOG_FIELD_NUMBER)
            json_object_set_new(object, field->key, json_integer(field->number));
        else if (field->type == LOG_FIELD_MSEC)
            json_object_set_new(object, field->key, json_real((double)field->number / 1000.0));
        else if (field->text)
            json_object_set_new(object, field->key, json_text(field->text));
    }
    /* Nine digits keep the microseconds of a quarter of an hour, without binary dust behind. */
    char text[LINE_MAX_BYTES] = "";
    size_t before = line->length;
    size_t length = json_dumpb(object, text, sizeof text - 1,
                               JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9));
    if (length >= sizeof text || !line_json(line, text)) { /* cut JSON would be no JSON */
        line->length = before;
        line_print(line, "{\"level\":\"%s\",\"message\":\"a line of %zu bytes was left out\"}",
                   level_names[level], length);
    }
    json_decref(object);
}

static void format_line(struct line *line, enum log_level level, const char *message,
                        const struct log_field *fields, size_t count)
{
    line->length = 0;
    if (sink.journal)
        line_print(line, "%s", journal_prefixes[level]);
    if (atomic_load_explicit(&sink.format, memory_order_relaxed) == LOG_FORMAT_JSON)
        format_json(line, level, message, fields, count);
    else
        format_text(line, level, message, fields, count);
    line->text[line->length++] = '\n';
}

/* Where a disk is full, half a line may have gone out: the next one begins after its end. */
static bool write_line(const struct line *line)
{
    if (sink.cut && write(sink.fd, "\n", 1) != 1)
        return false;
    ssize_t wrote = write(sink.fd, line->text, line->length);
    sink.cut = wrote > 0 && (size_t)wrote < line->length;
    return wrote == (ssize_t)line->length;
}

/* A reader that is stuck must not stop the connections. It gets a moment once, to catch up; after
 * that nothing waits for it until it reads again. Returns whether the line went out. */
static bool put_line(const struct line *line)
{
    struct pollfd out = {.fd = sink.fd, .events = POLLOUT};
    if (sink.may_block && poll(&out, 1, sink.stuck ? 0 : PATIENCE_MSEC) == 0) {
        sink.stuck = true;
        return false;
    }
    sink.stuck = false;
    return write_line(line);
}

/* Says how many lines were lost since the last that went out. Returns whether none are untold. */
static bool tell_lost(const struct timespec *time)
{
    struct line line;
    line.time = *time;
    if (sink.lost == 0)
        return true;
    format_line(&line, LOG_LEVEL_WARNING,
                "log lines were lost: they were not read, or could not be written",
                (struct log_field[]){log_number("lines", sink.lost)}, 1);
    if (!put_line(&line))
        return false;
    sink.lost = 0;
    return true;
}

static void put(const struct timespec *time, enum log_level level, const char *message,
                const struct log_field *fields, size_t count)
{
    struct line line;
    line.time = *time;
    format_line(&line, level, message, fields, count);
    pthread_mutex_lock(&sink.lock);
    if (!tell_lost(time) || !put_line(&line)) {
        sink.lost++;
        atomic_fetch_add_explicit(&sink.all_lost, 1, memory_order_relaxed);
    }
    pthread_mutex_unlock(&sink.lock);
}

uint64_t log_lost(void)
{
    return atomic_load_explicit(&sink.all_lost, memory_order_relaxed);
}

void log_write(enum log_level level, const char *message, const struct log_field *fields,
               size_t count)
{
    int saved_errno = errno;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    put(&now, level, message, fields, count);
    errno = saved_errno;
}

/* --- what happens to redial ------------------------------------------------------------------- */

static void remember_and_log_write(enum log_level level, const char *message,
                                   const struct log_field *fields, size_t count)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    log_recent_add(&now, level, message, fields, count);
    put(&now, level, message, fields, count);
}

static void tell_storm(struct log_storm *storm)
{
    const struct log_field fields[] = {
        log_text("of", storm->message),
        log_text("upstream", storm->upstream),
        log_number("suppressed", storm->suppressed),
    };
    remember_and_log_write(LOG_LEVEL_WARNING, "log lines were suppressed", fields,
                           sizeof fields / sizeof *fields);
    free(storm->message);
    free(storm->upstream);
}

static const char *upstream_of(const struct log_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (fields[i].type == LOG_FIELD_TEXT && strcmp(fields[i].key, "upstream") == 0)
            return fields[i].text;
    return NULL;
}

/* Who has turned on debug wants to see everything. */
void log_event(enum log_level level, const char *message, const struct log_field *fields,
               size_t count)
{
    int saved_errno = errno;
    struct log_storm over = {.suppressed = 0};
    bool admitted =
        level == LOG_LEVEL_DEBUG || log_limit_admits(message, upstream_of(fields, count), &over);
    if (over.suppressed > 0)
        tell_storm(&over);
    if (admitted)
        remember_and_log_write(level, message, fields, count);
    errno = saved_errno;
}

void log_outcome(enum log_level level, const char *message, const struct log_field *fields,
                 size_t count)
{
    int saved_errno = errno;
    remember_and_log_write(level, message, fields, count);
    errno = saved_errno;
}

void log_limit_storms(bool on)
{
    struct log_storm storm;
    log_limit_set(on);
    while (!on && log_limit_take(true, &storm))
        tell_storm(&storm);
}

usec_t log_tell_suppressed(void)
{
    struct log_storm storm;
    while (log_limit_take(false, &storm))
        tell_storm(&storm);
    return log_limit_wait();
}
