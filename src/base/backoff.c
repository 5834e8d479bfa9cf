#include "base/backoff.h"

#include "base/random.h"

#define JITTER_STEPS 1000

usec_t backoff_wait(usec_t first, usec_t most, unsigned level)
{
    usec_t span = first;
    while (level-- > 0 && span < most)
        span *= 2;
    if (span > most)
        span = most;
    return span - span / 5 * random_below(JITTER_STEPS) / JITTER_STEPS;
}
