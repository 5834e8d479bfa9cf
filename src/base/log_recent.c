#include "base/log_recent.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

_Static_assert(sizeof(struct log_recent) <= 512, "what is remembered of a line is small");

static struct {
    pthread_mutex_t lock;
    struct log_recent lines[LOG_RECENT_MOST];
    size_t count, next;
} memory = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Adds a text, each character whole or not at all. Returns false where not all of it fits. */
static bool add_text(struct log_recent *line, const char *text)
{
    bool whole = true;
    while (*text && whole) {
        char escape[8];
        const char *shown = text;
        size_t taken = utf8_printable(text), length = taken;
        if (taken == 0) {
            taken = 1;
            length = (size_t)snprintf(escape, sizeof escape, "\\x%02x", (unsigned char)*text);
            shown = escape;
        }
        whole = length < sizeof line->text - line->length;
        if (whole) {
            memcpy(line->text + line->length, shown, length);
            line->length += length;
        }
        text += taken;
    }
    line->text[line->length++] = '\0';
    return whole;
}

static const char *value_text(const struct log_field *field, char number[32])
{
    if (field->type == LOG_FIELD_TEXT)
        return field->text;
    if (field->type == LOG_FIELD_NUMBER)
        snprintf(number, 32, "%lld", (long long)field->number);
    else
        snprintf(number, 32, "%.3f", (double)field->number / 1000.0);
    return number;
}

/* Returns false where it does not fit, or not as a whole. */
static bool add_field(struct log_recent *line, const struct log_field *field)
{
    char number[32];
    const char *value = value_text(field, number);
    size_t before = line->length;
    if (!value)
        return true;
    if (before < sizeof line->text && add_text(line, field->key) &&
        line->length < sizeof line->text)
        return add_text(line, value);
    line->length = before; /* no key without a value */
    return false;
}

void log_recent_add(const struct timespec *time, enum log_level level, const char *message,
                    const struct log_field *fields, size_t count)
{
    if (level > LOG_LEVEL_INFO)
        return;
    pthread_mutex_lock(&memory.lock);
    struct log_recent *line = &memory.lines[memory.next];
    memory.next = (memory.next + 1) % LOG_RECENT_MOST;
    memory.count += memory.count < LOG_RECENT_MOST;
    line->time = *time;
    line->level = level;
    line->length = 0;
    bool fits = add_text(line, message);
    for (size_t i = 0; i < count && fits; i++)
        fits = add_field(line, &fields[i]);
    pthread_mutex_unlock(&memory.lock);
}

size_t log_recent_copy(struct log_recent lines[LOG_RECENT_MOST])
{
    pthread_mutex_lock(&memory.lock);
    size_t count = memory.count;
    for (size_t i = 0; i < count; i++)
        lines[i] = memory.lines[(memory.next + LOG_RECENT_MOST - 1 - i) % LOG_RECENT_MOST];
    pthread_mutex_unlock(&memory.lock);
    return count;
}

bool log_recent_field(const struct log_recent *line, size_t *at, const char **ret_key,
                      const char **ret_value)
{
    if (*at == 0)
        *at = strlen(line->text) + 1;
    if (*at >= line->length)
        return false;
    *ret_key = line->text + *at;
    *ret_value = *ret_key + strlen(*ret_key) + 1;
    *at = (size_t)(*ret_value - line->text) + strlen(*ret_value) + 1;
    return true;
}
