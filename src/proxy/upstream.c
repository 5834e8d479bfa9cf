#include "proxy/upstream.h"

#include <stdlib.h>

struct upstream *upstream_new(uint32_t max_connections, upstream_failure *on_failure, void *arg)
{
    struct upstream *upstream = calloc(1, sizeof *upstream);
    if (!upstream)
        return NULL;
    upstream->references = 1;
    upstream->on_failure = on_failure;
    upstream->arg = arg;
    balancer_init(&upstream->balancer);
    upstream->limit.most = max_connections;
    return upstream;
}

void upstream_connect_failed(struct upstream *upstream, struct endpoint *endpoint)
{
    atomic_fetch_add_explicit(&endpoint->failed, 1, memory_order_relaxed);
    if (!atomic_exchange(&endpoint->failure_told, true))
        upstream->on_failure(upstream->arg, endpoint);
}

struct upstream *upstream_ref(struct upstream *upstream)
{
    atomic_fetch_add_explicit(&upstream->references, 1, memory_order_relaxed);
    return upstream;
}

void upstream_unref(struct upstream *upstream)
{
    if (!upstream || atomic_fetch_sub_explicit(&upstream->references, 1, memory_order_acq_rel) != 1)
        return;
    balancer_clear(&upstream->balancer);
    free(upstream);
}
