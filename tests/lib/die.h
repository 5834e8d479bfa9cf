/* What a test cannot go on from: a message and abort(). */
#ifndef TESTLIB_DIE_H
#define TESTLIB_DIE_H

#include <stddef.h>

/* Prints the message and, when errno is set, its text; aborts. */
void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* calloc and strdup that never return NULL. */
void *must_calloc(size_t count, size_t size);
char *must_copy(const char *text);

/* printf into a new string, to be freed. */
char *must_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
