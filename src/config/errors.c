#include "config/errors.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"

void errors_add(struct errors *errors, struct origin origin, const char *format, ...)
{
    char *message = NULL, *line = NULL;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&message, format, args);
    va_end(args);
    if (length < 0)
        abort(); /* a configuration error that cannot be told must not pass for none */
    if (origin.line > 0)
        length = asprintf(&line, "%s:%d: %s", origin.file, origin.line, message);
    else
        length = asprintf(&line, "%s: %s", origin.file, message);
    free(message);
    /* Bytes from elsewhere never break the line in two nor steer a terminal. */
    for (char *at = line; length >= 0 && *at;) {
        size_t shown = utf8_printable(at);
        if (shown == 0)
            *at = '?';
        at += shown > 0 ? shown : 1;
    }
    char **lines = reallocarray(errors->lines, errors->count + 1, sizeof *lines);
    if (length < 0 || !lines)
        abort();
    errors->lines = lines;
    errors->lines[errors->count++] = line;
}

void errors_clear(struct errors *errors)
{
    for (size_t i = 0; i < errors->count; i++)
        free(errors->lines[i]);
    free(errors->lines);
    *errors = (struct errors){0};
}
