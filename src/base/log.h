#ifndef REDIAL_BASE_LOG_H
#define REDIAL_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* One key and its value; `text` may be NULL (then the field is left out). */
struct log_field {
    const char *key;
    const char *text;
    int64_t number;
    enum { LOG_FIELD_TEXT, LOG_FIELD_NUMBER, LOG_FIELD_MSEC } type;
};

#define log_text(name, value)                                                                      \
    (struct log_field)                                                                             \
    {                                                                                              \
        .key = (name), .text = (value), .type = LOG_FIELD_TEXT                                     \
    }
#define log_number(name, value)                                                                    \
    (struct log_field)                                                                             \
    {                                                                                              \
        .key = (name), .number = (int64_t)(value), .type = LOG_FIELD_NUMBER                        \
    }
/* A span of time in microseconds, shown in milliseconds with three decimals. */
#define log_msec(name, usec)                                                                       \
    (struct log_field)                                                                             \
    {                                                                                              \
        .key = (name), .number = (int64_t)(usec), .type = LOG_FIELD_MSEC                           \
    }

/* Where lines go (2: stderr), what is left out, and how they look. With `journal` a line begins
 * with the level as sd-daemon(3) wants it, and has no time of its own. */
void log_setup(int fd, enum log_level level, enum log_format format, bool journal);

/* Whether stderr is the journal's own stream: JOURNAL_STREAM of systemd.exec(5). */
bool log_stderr_is_journal(void);

bool log_enabled(enum log_level level);

/* Writes one line, by one write(2); what does not fit in 4 KiB is cut. Waits for a stuck
 * reader a moment and once: what a full pipe does not take is lost, and the next line says how many
 * were. Any thread. The caller's errno is kept. */
void log_write(enum log_level level, const char *message, const struct log_field *fields,
               size_t count);

#define log_at(level, message, ...)                                                                \
    do {                                                                                           \
        if (log_enabled(level)) {                                                                  \
            const struct log_field log_fields_[] = {{0}, ##__VA_ARGS__};                           \
            log_write(level, message, log_fields_ + 1,                                             \
                      sizeof log_fields_ / sizeof *log_fields_ - 1);                               \
        }                                                                                          \
    } while (0)

#define log_error(message, ...) log_at(LOG_LEVEL_ERROR, message, ##__VA_ARGS__)
#define log_warning(message, ...) log_at(LOG_LEVEL_WARNING, message, ##__VA_ARGS__)
#define log_info(message, ...) log_at(LOG_LEVEL_INFO, message, ##__VA_ARGS__)
#define log_debug(message, ...) log_at(LOG_LEVEL_DEBUG, message, ##__VA_ARGS__)

#endif
