#ifndef REDIAL_DISCOVERY_RESOLVER_H
#define REDIAL_DISCOVERY_RESOLVER_H

#include <stddef.h>

#include "base/address.h"
#include "discovery/answer.h"

struct event_base;

/* Asks DNS servers, by c-ares on the caller's libevent loop: no thread, and no wake-up while
 * nothing is asked. Each server has a channel of its own, so that redial itself decides who is
 * asked next and knows who answered. Belongs to the thread that runs the loop. */
struct resolver;

/* A question under way. */
struct query;

/* The answer is borrowed for the call; `server` is the one that gave it, or the last one asked;
 * without a family (address.h) where hosts(5) answered. */
typedef void resolver_callback(void *arg, const struct answer *answer,
                               const struct address *server);

/* With `count` 0 the servers of resolv.conf(5) are asked. Returns 0, or -errno: -ENOENT where there
 * is no server, -EINVAL where c-ares does not take one. */
int resolver_new(struct event_base *base, const struct address *servers, size_t count,
                 struct resolver **ret_resolver);

/* Cancels what is under way. Accepts NULL. */
void resolver_free(struct resolver *resolver);

/* Asks for `name` (no trailing dot, copied): hosts(5), then the server that answered last. One that
 * is silent for a second or answers with an error is followed by the next; after two silent rounds
 * the question ends with ANSWER_TIMEOUT. Never calls back before it returns; then exactly one
 * callback, unless query_cancel() is called first. Returns 0 or -ENOMEM. */
int resolver_ask(struct resolver *resolver, const char *name, enum dns_type type,
                 resolver_callback *callback, void *arg, struct query **ret_query);

/* No callback comes any more. The query must not have called back yet. Accepts NULL. */
void query_cancel(struct query *query);

#endif
