#ifndef REDIAL_DISCOVERY_DISCOVERY_H
#define REDIAL_DISCOVERY_DISCOVERY_H

#include "config/config.h"
#include "discovery/endpoint_set.h"
#include "discovery/lookup.h"
#include "discovery/membership.h"

/* Who stands behind one upstream: its targets' answers and static addresses, made into one endpoint
 * set after another. Belongs to the main thread. */
struct discovery;

/* The set became another one. `set` is borrowed (take a reference to keep it), `previous` is the
 * one before; `ttl` is how long the answer that did it is used, 0 where a failed
 * connect did, or an answer without records. */
typedef void discovery_callback(void *arg, struct endpoint_set *set,
                                const struct endpoint_set *previous, usec_t ttl);

/* What a discovery calls, with the `arg` that it was given. */
struct discovery_calls {
    discovery_callback *changed;
    /* Whether nobody may connect to the address, whoever names it: redial listens there itself, and
     * would dial itself until nothing is left. NULL: none is forbidden. */
    bool (*forbids)(void *arg, const struct address *address);
};

/* The DNS servers that an upstream asks: its own, or those of [redial], or those of resolv.conf(5).
 * Returns as resolver_servers() does. */
int discovery_servers(struct resolver *resolver, const struct global_options *global,
                      const struct upstream_options *options, struct servers **ret_servers);

/* Starts discovering what `options` name (copied) by these servers. Never calls back before it
 * returns; what is known already is there at the first look, by discovery_set(). `carried` (or
 * NULL) is a set from before, which serves until an address is known, so that nobody waits for DNS
 * meanwhile; its endpoints stay the same objects. With `same` it is that of the same targets, and
 * what answers do to it follows the rules: a sample does not replace it, for example. `calls` is
 * borrowed until discovery_free(). Returns 0 or -ENOMEM. */
int discovery_new(struct lookups *lookups, struct servers *servers,
                  const struct upstream_options *options, struct endpoint_set *carried, bool same,
                  const struct discovery_calls *calls, void *arg, struct discovery **ret_discovery);

/* Ends it; no callback comes any more. Accepts NULL. */
void discovery_free(struct discovery *discovery);

/* The set at this moment. Borrowed. */
struct endpoint_set *discovery_set(const struct discovery *discovery);

/* Whether that is the set from before still, since no address is known. */
bool discovery_is_carried(const struct discovery *discovery);

/* A client's connect to this address failed, by the endpoint's fault: an address that the last
 * answer did not name leaves at once, and DNS is asked again early. May call back. */
void discovery_connect_failed(struct discovery *discovery, const struct address *address);

/* Asks for every name early, as a failed connect would. */
void discovery_hurry(struct discovery *discovery);

/* One question of the upstream, with what its answers were and what they came to. Borrowed for the
 * call. */
struct explanation {
    const char *name;
    enum dns_type type;
    usec_t due;                          /* when it is asked again; 0: now, or it is under way */
    const struct history *history;       /* its last answers */
    const struct membership *membership; /* who is in and why; its changes: who went, and why */
    usec_t held_until;                   /* see membership_held_until() */
    uint16_t port;                       /* of the addresses; 0: of SRV */
};

typedef void discovery_explainer(void *arg, const struct explanation *explanation);

/* Tells the story of every question, an SRV name before its targets. */
void discovery_explain(const struct discovery *discovery, discovery_explainer *explainer,
                       void *arg);

#endif
