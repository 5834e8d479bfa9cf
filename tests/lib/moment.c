#include "moment.h"

#include <stdlib.h>

int64_t moment_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t moment_ms(void)
{
    return moment_us() / 1000;
}

double test_scale(void)
{
    const char *text = getenv("REDIAL_TEST_SCALE");
    double scale = text != NULL ? strtod(text, NULL) : 1.0;
    return scale > 1.0 ? scale : 1.0;
}

int limit_ms(int ms)
{
    return (int)(ms * test_scale());
}

uint64_t volume_scaled(uint64_t volume, uint64_t least)
{
    uint64_t scaled = (uint64_t)((double)volume / test_scale());
    return scaled > least ? scaled : least;
}

struct timespec moment_deadline(int ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += (long)(ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_nsec -= 1000000000;
        at.tv_sec++;
    }
    return at;
}
