#ifndef REDIAL_PROXY_LATENCY_H
#define REDIAL_PROXY_LATENCY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

/* Eight buckets to each doubling, from 1 ms: what is read from them is at most an eighth off. */
#define LATENCY_STEPS 8
#define LATENCY_DOUBLINGS 11
#define LATENCY_BUCKETS (LATENCY_STEPS * LATENCY_DOUBLINGS + 1)

/* How long something took, over many times: a histogram that all threads add to, without a lock.
 * What is old weighs less: whenever there are enough, all counts are halved. */
struct latency {
    _Atomic uint32_t counts[LATENCY_BUCKETS];
    _Atomic uint32_t total;
    _Atomic bool halving;
    _Atomic int64_t p99;
};

/* So many must be there before the p99 says something. */
#define LATENCY_SAMPLES_LEAST 100

/* Any thread. */
void latency_add(struct latency *latency, usec_t span);

/* The span within which 99 of 100 were done, rounded up to the end of its bucket, as of a few
 * samples ago; 0 while there are too few. Any thread. */
usec_t latency_p99(const struct latency *latency);

#endif
