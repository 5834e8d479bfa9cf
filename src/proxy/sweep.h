#ifndef REDIAL_PROXY_SWEEP_H
#define REDIAL_PROXY_SWEEP_H

#include "base/clock.h"

struct upstream_options;
struct view;

/* What sessions need from time to time, and not at each of their bytes, is done for all of them at
 * once. */

/* How often sessions with these options are to be swept; 0: never. */
usec_t sweep_interval(const struct upstream_options *options);

/* Sweeps the sessions of the view; `now` is clock_now(). */
void sweep_view(struct view *view, usec_t now);

#endif
