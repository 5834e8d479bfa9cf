#ifndef REDIAL_BASE_LOG_FIELD_H
#define REDIAL_BASE_LOG_FIELD_H

#include <stdint.h>

/* What a line of the log is made of. */

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

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

#endif
