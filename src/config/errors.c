#include "config/errors.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"

/* The lines of whoever has no memory for others. */
static char no_memory[] = "the configuration cannot be read: this host has no memory left";
static char *no_memory_lines[] = {no_memory};

/* Bytes from elsewhere never break the line in two nor steer a terminal. */
static void make_printable(char *line)
{
    for (char *at = line; *at;) {
        size_t shown = utf8_printable(at);
        if (shown == 0)
            *at = '?';
        at += shown > 0 ? shown : 1;
    }
}

/* Returns NULL without memory. */
static char *format_line(struct origin origin, const char *message)
{
    char *line;
    int length = origin.line > 0 ? asprintf(&line, "%s:%d: %s", origin.file, origin.line, message)
                                 : asprintf(&line, "%s: %s", origin.file, message);
    if (length < 0)
        return NULL;
    make_printable(line);
    return line;
}

void errors_add(struct errors *errors, struct origin origin, const char *format, ...)
{
    char *message = NULL;
    va_list args;
    if (errors->lines == no_memory_lines)
        return;
    va_start(args, format);
    if (vasprintf(&message, format, args) < 0)
        message = NULL;
    va_end(args);
    char *line = message ? format_line(origin, message) : NULL;
    free(message);
    char **lines = line ? reallocarray(errors->lines, errors->count + 1, sizeof *lines) : NULL;
    if (!lines) { /* an error that cannot be told must not pass for none */
        free(line);
        errors_no_memory(errors);
        return;
    }
    errors->lines = lines;
    errors->lines[errors->count++] = line;
}

void errors_no_memory(struct errors *errors)
{
    errors_clear(errors);
    *errors = (struct errors){.lines = no_memory_lines, .count = 1};
}

void errors_clear(struct errors *errors)
{
    if (errors->lines != no_memory_lines) {
        for (size_t i = 0; i < errors->count; i++)
            free(errors->lines[i]);
        free(errors->lines);
    }
    *errors = (struct errors){0};
}
