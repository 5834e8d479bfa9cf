#ifndef REDIAL_BASE_HISTOGRAM_H
#define REDIAL_BASE_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_BOUNDS_MOST 14

/* The buckets that values are sorted into: the first `count` bounds, ascending. A bucket holds what
 * is at most its bound and above the one before it; one more holds what is above all of them. */
struct scale {
    size_t count;
    int64_t bounds[HISTOGRAM_BOUNDS_MOST];
};

/* How often which value occurred, as plain numbers: counts[i] of bucket i of its scale. Values and
 * their sum are in the unit of the bounds, and not negative. */
struct histogram {
    const struct scale *scale;
    uint64_t counts[HISTOGRAM_BOUNDS_MOST + 1];
    uint64_t count; /* of all buckets */
    uint64_t sum;
};

/* The bucket of a value. Any thread. */
static inline size_t scale_bucket(const struct scale *scale, int64_t value)
{
    size_t bucket = 0;
    while (bucket < scale->count && value > scale->bounds[bucket])
        bucket++;
    return bucket;
}

/* The mean of the values; 0 where there are none. */
double histogram_mean(const struct histogram *histogram);

/* The value that the part `q` (0 … 1) of all values does not exceed, as if those of a bucket were
 * spread evenly over it, and those of the first one from 0. What is above all bounds counts as the
 * last of them, so it is "at least" then. 0 where there are no values. */
double histogram_quantile(const struct histogram *histogram, double q);

#endif
