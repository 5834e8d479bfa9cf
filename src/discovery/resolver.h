#ifndef REDIAL_DISCOVERY_RESOLVER_H
#define REDIAL_DISCOVERY_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/address.h"
#include "discovery/answer.h"

struct event_base;

/* Asks DNS servers. Each has channels of its own, so that redial itself decides who is asked next
 * and knows who answered; all questions share one budget of packets. Belongs to the thread that
 * runs the loop. */
struct resolver;

/* A question under way. */
struct query;

/* The answer is borrowed for the call; `server` is the one that gave it, or the last one asked;
 * without a family (address.h) where hosts(5) answered. */
typedef void resolver_callback(void *arg, const struct answer *answer,
                               const struct address *server);

/* With `count` 0 the servers of resolv.conf(5) are asked. `budget`, at least 10, is the most
 * packets sent in any one second. Returns 0, or -errno: -ENOENT where there is no server, -EINVAL
 * where c-ares does not take one. */
int resolver_new(struct event_base *base, const struct address *servers, size_t count,
                 unsigned budget, struct resolver **ret_resolver);

/* Told when half of a second's budget was used; again only after a calmer second. */
typedef void resolver_busy(void *arg, unsigned budget);
void resolver_on_busy(struct resolver *resolver, resolver_busy *busy, void *arg);

/* Cancels what is under way. Accepts NULL. */
void resolver_free(struct resolver *resolver);

/* Asks for `name` (no trailing dot, copied): hosts(5), then the server that answered last. One that
 * is silent for a second or answers with an error is followed by the next; after two silent rounds
 * the question ends with ANSWER_TIMEOUT. A truncated answer is asked for again by TCP, and counts
 * as a part of the whole where that fails. `urgent` questions go first where the budget is short.
 * Never calls back before it returns; then exactly one callback, unless query_cancel() is called
 * first. Returns 0 or -ENOMEM. */
int resolver_ask(struct resolver *resolver, const char *name, enum dns_type type, bool urgent,
                 resolver_callback *callback, void *arg, struct query **ret_query);

/* No callback comes any more. The query must not have called back yet. Accepts NULL. */
void query_cancel(struct query *query);

#endif
