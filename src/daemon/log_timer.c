#include "daemon/log_timer.h"

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"

static void arm(struct event *timer, usec_t wait)
{
    struct timeval span = clock_timeval(wait);
    event_add(timer, &span);
}

static void on_due(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    arm(arg, log_tell_suppressed());
}

struct event *log_timer_new(struct event_base *base)
{
    struct event *timer = evtimer_new(base, on_due, event_self_cbarg());
    if (!timer)
        return NULL;
    log_limit_storms(true);
    arm(timer, log_tell_suppressed());
    return timer;
}

void log_timer_free(struct event *timer)
{
    log_limit_storms(false);
    if (timer)
        event_free(timer);
}
