#ifndef REDIAL_BASE_LOG_H
#define REDIAL_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/log_field.h"

enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* Where lines go (2: stderr), what is left out, and how they look. With `journal` a line begins
 * with the level as sd-daemon(3) wants it, and has no time of its own. */
void log_setup(int fd, enum log_level level, enum log_format format, bool journal);

/* Whether stderr is the journal's own stream: JOURNAL_STREAM of systemd.exec(5). */
bool log_stderr_is_journal(void);

/* From the next line on. Any thread. */
void log_set_level(enum log_level level);
void log_set_format(enum log_format format);

bool log_enabled(enum log_level level);

/* "error", "warning", "info" or "debug". */
const char *log_level_name(enum log_level level);

/* The level of that name. Returns false where there is none. */
bool log_level_find(const char *name, enum log_level *ret_level);

/* Writes one line, by one write(2); what does not fit in 4 KiB is cut. Waits for a stuck
 * reader a moment and once: what a full pipe does not take is lost, and the next line says how many
 * were. Any thread. The caller's errno is kept. */
void log_write(enum log_level level, const char *message, const struct log_field *fields,
               size_t count);

/* How many lines the process has lost: where the log never takes one again, as on a full disk, no
 * line can tell. Any thread. */
uint64_t log_lost(void);

/* The same, for what happens to redial: the line is remembered (base/log_recent.h), and in a storm
 * it is suppressed instead (base/log_limit.h). Any thread. */
void log_event(enum log_level level, const char *message, const struct log_field *fields,
               size_t count);

/* The same for what an operator asked for: remembered, and never suppressed. Any thread. */
void log_outcome(enum log_level level, const char *message, const struct log_field *fields,
                 size_t count);

/* Whether storms are suppressed: not at first, so that whoever starts redial sees every line. When
 * they no longer are, what was suppressed until then is told at once. Any thread. */
void log_limit_storms(bool on);

/* Tells of the storms whose time is over, how many lines each of them lacks. Returns how long it is
 * until this is to be called again, so that each is told when its time is over and not later. Any
 * thread. */
usec_t log_tell_suppressed(void);

#define log_by(function, level, message, ...)                                                      \
    do {                                                                                           \
        if (log_enabled(level)) {                                                                  \
            const struct log_field log_fields_[] = {{0}, ##__VA_ARGS__};                           \
            function(level, message, log_fields_ + 1,                                              \
                     sizeof log_fields_ / sizeof *log_fields_ - 1);                                \
        }                                                                                          \
    } while (0)

#define log_at(level, message, ...) log_by(log_event, level, message, ##__VA_ARGS__)
#define log_outcome_info(message, ...) log_by(log_outcome, LOG_LEVEL_INFO, message, ##__VA_ARGS__)
#define log_outcome_error(message, ...) log_by(log_outcome, LOG_LEVEL_ERROR, message, ##__VA_ARGS__)

#define log_error(message, ...) log_at(LOG_LEVEL_ERROR, message, ##__VA_ARGS__)
#define log_warning(message, ...) log_at(LOG_LEVEL_WARNING, message, ##__VA_ARGS__)
#define log_info(message, ...) log_at(LOG_LEVEL_INFO, message, ##__VA_ARGS__)
#define log_debug(message, ...) log_at(LOG_LEVEL_DEBUG, message, ##__VA_ARGS__)

#endif
