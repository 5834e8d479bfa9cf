#include "proxy/sweep.h"

#include <stdbool.h>

#include "proxy/sessions.h"
#include "proxy/view.h"

/* A time-out is noticed late by so many parts of it, and by these at the most. */
#define PARTS 8
#define IDLE_MOST USEC_PER_SEC
#define LOOK_MOST (5 * USEC_PER_SEC)
#define RETIRE_MOST (250 * USEC_PER_MSEC)

/* A part of the span, no more than `most`; 0 where the span is 0. */
static usec_t part_of(usec_t span, usec_t most)
{
    return span / PARTS < most ? span / PARTS : most;
}

static usec_t least(usec_t one, usec_t other)
{
    return one == 0 || (other != 0 && other < one) ? other : one;
}

/* Between two looks for endpoints that do not read, and for connections that have lasted long
 * enough to be watched; 0: never. */
static usec_t look_interval(const struct upstream_options *options)
{
    bool watches = options->user_timeout > 0 || options->keepalive;
    return least(part_of(options->user_timeout, LOOK_MOST), watches ? LOOK_MOST : 0);
}

usec_t sweep_interval(const struct upstream_options *options)
{
    usec_t retire =
        least(part_of(options->max_age, RETIRE_MOST), part_of(options->removed_drain, RETIRE_MOST));
    return least(least(part_of(options->idle_timeout, IDLE_MOST), look_interval(options)), retire);
}

void sweep_view(struct view *view, usec_t now)
{
    const struct upstream_options *options = &view->options->options;
    usec_t between_looks = look_interval(options);
    if (options->idle_timeout > 0)
        sessions_expire(view, now);
    if (between_looks > 0 && now - view->looked >= between_looks) {
        view->looked = now;
        sessions_look(view);
    }
    sessions_retire(view, now);
}
