/* What the demo prints: plain text; colour and redrawing only on a terminal. */
#ifndef DEMO_SCREEN_H
#define DEMO_SCREEN_H

#include <stdbool.h>

/* Looks at standard output; NO_COLOR is honoured. */
void screen_open(void);

/* A heading; a line of the story; a line as some program said it. */
void screen_title(const char *format, ...) __attribute__((format(printf, 1, 2)));
void screen_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void screen_quote(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A promise, and whether it was kept. Every broken one is counted. */
void screen_verdict(bool kept, const char *format, ...) __attribute__((format(printf, 2, 3)));
int screen_broken(void);

/* A labelled bar of the given length, with its value behind it. */
void screen_bar(const char *label, unsigned value, int length, bool good);

/* Whether lines can be drawn over; goes up over the last ones if so. */
bool screen_is_terminal(void);
void screen_up(int lines);

#endif
