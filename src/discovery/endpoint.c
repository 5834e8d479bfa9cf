#include "discovery/endpoint.h"

#include <stdlib.h>

/* Endpoints that were made together. */
struct batch {
    _Atomic unsigned living;
    struct endpoint endpoints[];
};

bool endpoints_new(const struct address *addresses, size_t count, struct endpoint **ret_endpoints)
{
    struct batch *batch = calloc(1, sizeof *batch + count * sizeof *batch->endpoints);
    if (!batch)
        return false;
    batch->living = (unsigned)count;
    for (size_t i = 0; i < count; i++) {
        struct endpoint *endpoint = &batch->endpoints[i];
        endpoint->references = 1;
        endpoint->address = addresses[i];
        endpoint->seat = (uint8_t)i;
        ret_endpoints[i] = endpoint;
    }
    return true;
}

static void batch_leave(struct endpoint *endpoint)
{
    struct endpoint *first = endpoint - endpoint->seat;
    struct batch *batch =
        (struct batch *)(void *)((char *)first - offsetof(struct batch, endpoints));
    if (atomic_fetch_sub_explicit(&batch->living, 1, memory_order_acq_rel) == 1)
        free(batch);
}

struct endpoint *endpoint_new(const struct address *address)
{
    struct endpoint *endpoint;
    return endpoints_new(address, 1, &endpoint) ? endpoint : NULL;
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
        batch_leave(endpoint);
}
