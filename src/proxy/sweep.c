#include "proxy/sweep.h"

#include <stdbool.h>

#include "proxy/session.h"
#include "proxy/view.h"

/* A time-out is noticed by so many parts of it late, and by this at the most. */
#define SWEEPS_PER_TIMEOUT 8
#define IDLE_MAX USEC_PER_SEC
#define LOOK_MAX (5 * USEC_PER_SEC)

static usec_t least(usec_t one, usec_t other)
{
    return one == 0 || (other != 0 && other < one) ? other : one;
}

/* Between two looks for endpoints that do not read, and for connections that have lasted long
 * enough to be watched; 0: never. */
static usec_t look_interval(const struct upstream_options *options)
{
    bool watches = options->user_timeout > 0 || options->keepalive;
    return least(options->user_timeout / SWEEPS_PER_TIMEOUT, watches ? LOOK_MAX : 0);
}

usec_t sweep_interval(const struct upstream_options *options)
{
    usec_t idle =
        least(options->idle_timeout / SWEEPS_PER_TIMEOUT, options->idle_timeout > 0 ? IDLE_MAX : 0);
    return least(idle, look_interval(options));
}

void sweep_view(struct view *view, usec_t now)
{
    const struct upstream_options *options = &view->options->options;
    if (options->idle_timeout > 0)
        sessions_expire(view, now);
    usec_t interval = look_interval(options);
    if (interval > 0 && now - view->looked >= interval) {
        view->looked = now;
        sessions_look(view);
    }
}
