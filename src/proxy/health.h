#ifndef REDIAL_PROXY_HEALTH_H
#define REDIAL_PROXY_HEALTH_H

#include "config/config.h"
#include "discovery/endpoint_set.h"
#include "proxy/upstream.h"

struct event_base;

/* redial's own connects: to ejected endpoints, when their time is over, and to all of an upstream
 * with active checks. One connect an address at a time, however many upstreams have it. Belongs to
 * the main thread. */
struct health;

/* An upstream that is cared for. */
struct ward;

/* NULL where there is no memory. */
struct health *health_new(struct event_base *base);

/* No ward may be left. Accepts NULL. */
void health_free(struct health *health);

/* Cares for the endpoints of the upstream from now on: `config`, which must outlive it, says how.
 * Takes references to the others. Returns NULL where there is no memory. */
struct ward *health_add(struct health *health, struct upstream *upstream,
                        const struct upstream_config *config, struct endpoint_set *set);

/* The upstream has these endpoints now. Takes a reference. */
void health_set_endpoints(struct ward *ward, struct endpoint_set *set);

/* Another configuration says how from now on. */
void health_configure(struct ward *ward, const struct upstream_config *config);

/* Endpoints of the upstream left the rotation or came back. */
void health_look(struct ward *ward);

/* Ends the care; what checks ejected returns. Accepts NULL. */
void health_remove(struct ward *ward);

#endif
