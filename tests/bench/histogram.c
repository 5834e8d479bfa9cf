#include "histogram.h"

#include <inttypes.h>
#include <string.h>

#define LONGEST (INT64_C(3600) * 1000 * 1000 * 1000)
#define EXACT_BITS 6 /* HISTOGRAM_EXACT is 2 to this power */

void histogram_clear(struct histogram *histogram)
{
    memset(histogram, 0, sizeof(*histogram));
}

/* Above the exact ones the highest bit chooses the power, and the five bits below it the part. */
static size_t bucket_of(uint64_t ns)
{
    if (ns < HISTOGRAM_EXACT)
        return (size_t)ns;
    unsigned power = 63 - (unsigned)__builtin_clzll(ns);
    uint64_t part = (ns >> (power - (EXACT_BITS - 1))) - HISTOGRAM_PARTS;
    return HISTOGRAM_EXACT + (power - EXACT_BITS) * HISTOGRAM_PARTS + (size_t)part;
}

/* The greatest value that falls into the bucket. */
static int64_t end_of(size_t bucket)
{
    if (bucket < HISTOGRAM_EXACT)
        return (int64_t)bucket;
    size_t above = bucket - HISTOGRAM_EXACT;
    unsigned shift = (unsigned)(above / HISTOGRAM_PARTS) + 1;
    uint64_t begin = (HISTOGRAM_PARTS + above % HISTOGRAM_PARTS) << shift;
    return (int64_t)(begin + (UINT64_C(1) << shift) - 1);
}

void histogram_add(struct histogram *histogram, int64_t ns)
{
    if (ns < 0)
        ns = 0;
    else if (ns > LONGEST)
        ns = LONGEST;
    histogram->counts[bucket_of((uint64_t)ns)]++;
    histogram->total++;
}

int64_t histogram_at(const struct histogram *histogram, unsigned per_mille)
{
    uint64_t rank = (histogram->total * per_mille + 999) / 1000;
    uint64_t below = 0;

    if (histogram->total == 0)
        return 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        below += histogram->counts[i];
        if (below >= rank && below > 0)
            return end_of(i);
    }
    return LONGEST;
}

void histogram_print(const struct histogram *histogram, FILE *to)
{
    const char *comma = "";

    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        if (histogram->counts[i] == 0)
            continue;
        fprintf(to, "%s%" PRId64 ":%" PRIu64, comma, end_of(i), histogram->counts[i]);
        comma = ",";
    }
}
