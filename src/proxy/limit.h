#ifndef REDIAL_PROXY_LIMIT_H
#define REDIAL_PROXY_LIMIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* How many of something may be open at once, counted over all threads. */
struct limit {
    _Atomic uint32_t open; /* of clients: with those that accept(2) is being tried for */
    _Atomic uint32_t most; /* 0: no limit, only counted */
};

/* The limit of the whole process. */
struct process_limit {
    struct limit limit;
    _Atomic uint32_t served; /* clients, without those that accept(2) is being tried for */
    _Atomic bool by_files;   /* nobody set it: the limit of open files carries no more */
};

/* Counts one more, unless that were too many. Any thread. */
static inline bool limit_take(struct limit *limit)
{
    uint32_t before = atomic_fetch_add_explicit(&limit->open, 1, memory_order_relaxed);
    uint32_t most = atomic_load_explicit(&limit->most, memory_order_relaxed);
    if (most == 0 || before < most)
        return true;
    atomic_fetch_sub_explicit(&limit->open, 1, memory_order_relaxed);
    return false;
}

static inline void limit_give(struct limit *limit)
{
    atomic_fetch_sub_explicit(&limit->open, 1, memory_order_relaxed);
}

#endif
