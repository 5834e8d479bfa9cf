#include "base/ring.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 1 /* most questions are answered alike for ever */

static bool grow(struct ring *ring, size_t size, size_t most)
{
    size_t room = ring->room == 0 ? FIRST_ROOM : ring->room * (size_t)2;
    room = room < most ? room : most;
    void *grown = reallocarray(ring->items, room, size);
    if (!grown)
        return false;
    ring->items = grown;
    ring->room = (uint16_t)room;
    return true;
}

void *ring_push(struct ring *ring, size_t size, size_t most, bool *ret_reused)
{
    *ret_reused = ring->count == most;
    if (ring->count == ring->room && !*ret_reused && !grow(ring, size, most))
        return NULL;
    void *item = (char *)ring->items + ring->next * size;
    if (!*ret_reused) {
        memset(item, 0, size);
        ring->count++;
    }
    ring->next = (uint16_t)((ring->next + 1) % most);
    return item;
}

void *ring_item(const struct ring *ring, size_t size, size_t n)
{
    size_t newest = (size_t)(ring->next > 0 ? ring->next : ring->count) - 1;
    size_t index = newest >= n ? newest - n : newest + ring->count - n;
    return (char *)ring->items + index * size;
}

void ring_clear(struct ring *ring)
{
    free(ring->items);
    *ring = (struct ring){0};
}
