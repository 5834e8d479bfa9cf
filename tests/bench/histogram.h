#ifndef REDIAL_BENCH_HISTOGRAM_H
#define REDIAL_BENCH_HISTOGRAM_H

#include <stdint.h>
#include <stdio.h>

/* How long things took, in nanoseconds, counted in buckets: exact below 64 ns, and above that each
 * power of two is cut into 32, so that a figure read from it is at most a thirty-second (3 %) too
 * high. Its size does not depend on how many values it counts. What is longer than an hour counts
 * as an hour. */
#define HISTOGRAM_EXACT 64
#define HISTOGRAM_PARTS 32
#define HISTOGRAM_POWERS 36
#define HISTOGRAM_BUCKETS (HISTOGRAM_EXACT + HISTOGRAM_PARTS * HISTOGRAM_POWERS)

struct histogram {
    uint64_t total;
    uint64_t counts[HISTOGRAM_BUCKETS];
};

void histogram_clear(struct histogram *histogram);
void histogram_add(struct histogram *histogram, int64_t ns);

/* The least value that so many of a thousand (1..1000) do not exceed, as the upper end of its
 * bucket. 0 without any. */
int64_t histogram_at(const struct histogram *histogram, unsigned per_mille);

/* Writes "NS:COUNT,NS:COUNT…", the upper ends of all buckets that are not empty, in order; so the
 * histograms of several runs may be put together. Without any: nothing. */
void histogram_print(const struct histogram *histogram, FILE *to);

#endif
