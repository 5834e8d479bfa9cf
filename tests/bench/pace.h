#ifndef REDIAL_BENCH_PACE_H
#define REDIAL_BENCH_PACE_H

#include <stdbool.h>
#include <stdint.h>

/* When work is due that comes at a fixed rate, whether or not what came before is done: a service
 * that hangs then owes the time of all who came meanwhile, and not only of those it kept. */
struct pace {
    int timer;
    int64_t interval; /* ns */
    int64_t next;     /* CLOCK_MONOTONIC, ns */
};

/* So many a second, the first one an interval from now. The timer becomes readable when work is
 * due. Returns 0 or -errno. */
int pace_start(struct pace *pace, double rate);
void pace_stop(struct pace *pace);

/* Takes the event of the timer. */
void pace_woken(const struct pace *pace);

/* Whether work is due at `now` that was not taken yet; and takes it: when it was due. */
static inline bool pace_is_due(const struct pace *pace, int64_t now)
{
    return pace->next <= now;
}

static inline int64_t pace_take(struct pace *pace)
{
    int64_t due = pace->next;
    pace->next += pace->interval;
    return due;
}

#endif
