#ifndef REDIAL_PROXY_HEAP_H
#define REDIAL_PROXY_HEAP_H

#include <stdbool.h>
#include <stdint.h>

/* Nowhere in a heap. */
#define HEAP_NONE UINT32_MAX

/* What stands in a heap: the least value comes first, and of like values the least pass. */
struct rank {
    uint64_t value; /* below UINT64_MAX */
    uint64_t pass;
    uint32_t slot;   /* whose it is: an index into `spots` */
    uint32_t weight; /* for the heap's owner */
};

/* A binary heap that knows where everyone stands. The arrays are its owner's, and have room for all
 * who may come; several heaps may share `spots`. Not thread-safe. */
struct heap {
    struct rank *ranks;
    uint32_t *spots; /* of each slot: its index in `ranks`, or HEAP_NONE */
    uint32_t count;
};

/* Whether `a` comes before `b`. Without a branch, which would be guessed wrong half of the time. */
static inline bool rank_before(const struct rank *a, const struct rank *b)
{
    return a->value < b->value + (a->pass < b->pass);
}

/* O(log n) each. `at` is an index in `ranks`; a change keeps the slot. `rank` is a copy, no member
 * of `ranks`. */
void heap_insert(struct heap *heap, const struct rank *rank);
void heap_remove(struct heap *heap, uint32_t at);
void heap_change(struct heap *heap, uint32_t at, const struct rank *rank);

#endif
