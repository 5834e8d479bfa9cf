#ifndef REDIAL_BASE_TIMER_H
#define REDIAL_BASE_TIMER_H

#include <stdbool.h>

#include "base/clock.h"

/* Something that is due once, at a time. Embedded in its owner; starting and stopping cannot fail.
 */
struct timer {
    usec_t due;
    void (*expired)(struct timer *timer);
    struct timer *child, *next; /* of the heap */
    struct timer *before;       /* the sibling before it, or the parent */
    bool started;
};

/* The timers of one thread: a pairing heap, whose nodes are the timers themselves. All zero: none.
 */
struct timers {
    struct timer *first;
    usec_t running; /* the time of the run under way */
};

static inline void timer_init(struct timer *timer, void (*expired)(struct timer *timer))
{
    *timer = (struct timer){.expired = expired};
}

/* Starts it, or moves it when it is started already. */
void timer_start(struct timers *timers, struct timer *timer, usec_t due);

/* One that is not started is accepted. */
void timer_stop(struct timers *timers, struct timer *timer);

/* Runs what is due by `now`, each timer once: what is started meanwhile waits for the next run. */
void timers_run(struct timers *timers, usec_t now);

/* When the first one is due; 0: there is none. */
static inline usec_t timers_due(const struct timers *timers)
{
    return timers->first ? timers->first->due : 0;
}

#endif
