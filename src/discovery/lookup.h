#ifndef REDIAL_DISCOVERY_LOOKUP_H
#define REDIAL_DISCOVERY_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/list.h"
#include "discovery/answer.h"
#include "discovery/resolver.h"

/* A question that is asked again and again: one name and type, however many upstreams want it. It
 * keeps the last good answer through every failure. Belongs to the main thread. */
struct lookup;

/* All lookups of the process. */
struct lookups;

/* Who wants a lookup. Embedded in the subscriber, which sets everything but `node` and `lookup`. */
struct subscription {
    struct list node;
    struct lookup *lookup;
    /* A question ended, however it did. The answer and the server (see resolver_callback) are
     * borrowed; `now` is the time. The subscriber brings the fields below up to date. Never called
     * from within lookups_subscribe(). */
    void (*answered)(struct subscription *subscription, const struct answer *answer,
                     const struct address *server, usec_t now);
    usec_t min_ttl, max_ttl; /* the lookup is asked as often as its keenest subscriber wants */
    usec_t ask_by;           /* ask again by this time, though the TTL says later; 0: no matter */
    bool starving;           /* has no address at all: failures are retried sooner */
};

/* Told when a question that went well fails, and when it goes well again. `outcome` is the latest,
 * `retry` the time to the next question. */
typedef void lookup_health(void *arg, const char *name, enum dns_type type,
                           enum answer_outcome outcome, bool failing, usec_t retry);

/* `health` may be NULL. Returns NULL where there is no memory. */
struct lookups *lookups_new(struct event_base *base, struct resolver *resolver,
                            lookup_health *health, void *arg);

/* Nothing may be subscribed any more. Accepts NULL. */
void lookups_free(struct lookups *lookups);

/* Subscribes to a name (lower case, no trailing dot; copied) and type. The first subscriber starts
 * the asking, a later one shares what is known already. Returns 0 or -ENOMEM. */
int lookups_subscribe(struct lookups *lookups, const char *name, enum dns_type type,
                      struct subscription *subscription);

/* The last subscriber ends the asking. */
void lookups_unsubscribe(struct subscription *subscription);

/* The last answer that named addresses, none where there was none yet, for a subscriber that comes
 * later than the answer. Borrowed. */
const struct answer *lookup_answer(const struct lookup *lookup);

/* Asks again early, since a connect to one of the addresses failed: at once, but not sooner than
 * the least min_ttl after the last question. Calls within that time are one question. */
void lookup_hurry(struct lookup *lookup);

/* --- the rules, apart from the asking so that they can be tested alone ------------------- */

/* How long an answer is used before its question is asked again: its TTL, within the range. An
 * unknown TTL counts as the upper end of it. */
usec_t lookup_ttl(uint32_t seconds, usec_t min_ttl, usec_t max_ttl);

/* A little more than `span`, so that those who asked together do not ask together for ever. Never
 * less, since a TTL of 0 must not become more than one question a `min-ttl`. */
usec_t lookup_jitter(usec_t span);

/* The wait after the n-th failure in a row (1, 2, …): from `min_ttl` doubling to half a minute;
 * where clients may be waiting, from one second at the most to two. Without jitter. */
usec_t lookup_backoff(unsigned failures, usec_t min_ttl, bool starving);

#endif
