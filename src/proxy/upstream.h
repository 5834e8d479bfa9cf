#ifndef REDIAL_PROXY_UPSTREAM_H
#define REDIAL_PROXY_UPSTREAM_H

#include "config/config.h"
#include "discovery/endpoint.h"
#include "proxy/balance.h"
#include "proxy/limit.h"

/* What all workers share of one upstream, for as long as any of them has it. */
struct upstream {
    _Atomic unsigned references;
    struct balancer balancer;
    struct limit limit;
};

/* A new one with one reference, or NULL where there is no memory. */
struct upstream *upstream_new(uint32_t max_connections);

/* Any thread. The last upstream_unref() frees; NULL is accepted. */
struct upstream *upstream_ref(struct upstream *upstream);
void upstream_unref(struct upstream *upstream);

#endif
