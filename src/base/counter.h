#ifndef REDIAL_BASE_COUNTER_H
#define REDIAL_BASE_COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

/* A count that one thread writes, by plain loads and stores, and any thread may read. Who sees what
 * was counted later by the same thread sees what it counted before, too: a reader that takes
 * effects first and then their causes never finds an effect without its cause. */
typedef _Atomic uint64_t counter;

/* Only the one thread that writes. */
static inline void counter_add(counter *count, uint64_t more)
{
    uint64_t before = atomic_load_explicit(count, memory_order_relaxed);
    atomic_store_explicit(count, before + more, memory_order_release);
}

/* Any thread. */
static inline uint64_t counter_get(const counter *count)
{
    return atomic_load_explicit(count, memory_order_acquire);
}

#endif
