#ifndef REDIAL_CTL_FRAME_H
#define REDIAL_CTL_FRAME_H

#include <jansson.h>
#include <stddef.h>

#include "ctl/rates.h"
#include "ctl/text.h"

/* What is to be seen. */
struct frame_view {
    const json_t *status;
    const struct rates *rates;
    const char *trouble; /* clean; NULL: the last look went well */
    size_t width, height;
    size_t scroll; /* the first line of the list of upstreams */
};

/* Adds a whole picture of `height` lines, none wider than `width`, each but the last one ended by
 * CR LF; with the codes that clear what was there before (ECMA-48: CUP, EL). Returns how far the
 * list can be scrolled. */
size_t frame_add(struct text *out, const struct frame_view *view);

/* Adds one line that says the same in short, for who is no terminal. */
void frame_add_line(struct text *out, const struct frame_view *view);

/* How many lines of the list such a picture shows. */
size_t frame_page(size_t height);

#endif
