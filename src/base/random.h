#ifndef REDIAL_BASE_RANDOM_H
#define REDIAL_BASE_RANDOM_H

#include <stdint.h>

/* Random numbers for spreading load and time, not for secrets: a generator per thread, seeded by
 * getrandom(2). Any thread. */
uint32_t random_u32(void);

/* Uniform in 0 … below-1; 0 where `below` is 0. */
uint32_t random_below(uint32_t below);

/* Tests only: the calling thread's numbers repeat from the same seed. */
void random_seed(uint64_t seed);

#endif
