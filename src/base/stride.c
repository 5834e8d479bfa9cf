#include "base/stride.h"

/* 2^32 divided by the golden ratio. */
#define GOLDEN UINT64_C(2654435769)
/* So far to both sides of it a better width is looked for. */
#define REACH 32

/* The sum of the terms of the continued fraction width/total, which bounds how uneven the visits
 * are; 0 where the two have a divisor in common, so that not every place would be visited. */
static uint64_t sum_of_terms(uint32_t width, uint32_t total)
{
    uint64_t sum = 0;
    while (width != 0) {
        uint32_t rest = total % width;
        sum += total / width;
        total = width;
        width = rest;
    }
    return total == 1 ? sum : 0;
}

uint32_t stride_for(uint32_t total)
{
    uint32_t middle = (uint32_t)(total * GOLDEN >> 32), best = 1;
    uint64_t least = UINT64_MAX;
    for (uint32_t away = 0; away < 2 * REACH; away++) {
        uint32_t width = away % 2 == 0 ? middle + away / 2 : middle - away / 2 - 1;
        if (width == 0 || width >= total)
            continue; /* below 0 it wraps, and is above `total` */
        uint64_t sum = sum_of_terms(width, total);
        if (sum != 0 && sum < least) {
            least = sum;
            best = width;
        }
    }
    return best;
}
