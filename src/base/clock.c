#include "base/clock.h"

#include <stdatomic.h>
#include <time.h>

static _Atomic usec_t frozen; /* 0: the clock runs */

usec_t clock_now(void)
{
    usec_t still = atomic_load_explicit(&frozen, memory_order_relaxed);
    if (still != 0)
        return still;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (usec_t)now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000 + 1;
}

void clock_freeze(usec_t now)
{
    atomic_store(&frozen, now);
}

void clock_advance(usec_t by)
{
    atomic_fetch_add(&frozen, by);
}

void clock_release(void)
{
    atomic_store(&frozen, 0);
}

struct timeval clock_timeval(usec_t span)
{
    if (span < 0)
        span = 0;
    return (struct timeval){.tv_sec = (time_t)(span / USEC_PER_SEC),
                            .tv_usec = (suseconds_t)(span % USEC_PER_SEC)};
}
