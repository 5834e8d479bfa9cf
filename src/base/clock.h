#ifndef REDIAL_BASE_CLOCK_H
#define REDIAL_BASE_CLOCK_H

#include <stdint.h>
#include <sys/time.h>

/* Microseconds: a point of CLOCK_MONOTONIC or a span of time. */
typedef int64_t usec_t;

#define USEC_PER_MSEC ((usec_t)1000)
#define USEC_PER_SEC ((usec_t)1000000)

/* The monotonic time now; never 0, so 0 may mean "not set". Any thread. */
usec_t clock_now(void);

/* Tests only: from here on clock_now() stands still at `now`, until clock_release().
 * Any thread sees the change. */
void clock_freeze(usec_t now);
void clock_advance(usec_t by);
void clock_release(void);

/* A span as libevent wants it; a negative one becomes 0. */
struct timeval clock_timeval(usec_t span);

#endif
