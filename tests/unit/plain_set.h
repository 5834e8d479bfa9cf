/* Sets of endpoints that are all alike: one tier, one weight. */
#ifndef UNIT_PLAIN_SET_H
#define UNIT_PLAIN_SET_H

#include <stdlib.h>

#include "discovery/endpoint_set.h"

/* The addresses may come in any order, each once. */
static inline struct endpoint_set *plain_set(const struct endpoint_set *previous,
                                             const struct address *addresses, size_t count)
{
    struct place *places = calloc(count + 1, sizeof *places);
    if (!places)
        abort();
    for (size_t i = 0; i < count; i++)
        places[i].address = addresses[i];
    qsort(places, count, sizeof *places, place_compare);
    struct endpoint_set *set = endpoint_set_new(previous, places, count);
    free(places);
    return set;
}

#endif
