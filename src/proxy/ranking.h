#ifndef REDIAL_PROXY_RANKING_H
#define REDIAL_PROXY_RANKING_H

#include "base/clock.h"
#include "discovery/endpoint_set.h"
#include "proxy/usable.h"

/* An endpoint that comes to others that serve already is fresh for so long. */
#define FRESH_SPAN (30 * USEC_PER_SEC)

/* The endpoints of a set by their open connections, for least-connections: in each tier those in
 * rotation, the least active/weight first, and ties in rotation by weight. A fresh one has few
 * connections and would get every new one: it takes turns with the others instead, one share of
 * the new connections at first, two after half of FRESH_SPAN, four after three quarters, until it
 * has as many as the others have on average, or the span is over.
 *
 * Not thread-safe; so are `index` and writing `fresh_since` of its endpoints. It sees an endpoint's
 * `active` and `ejected` as they were when it was told last. */
struct ranking;

/* An empty one with room for the set, which is borrowed and outlives it; NULL where there is no
 * memory. */
struct ranking *ranking_new(const struct endpoint_set *set);
void ranking_free(struct ranking *ranking);

/* Fills the empty one. Who stands in `previous` (NULL: none), where `index` leads to, keeps his
 * turn. Afterwards `index` is to lead into the new set. O(n log n). */
void ranking_fill(struct ranking *ranking, const struct ranking *previous, usec_t now);

/* Picks of the first tier that has a usable endpoint, and counts the connection in its `active`.
 * NULL where no tier has one. O(log n) for each one passed over, or tier without any. */
struct endpoint *ranking_pick(struct ranking *ranking, const struct tried *tried);

/* `active` of the endpoint has changed. O(log n). */
void ranking_update(struct ranking *ranking, const struct endpoint *endpoint);

/* `ejected` of the endpoint has changed: it goes, or comes back as a fresh one. O(log n). */
void ranking_refresh(struct ranking *ranking, struct endpoint *endpoint, usec_t now);

#endif
