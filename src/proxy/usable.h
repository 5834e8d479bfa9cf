#ifndef REDIAL_PROXY_USABLE_H
#define REDIAL_PROXY_USABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "discovery/endpoint.h"

/* The endpoints that a client has met already. Borrowed. */
struct tried {
    struct endpoint *const *endpoints;
    size_t count;
};

static inline bool was_tried(const struct tried *tried, const struct endpoint *endpoint)
{
    for (size_t i = 0; i < tried->count; i++)
        if (tried->endpoints[i] == endpoint)
            return true;
    return false;
}

/* Whether the endpoint may be picked for this client: in rotation, and not tried. Any thread. */
static inline bool is_usable(const struct endpoint *endpoint, const struct tried *tried)
{
    return !atomic_load_explicit(&endpoint->ejected, memory_order_relaxed) &&
           !was_tried(tried, endpoint);
}

#endif
