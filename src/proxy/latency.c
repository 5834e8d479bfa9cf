#include "proxy/latency.h"

#define SAMPLES_MOST 2000
#define SAMPLES_PER_LOOK 50

/* Bucket 0 is everything up to 1 ms; the others are linear within each doubling, and the last one
 * takes what is longer. */
static unsigned bucket_of(usec_t span)
{
    usec_t low = USEC_PER_MSEC;
    if (span < low)
        return 0;
    for (unsigned doubling = 0; doubling < LATENCY_DOUBLINGS; doubling++, low *= 2)
        if (span < 2 * low)
            return 1 + doubling * LATENCY_STEPS + (unsigned)((span - low) * LATENCY_STEPS / low);
    return LATENCY_BUCKETS - 1;
}

static usec_t bucket_end(unsigned bucket)
{
    if (bucket == 0)
        return USEC_PER_MSEC;
    usec_t low = USEC_PER_MSEC << ((bucket - 1) / LATENCY_STEPS);
    return low + low * ((bucket - 1) % LATENCY_STEPS + 1) / LATENCY_STEPS;
}

static void look(struct latency *latency)
{
    uint64_t sum = 0, within = 0;
    unsigned bucket = 0;
    for (unsigned i = 0; i < LATENCY_BUCKETS; i++)
        sum += atomic_load_explicit(&latency->counts[i], memory_order_relaxed);
    for (; bucket < LATENCY_BUCKETS - 1; bucket++) {
        within += atomic_load_explicit(&latency->counts[bucket], memory_order_relaxed);
        if (within * 100 >= sum * 99)
            break;
    }
    atomic_store_explicit(&latency->p99, bucket_end(bucket), memory_order_relaxed);
}

/* Others may add meanwhile; what is taken away was there before. */
static void halve(struct latency *latency)
{
    uint32_t taken = 0;
    for (unsigned i = 0; i < LATENCY_BUCKETS; i++) {
        uint32_t half = atomic_load_explicit(&latency->counts[i], memory_order_relaxed) / 2;
        atomic_fetch_sub_explicit(&latency->counts[i], half, memory_order_relaxed);
        taken += half;
    }
    atomic_fetch_sub_explicit(&latency->total, taken, memory_order_relaxed);
}

/* One thread halves for all. It may be held up while others add, so it looks again, also after it
 * has let others do it. */
static void keep_small(struct latency *latency)
{
    while (atomic_load(&latency->total) >= SAMPLES_MOST &&
           !atomic_exchange(&latency->halving, true)) {
        halve(latency);
        atomic_store(&latency->halving, false);
    }
}

void latency_add(struct latency *latency, usec_t span)
{
    atomic_fetch_add_explicit(&latency->counts[bucket_of(span)], 1, memory_order_relaxed);
    uint32_t total = atomic_fetch_add_explicit(&latency->total, 1, memory_order_relaxed) + 1;
    if (total >= LATENCY_SAMPLES_LEAST && total % SAMPLES_PER_LOOK == 0)
        look(latency);
    if (total >= SAMPLES_MOST)
        keep_small(latency);
}

usec_t latency_p99(const struct latency *latency)
{
    return atomic_load_explicit(&latency->p99, memory_order_relaxed);
}
