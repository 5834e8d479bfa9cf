#ifndef REDIAL_BASE_RING_H
#define REDIAL_BASE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The newest items of a kind, up to a number; beyond it each new one takes the place of the oldest.
 * All zero: empty; it grows as it fills. The caller gives the size of an item and the number,
 * always the same, the latter at most 65535. Not thread-safe. */
struct ring {
    void *items;
    uint16_t count, room, next;
};

/* A place for a new item, which is the newest from now on: zeroed, or with *ret_reused the oldest
 * item's, as it was. Returns NULL where there is no memory. */
void *ring_push(struct ring *ring, size_t size, size_t most, bool *ret_reused);

/* The n-th item, the newest first. n is below `count`. */
void *ring_item(const struct ring *ring, size_t size, size_t n);

/* Frees the places; what the items own is the caller's to free before. */
void ring_clear(struct ring *ring);

#endif
