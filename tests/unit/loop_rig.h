/* Turning a worker's loop until something has happened, with a limit. */
#ifndef UNIT_LOOP_RIG_H
#define UNIT_LOOP_RIG_H

#include <stdbool.h>
#include <time.h>

#include "proxy/loop.h"

/* The time that no test stops. */
static inline usec_t loop_real_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (usec_t)now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

/* Returns whether `done` came within `ms` milliseconds. */
static inline bool loop_until(struct loop *loop, bool (*done)(void *arg), void *arg, int ms)
{
    usec_t limit = loop_real_time() + ms * USEC_PER_MSEC, now;
    while (!done(arg) && (now = loop_real_time()) < limit)
        loop_turn(loop, limit - now);
    return done(arg);
}

static inline bool loop_never(void *arg)
{
    (void)arg;
    return false;
}

static inline void loop_for(struct loop *loop, int ms)
{
    loop_until(loop, loop_never, NULL, ms);
}

#endif
