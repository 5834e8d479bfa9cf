#ifndef REDIAL_CTL_STYLE_H
#define REDIAL_CTL_STYLE_H

#include <stdbool.h>

#include "ctl/text.h"

/* How a word looks where there is colour. */
enum style { STYLE_PLAIN, STYLE_STRONG, STYLE_DIM, STYLE_GOOD, STYLE_WARN, STYLE_BAD };

/* Whether it is a terminal that obeys codes: TERM says so. */
bool style_knows_codes(int fd);

/* Colour only on a terminal that knows it, and where nobody forbids it: NO_COLOR
 * (https://no-color.org), TERM=dumb. */
void style_setup(int fd);

/* Adds a clean string in that style. */
void style_add(struct text *text, enum style style, const char *clean);

/* How an endpoint's state, as /status names it, looks. */
enum style style_of_state(const char *state);

#endif
