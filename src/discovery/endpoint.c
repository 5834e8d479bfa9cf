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

/* An eighth of it must not be lost for being below a microsecond: so eighths are kept. */
#define PARTS 8
#define SPAN_MOST (UINT32_MAX / PARTS)

/* Of threads that do this in the same moment one may be forgotten, which smoothing forgives. */
void endpoint_accepted(struct endpoint *endpoint, int64_t span)
{
    uint32_t before = atomic_load_explicit(&endpoint->connect_time, memory_order_relaxed);
    uint32_t taken = span < 1 ? 1 : span < SPAN_MOST ? (uint32_t)span : SPAN_MOST;
    uint32_t after = before == 0 ? taken * PARTS : before - before / PARTS + taken;
    atomic_store_explicit(&endpoint->connect_time, after, memory_order_relaxed);
    atomic_fetch_add_explicit(&endpoint->accepted, 1, memory_order_relaxed);
}

int64_t endpoint_connect_time(const struct endpoint *endpoint)
{
    uint32_t parts = atomic_load_explicit(&endpoint->connect_time, memory_order_relaxed);
    return (parts + PARTS - 1) / PARTS;
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
