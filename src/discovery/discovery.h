#ifndef REDIAL_DISCOVERY_DISCOVERY_H
#define REDIAL_DISCOVERY_DISCOVERY_H

#include "config/config.h"
#include "discovery/endpoint.h"
#include "discovery/lookup.h"

/* Who stands behind one upstream: its targets' answers and static addresses, made into one endpoint
 * set after another. Belongs to the main thread. */
struct discovery;

/* The set became another one. `set` is borrowed (take a reference to keep it), `previous` is the
 * one before, NULL at first; `ttl` is how long the last answer is used, 0 where nothing is asked.
 */
typedef void discovery_callback(void *arg, struct endpoint_set *set,
                                const struct endpoint_set *previous, usec_t ttl);

/* Starts discovering what `options` name (copied). Never calls back before it returns; static
 * addresses alone are there at the first look, by discovery_set(). Returns 0 or -ENOMEM. */
int discovery_new(struct lookups *lookups, const struct upstream_options *options,
                  discovery_callback *callback, void *arg, struct discovery **ret_discovery);

/* Ends it; no callback comes any more. Accepts NULL. */
void discovery_free(struct discovery *discovery);

/* The set at this moment; it may be empty, and never is again once it was not. Borrowed. */
struct endpoint_set *discovery_set(const struct discovery *discovery);

#endif
