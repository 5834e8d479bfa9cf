#ifndef REDIAL_DISCOVERY_BUDGET_H
#define REDIAL_DISCOVERY_BUDGET_H

#include <stdbool.h>

#include "base/clock.h"

/* A token bucket: at most `rate` packets in any one second, with a small burst at once. Pure: it
 * takes the time as an argument. */
struct budget {
    unsigned rate;   /* packets a second */
    double tokens;   /* packets that may go now */
    usec_t refilled; /* when they were counted */
    usec_t window;   /* since when `used` counts */
    unsigned used;   /* in the running second */
    bool half_told;  /* that half of the budget was used, in this run of busy seconds */
};

/* `rate` is at least 10. */
void budget_init(struct budget *budget, unsigned rate, usec_t now);

/* Takes so many packets' worth, at least one, and on credit what the bucket does not hold at once.
 * Returns 0 when they may go now, else how long to wait before asking again. */
usec_t budget_take(struct budget *budget, unsigned packets, usec_t now);

/* Whether, with the packet just taken, half of a second's budget was used: true once, and again
 * only after a second that stayed below. */
bool budget_reached_half(struct budget *budget, usec_t now);

#endif
