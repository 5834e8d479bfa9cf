#ifndef REDIAL_PROXY_UPSTREAM_H
#define REDIAL_PROXY_UPSTREAM_H

#include "config/config.h"
#include "discovery/endpoint.h"
#include "proxy/balance.h"
#include "proxy/limit.h"

/* Told when a connect to an endpoint failed by its fault. On any worker's thread. */
typedef void upstream_failure(void *arg, struct endpoint *endpoint);

/* What all workers share of one upstream, for as long as any of them has it. */
struct upstream {
    _Atomic unsigned references;
    upstream_failure *on_failure;
    void *arg;
    struct balancer balancer;
    struct limit limit;
};

/* A new one with one reference, or NULL where there is no memory. */
struct upstream *upstream_new(uint32_t max_connections, upstream_failure *on_failure, void *arg);

/* Counts a failed connect and tells of it, once until the one who is told has cleared
 * `failure_told` of the endpoint. Any thread. */
void upstream_connect_failed(struct upstream *upstream, struct endpoint *endpoint);

/* Any thread. The last upstream_unref() frees; NULL is accepted. */
struct upstream *upstream_ref(struct upstream *upstream);
void upstream_unref(struct upstream *upstream);

#endif
