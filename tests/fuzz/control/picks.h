/* balance_pick(), and what holds for each of its choices. */
#ifndef FUZZ_CONTROL_PICKS_H
#define FUZZ_CONTROL_PICKS_H

#include "proxy/view.h"

/* What was picked so far says nothing of the next ones: another configuration may be in use. */
void picks_begin(void);

/* Picks for a client of the view. The endpoint is with a reference; NULL: all were tried. */
struct endpoint *picks_next(struct view *view, struct tried tried);

#endif
