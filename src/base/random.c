#include "base/random.h"

#include <stdbool.h>
#include <sys/random.h>
#include <time.h>

/* splitmix64: one add and three mixes a number, and any seed is a good one. */
static _Thread_local uint64_t state;
static _Thread_local bool seeded;

void random_seed(uint64_t seed)
{
    state = seed;
    seeded = true;
}

static void seed_from_kernel(void)
{
    uint64_t seed;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != (ssize_t)sizeof seed) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        seed = (uint64_t)now.tv_nsec ^ (uint64_t)(uintptr_t)&seed;
    }
    random_seed(seed);
}

uint32_t random_u32(void)
{
    if (!seeded)
        seed_from_kernel();
    uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ (z >> 31)) >> 32);
}

uint32_t random_below(uint32_t below)
{
    return (uint32_t)(((uint64_t)random_u32() * below) >> 32);
}
