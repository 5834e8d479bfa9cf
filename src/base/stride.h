#ifndef REDIAL_BASE_STRIDE_H
#define REDIAL_BASE_STRIDE_H

#include <stdint.h>

/* An order in which the places 0 … total-1 of a round are visited, each once, so that every stretch
 * of neighbours is visited in nearly even intervals: by steps of a width that has no divisor in
 * common with `total`, and with it a continued fraction of small terms, as the golden ratio has
 * (Kronecker's sequence; Niederreiter, "Random Number Generation and Quasi-Monte Carlo Methods",
 * 3.1). */

/* The width of a step for `total` (at least 1) places; 1 where there is no other to speak of, for
 * totals of 1, 2, 3, 4 and 6. */
uint32_t stride_for(uint32_t total);

/* The place that is visited at this step; each `total` steps in a row visit every place once. In
 * so short a round that the width is 1, the two halves take turns. */
static inline uint32_t stride_place(uint64_t step, uint32_t stride, uint32_t total)
{
    uint64_t in_round = step % total;
    if (stride != 1)
        return (uint32_t)(in_round * stride % total);
    return (uint32_t)(in_round / 2 + (in_round % 2) * ((total + 1) / 2));
}

#endif
