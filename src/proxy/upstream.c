#include "proxy/upstream.h"

#include <stdlib.h>

struct upstream *upstream_new(uint32_t max_connections)
{
    struct upstream *upstream = calloc(1, sizeof *upstream);
    if (!upstream)
        return NULL;
    upstream->references = 1;
    balancer_init(&upstream->balancer);
    upstream->limit.most = max_connections;
    return upstream;
}

struct upstream *upstream_ref(struct upstream *upstream)
{
    atomic_fetch_add_explicit(&upstream->references, 1, memory_order_relaxed);
    return upstream;
}

void upstream_unref(struct upstream *upstream)
{
    if (upstream && atomic_fetch_sub_explicit(&upstream->references, 1, memory_order_acq_rel) == 1)
        free(upstream);
}
