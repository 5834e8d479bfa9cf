#ifndef REDIAL_PROXY_RETIRE_H
#define REDIAL_PROXY_RETIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"

struct upstream_options;

/* When one session is to make room: because its endpoint left the set (`removed`), or because it is
 * old (`max-age`). From its time on it is closed at an idle moment, and at the end of its grace
 * anyway. All times are clock_now(); 0: never. */
struct retirement {
    usec_t slot, end; /* of a drain */
    usec_t age;       /* when max-age is over */
};

enum retire_call {
    RETIRE_NOT_YET,
    RETIRE_WHEN_IDLE,
    RETIRE_NOW,
};

/* A session that was connected at `now`: max-age counts from here, with a jitter of a tenth both
 * ways, so that connections of one age do not all end at once. */
void retire_init(struct retirement *retirement, const struct upstream_options *options, usec_t now);

/* The endpoint has left the set, and this session is the `place`th of `count` that are to follow it
 * (0 first). They are spread over nine tenths of the drain, at random within each one's share; the
 * last tenth is for those that were not idle then. */
void retire_drain(struct retirement *retirement, const struct upstream_options *options, usec_t now,
                  size_t place, size_t count);

/* The endpoint is back. */
void retire_cancel_drain(struct retirement *retirement);

/* Not yet, although it is old: its grace begins at `now`. */
void retire_postpone(struct retirement *retirement, usec_t now);

static inline bool retire_is_draining(const struct retirement *retirement)
{
    return retirement->slot > 0;
}

/* When there is something to do about it; 0: never. */
usec_t retire_due(const struct retirement *retirement);

/* What is to be done now. *ret_left is the time until it is closed anyway. */
enum retire_call retire_call(const struct retirement *retirement,
                             const struct upstream_options *options, usec_t now, usec_t *ret_left);

/* How long a session must have been quiet to count as idle: five seconds at first, and the less the
 * nearer its end is. */
usec_t retire_pause(usec_t left);

/* The time between two closings of sessions that had to wait for an idle moment, where `waiting`
 * are due, the first of which is closed anyway in `left`: ten a second, or where that would not do,
 * twice the pace that closes all of them in time. */
usec_t retire_gap(size_t waiting, usec_t left);

#endif
