#ifndef REDIAL_DISCOVERY_DISCOVERY_H
#define REDIAL_DISCOVERY_DISCOVERY_H

#include "config/config.h"
#include "discovery/endpoint_set.h"
#include "discovery/lookup.h"

/* Who stands behind one upstream: its targets' answers and static addresses, made into one endpoint
 * set after another. Belongs to the main thread. */
struct discovery;

/* The set became another one. `set` is borrowed (take a reference to keep it), `previous` is the
 * one before; `ttl` is how long the answer that did it is used, 0 where a failed
 * connect did, or an answer without addresses. */
typedef void discovery_callback(void *arg, struct endpoint_set *set,
                                const struct endpoint_set *previous, usec_t ttl);

/* Starts discovering what `options` name (copied). Never calls back before it returns; what is
 * known already is there at the first look, by discovery_set(). Returns 0 or -ENOMEM. */
int discovery_new(struct lookups *lookups, const struct upstream_options *options,
                  discovery_callback *callback, void *arg, struct discovery **ret_discovery);

/* Ends it; no callback comes any more. Accepts NULL. */
void discovery_free(struct discovery *discovery);

/* The set at this moment. Borrowed. */
struct endpoint_set *discovery_set(const struct discovery *discovery);

/* A client's connect to this address failed, by the endpoint's fault: an address that the last
 * answer did not name leaves at once, and DNS is asked again early. May call back. */
void discovery_connect_failed(struct discovery *discovery, const struct address *address);

#endif
