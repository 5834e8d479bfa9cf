#ifndef REDIAL_DISCOVERY_SOURCE_H
#define REDIAL_DISCOVERY_SOURCE_H

#include <stdbool.h>

#include "discovery/lookup.h"
#include "discovery/membership.h"

/* What all questions of one upstream have in common. */
struct scope {
    struct lookups *lookups;
    struct servers *servers;
    struct membership_rules rules;
    struct interest interest; /* source_start() sets `answered` */
    bool ipv4, ipv6;          /* which families are wanted */
    bool search;              /* names without a dot at their end go by the search list */
    bool batching; /* several changes are under way: they are told as one, by who ends it */
    /* Told when the members of a source may have changed: `ttl` is how long the answer that did it
     * is used, 0 where it had no records. */
    void (*changed)(struct scope *scope, usec_t ttl);
};

/* One question of an upstream, and the records that its answers came to. Embedded in its owner.
 * Belongs to the main thread. */
struct source {
    struct subscription subscription; /* its interest is the scope's */
    struct membership membership;
    /* Called before scope->changed, for who depends on the records; or NULL. */
    void (*answered)(struct source *source, const struct reply *reply, usec_t now);
};

/* Starts the asking in a zeroed source, whose `answered` may be set. What is known already is taken
 * in at once. Returns 0 or -ENOMEM. */
int source_start(struct source *source, struct scope *scope, const char *name, enum dns_type type,
                 bool search);

/* Ends it. A source that never started is accepted. */
void source_stop(struct source *source);

bool source_started(const struct source *source);

/* Of one that was started. */
struct scope *source_scope(const struct source *source);

/* A connect to whom the record names failed: the name is asked again early, and the record leaves
 * where the last answer did not name it. Returns whether the source has, or had, the record. */
bool source_connect_failed(struct source *source, const struct record *record, usec_t now);

/* Asks again early: see lookup_hurry(). A source that never started is accepted. */
void source_hurry(struct source *source);

#endif
