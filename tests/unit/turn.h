/* Turning an event loop until something has happened; a timer of the loop itself is the limit. */
#ifndef UNIT_TURN_H
#define UNIT_TURN_H

#include <event2/event.h>
#include <stdbool.h>

static inline void turn_on_timer(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    *(bool *)arg = true;
}

/* Returns whether `done` came within `ms` milliseconds. */
static inline bool turn_until(struct event_base *base, bool (*done)(void *arg), void *arg, int ms)
{
    struct timeval limit = {ms / 1000, ms % 1000 * 1000};
    bool over = false;
    struct event *timer = evtimer_new(base, turn_on_timer, &over);
    event_add(timer, &limit);
    while (!done(arg) && !over)
        event_base_loop(base, EVLOOP_ONCE);
    event_free(timer);
    return done(arg);
}

static inline bool turn_never(void *arg)
{
    (void)arg;
    return false;
}

static inline void turn_for(struct event_base *base, int ms)
{
    turn_until(base, turn_never, NULL, ms);
}

#endif
