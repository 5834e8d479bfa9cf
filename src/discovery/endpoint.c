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
