#include "proxy/heap.h"

static void put(struct heap *heap, uint32_t at, const struct rank *rank)
{
    heap->ranks[at] = *rank;
    heap->spots[rank->slot] = at;
}

/* Puts the rank at `at` or above; who comes behind it moves down. */
static void rise(struct heap *heap, uint32_t at, const struct rank *rank)
{
    while (at > 0 && rank_before(rank, &heap->ranks[(at - 1) / 2])) {
        put(heap, at, &heap->ranks[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(heap, at, rank);
}

/* Puts the rank at `at` or below. Down to the leaves first, and up again: who was picked mostly
 * belongs to the bottom, and one comparison a level is spared. */
static void sink(struct heap *heap, uint32_t at, const struct rank *rank)
{
    uint32_t child;
    while ((child = 2 * at + 2) < heap->count) {
        child -= rank_before(&heap->ranks[child - 1], &heap->ranks[child]);
        put(heap, at, &heap->ranks[child]);
        at = child;
    }
    if (child == heap->count) {
        put(heap, at, &heap->ranks[child - 1]);
        at = child - 1;
    }
    rise(heap, at, rank);
}

void heap_insert(struct heap *heap, const struct rank *rank)
{
    rise(heap, heap->count++, rank);
}

void heap_change(struct heap *heap, uint32_t at, const struct rank *rank)
{
    if (rank_before(rank, &heap->ranks[at]))
        rise(heap, at, rank);
    else
        sink(heap, at, rank);
}

void heap_remove(struct heap *heap, uint32_t at)
{
    const struct rank last = heap->ranks[--heap->count];
    heap->spots[heap->ranks[at].slot] = HEAP_NONE;
    if (at == heap->count)
        return;
    if (rank_before(&last, &heap->ranks[at]))
        rise(heap, at, &last);
    else
        sink(heap, at, &last);
}
