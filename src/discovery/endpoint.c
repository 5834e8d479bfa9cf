#include "discovery/endpoint.h"

#include <stdlib.h>

struct endpoint *endpoint_new(const struct address *address)
{
    struct endpoint *endpoint = calloc(1, sizeof *endpoint);
    if (!endpoint)
        return NULL;
    endpoint->references = 1;
    endpoint->address = *address;
    return endpoint;
}

struct endpoint *endpoint_ref(struct endpoint *endpoint)
{
    atomic_fetch_add_explicit(&endpoint->references, 1, memory_order_relaxed);
    return endpoint;
}

void endpoint_unref(struct endpoint *endpoint)
{
    if (endpoint && atomic_fetch_sub_explicit(&endpoint->references, 1, memory_order_acq_rel) == 1)
        free(endpoint);
}

struct endpoint_set *endpoint_set_new(const struct endpoint_set *previous,
                                      const struct address *addresses, size_t count)
{
    struct endpoint_set *set = calloc(1, sizeof *set + count * sizeof(struct endpoint *));
    if (!set)
        return NULL;
    set->references = 1;
    for (size_t i = 0; i < count; i++) {
        struct endpoint *same = previous ? endpoint_set_find(previous, &addresses[i]) : NULL;
        struct endpoint *endpoint = same ? endpoint_ref(same) : endpoint_new(&addresses[i]);
        if (!endpoint) {
            endpoint_set_unref(set);
            return NULL;
        }
        set->endpoints[set->count++] = endpoint;
    }
    return set;
}

struct endpoint_set *endpoint_set_ref(struct endpoint_set *set)
{
    atomic_fetch_add_explicit(&set->references, 1, memory_order_relaxed);
    return set;
}

void endpoint_set_unref(struct endpoint_set *set)
{
    if (!set || atomic_fetch_sub_explicit(&set->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < set->count; i++)
        endpoint_unref(set->endpoints[i]);
    free(set);
}

struct endpoint *endpoint_set_find(const struct endpoint_set *set, const struct address *address)
{
    size_t low = 0, high = set->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = address_compare(&set->endpoints[middle]->address, address);
        if (order == 0)
            return set->endpoints[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
