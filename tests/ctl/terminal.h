/* A program in a pseudo-terminal, and what a person would see there: the codes of ECMA-48 and xterm
 * that redialctl sends, and no others. Functions that fail abort. */
#ifndef CTL_TERMINAL_H
#define CTL_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct terminal;

/* Starts `words` (NULL at the end) in a session of its own, with a terminal of that size. */
struct terminal *terminal_start(const char *const *words, int width, int height);

/* Waits until the screen contains all of the words between '|': false when ms milliseconds passed
 * or nothing more will come. */
bool terminal_wait(struct terminal *terminal, const char *words, int ms);

/* Waits until the program has ended and all of its output was read: its exit status, 128 + signal,
 * or -ETIMEDOUT. */
int terminal_wait_exit(struct terminal *terminal, int ms);

/* Waits until it is stopped, as Ctrl-Z does. */
bool terminal_wait_stopped(struct terminal *terminal, int ms);

/* A line of the screen, without blanks at its end; 0 is the first. Owned by the terminal, until the
 * next call. */
const char *terminal_line(struct terminal *terminal, int row);

/* The whole screen, to be freed. */
char *terminal_text(struct terminal *terminal);

/* What the program has set. */
bool terminal_is_alternate(const struct terminal *terminal);
bool terminal_shows_cursor(const struct terminal *terminal);
bool terminal_wraps(const struct terminal *terminal);
bool terminal_echoes(const struct terminal *terminal); /* and reads by lines */

/* How many times a colour or the like was chosen. */
size_t terminal_colours(const struct terminal *terminal);

/* The first code that this terminal does not know, or NULL. */
const char *terminal_unknown(const struct terminal *terminal);

void terminal_type(struct terminal *terminal, const char *keys);
void terminal_resize(struct terminal *terminal, int width, int height);
void terminal_signal(struct terminal *terminal, int signal_number);

/* Ends the program if it still runs, and frees. NULL is allowed. */
void terminal_stop(struct terminal *terminal);

#endif
