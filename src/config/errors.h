#ifndef REDIAL_CONFIG_ERRORS_H
#define REDIAL_CONFIG_ERRORS_H

#include <stddef.h>

/* Where a setting stands: a file's line, or the name of another source with line 0
 * ("command line", "REDIAL_SET"). The text is borrowed and outlives the origin. */
struct origin {
    const char *file;
    int line;
};

/* Every error of every source, in the order found, each a whole line for a person. */
struct errors {
    char **lines;
    size_t count;
};

/* Adds `FILE:LINE: message`, or `FILE: message` where there is no line. */
void errors_add(struct errors *errors, struct origin origin, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* There is no memory to read the configuration, which nothing can be said of then: in the place of
 * all other errors. Needs no memory. */
void errors_no_memory(struct errors *errors);

void errors_clear(struct errors *errors);

#endif
