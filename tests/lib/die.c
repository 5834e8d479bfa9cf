#include "die.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void die(const char *format, ...)
{
    int error = errno;
    va_list arguments;
    va_start(arguments, format);
    fputs("testlib: ", stderr);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    if (error != 0) {
        fprintf(stderr, " (errno: %s)", strerror(error));
    }
    fputc('\n', stderr);
    abort();
}

void *must_calloc(size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size);
    if (memory == NULL) {
        die("no memory for %zu * %zu bytes", count, size);
    }
    return memory;
}

char *must_copy(const char *text)
{
    char *copy = strdup(text);
    if (copy == NULL) {
        die("no memory for a string");
    }
    return copy;
}

char *must_format(const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0) {
        die("no memory for a string");
    }
    return text;
}
