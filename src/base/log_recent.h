#ifndef REDIAL_BASE_LOG_RECENT_H
#define REDIAL_BASE_LOG_RECENT_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/log_field.h"

/* The memory of the newest lines of the log: of level info and above, and of redial's own doing, so
 * not of the access log. */

#define LOG_RECENT_MOST 100
#define LOG_RECENT_TEXT 480

/* One line. Its texts are UTF-8 without control characters, escaped as in the log but not quoted;
 * what does not fit is cut, and the fields behind it are left out. */
struct log_recent {
    struct timespec time; /* CLOCK_REALTIME */
    enum log_level level;
    size_t length;              /* bytes of `text` in use */
    char text[LOG_RECENT_TEXT]; /* message, key, value, key, value …: each ends with a NUL */
};

/* Remembers a line; one of level debug is not. Any thread. */
void log_recent_add(const struct timespec *time, enum log_level level, const char *message,
                    const struct log_field *fields, size_t count);

/* Copies what is remembered, the newest first. Returns how many there are. Any thread. */
size_t log_recent_copy(struct log_recent lines[LOG_RECENT_MOST]);

static inline const char *log_recent_message(const struct log_recent *line)
{
    return line->text;
}

/* The next field: *at is 0 for the first one, and moves on. Returns false where there is none. */
bool log_recent_field(const struct log_recent *line, size_t *at, const char **ret_key,
                      const char **ret_value);

#endif
