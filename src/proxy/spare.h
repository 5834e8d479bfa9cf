#ifndef REDIAL_PROXY_SPARE_H
#define REDIAL_PROXY_SPARE_H

#include <stdlib.h>

/* What each connection takes from memory and gives back soon. A worker keeps a few blocks of each
 * kind for the next one; those of a kind have one size. A set of spares belongs to one thread. */
enum spare_kind { SPARE_SESSION, SPARE_DIAL, SPARE_CONNECT, SPARE_STREAM, SPARE_KINDS };

/* Blocks of a kind that are kept: what a burst has left beyond that goes back. Where a sanitizer
 * looks for use after free(3), nothing is kept, or it would see none. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SPARES_MOST 0
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define SPARES_MOST 0
#elif !defined(SPARES_MOST)
#define SPARES_MOST 64
#endif

struct spare {
    struct spare *next;
};

struct spares {
    struct spare *first[SPARE_KINDS];
    int count[SPARE_KINDS];
};

/* A block whose content is anything, or NULL without memory. */
static inline void *spare_take(struct spares *spares, enum spare_kind kind, size_t size)
{
    struct spare *block = spares->first[kind];
    if (!block)
        return malloc(size);
    spares->first[kind] = block->next;
    spares->count[kind]--;
    return block;
}

/* Takes the block over. */
static inline void spare_give(struct spares *spares, enum spare_kind kind, void *memory)
{
    struct spare *block = memory;
    if (spares->count[kind] >= SPARES_MOST) {
        free(memory);
        return;
    }
    block->next = spares->first[kind];
    spares->first[kind] = block;
    spares->count[kind]++;
}

static inline void spares_clear(struct spares *spares)
{
    for (int kind = 0; kind < SPARE_KINDS; kind++) {
        for (struct spare *block; (block = spares->first[kind]) != NULL;) {
            spares->first[kind] = block->next;
            free(block);
        }
        spares->count[kind] = 0;
    }
}

#endif
