#ifndef REDIAL_DISCOVERY_RESOLVER_H
#define REDIAL_DISCOVERY_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "discovery/answer.h"

struct event_base;
struct servers;

/* Asks DNS servers. Each has channels of its own, so that redial itself decides who is asked next
 * and knows who answered; all questions share one budget of packets. What resolv.conf(5) says holds
 * as soon as it says so. Belongs to the thread that runs the loop. */
struct resolver;

/* A question under way. */
struct query;

/* What is asked, and whom. */
struct question {
    struct servers *servers; /* of resolver_servers() */
    const char *name;        /* lower case, no trailing dot */
    enum dns_type type;
    bool search;      /* by the search list of resolv.conf(5), as its ndots says */
    bool needs_route; /* AAAA: only where this host has an IPv6 route */
    bool urgent;      /* goes first where the budget is short */
};

/* Where an answer comes from. */
enum reply_source {
    REPLY_SERVER, /* a DNS server said it, or did not: the last one asked */
    REPLY_HOSTS,  /* hosts(5) */
    REPLY_EXTRAS, /* the additional section of an SRV answer */
    REPLY_NOBODY, /* nobody was asked */
};

struct reply {
    const struct answer *answer;
    enum reply_source source;
    struct address server; /* REPLY_SERVER */
    const char *asked; /* the name that the answer is for, which the search list may have made */
};

/* What it points to is borrowed for the call. */
typedef void resolver_callback(void *arg, const struct reply *reply);

/* `budget`, at least 10, is the most packets sent in any one second. Returns 0 or -ENOMEM. */
int resolver_new(struct event_base *base, unsigned budget, struct resolver **ret_resolver);

/* The same with other files than /etc/hosts and /etc/resolv.conf, which must live as long. */
int resolver_new_with_files(struct event_base *base, unsigned budget, const char *hosts_path,
                            const char *resolv_conf_path, struct resolver **ret_resolver);

/* At most so many packets a second from now on; as of resolver_new(). */
void resolver_set_budget(struct resolver *resolver, unsigned budget);

/* How many questions were sent to DNS servers. */
uint64_t resolver_sent(const struct resolver *resolver);

/* The servers at these addresses, or with `count` 0 those of resolv.conf(5), whatever it says in
 * future; the same for all who name the same, and freed with the resolver. Returns 0, or -errno:
 * -EINVAL where c-ares takes none of them. */
int resolver_servers(struct resolver *resolver, const struct address *addresses, size_t count,
                     struct servers **ret_servers);

/* Told when half of a second's budget was used; again only after a calmer second. */
typedef void resolver_busy(void *arg, unsigned budget);
void resolver_on_busy(struct resolver *resolver, resolver_busy *busy, void *arg);

/* Told when resolv.conf(5) was read again. `error`: why it cannot be used, as -errno; then what it
 * said before holds. 0: the new one is used. */
typedef void resolver_reread(void *arg, int error);
void resolver_on_reread(struct resolver *resolver, resolver_reread *reread, void *arg);

/* Cancels what is under way. Accepts NULL. */
void resolver_free(struct resolver *resolver);

/* Asks (the question is copied): hosts(5) for A and AAAA, then the servers in their order. One that
 * is silent for too long or answers with an error is followed by the next; after so many silent
 * rounds the question ends with ANSWER_TIMEOUT. A truncated answer is asked for again by TCP, and
 * counts as a part of the whole where that fails. Never calls back before it returns; then exactly
 * one callback, unless query_cancel() is called first. Returns 0 or -ENOMEM. */
int resolver_ask(struct resolver *resolver, const struct question *question,
                 resolver_callback *callback, void *arg, struct query **ret_query);

/* Whether a question for AAAA that needs a route would get more than ANSWER_NOT_ASKED. */
bool resolver_may_ask(struct resolver *resolver, const struct question *question);

/* No callback comes any more. The query must not have called back yet. Accepts NULL. */
void query_cancel(struct query *query);

#endif
