#ifndef REDIAL_CTL_SCREEN_H
#define REDIAL_CTL_SCREEN_H

#include <stddef.h>

#include "ctl/text.h"

/* The terminal on stdout as a canvas: its alternate screen, without cursor and line wrap, and keys
 * that come at once and unseen. */
void screen_enter(void);

/* As it was before. Does nothing where nothing was changed; it is also called at exit(3) and when
 * the program crashes. Async-signal-safe. */
void screen_leave(void);

/* The size, 80 by 24 where the terminal does not know it. */
void screen_size(size_t *ret_width, size_t *ret_height);

/* Writes all of it. Returns 0 or -errno. */
int screen_write(const struct text *text);

#endif
