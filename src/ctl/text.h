#ifndef REDIAL_CTL_TEXT_H
#define REDIAL_CTL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* A string that grows; all zero: empty. `bytes` ends with a NUL once something was added. Without
 * memory the program ends. */
struct text {
    char *bytes;
    size_t length, room;
};

/* Takes the locale of the environment: whether the terminal shows UTF-8. To be called first. */
void text_setup(void);
bool text_is_utf8(void);

void text_bytes(struct text *text, const char *bytes, size_t length);
void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds what came from elsewhere, so that a terminal shows it and does not obey it. A question mark
 * stands for each control character (a line end, too), each byte that is no UTF-8, what has no
 * width of its own or turns the direction of writing, and for NULL. */
void text_clean(struct text *text, const char *foreign);

/* The same line by line, each one of it behind `prefix`; tabs stay. Empty lines at the end are
 * dropped. */
void text_clean_lines(struct text *text, const char *prefix, const char *foreign);

/* Adds name=value for a query, with a ? or & before it; the value percent-encoded (RFC 3986 §2.1).
 */
void text_query(struct text *text, const char *name, const char *value);

/* The same, without its middle where it takes more than `most` columns. */
void text_clean_short(struct text *text, const char *foreign, size_t most);

/* How many columns a clean string takes. */
size_t text_width(const char *clean);

/* Adds a clean string in at most `width` columns, without its middle where it has more. */
void text_shorten(struct text *text, const char *clean, size_t width);

/* Adds `count` blanks. */
void text_blanks(struct text *text, size_t count);

/* Adds a clean string as paragraph: every line but the first, which begins at column `at`, is
 * indented, and none is longer than `width` if there is a blank to break it at. Ends with a line
 * end. */
void text_wrap(struct text *text, const char *clean, size_t at, size_t indent, size_t width);

/* The string itself ("" when nothing was added), and frees it. */
const char *text_string(const struct text *text);
void text_clear(struct text *text);

#endif
