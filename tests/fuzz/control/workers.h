/* Two workers without threads of their own: proxy/worker itself, in a loop that turns when the
 * input says so. workers.c takes the place of proxy/loop, listener, sessions and sweep. */
#ifndef FUZZ_CONTROL_WORKERS_H
#define FUZZ_CONTROL_WORKERS_H

#include <stddef.h>

#include "proxy/view.h"
#include "proxy/worker.h"

#define WORKERS 2
#define VIEWS_MOST 8

/* Starts them, once a process; they end with it. */
void workers_start(struct worker *ret_workers[WORKERS]);

/* The worker hears what it was told. */
void workers_turn(size_t worker);

/* The views for which it accepts connections. Returns how many. */
size_t workers_views(size_t worker, struct view *const **ret_views);

#endif
