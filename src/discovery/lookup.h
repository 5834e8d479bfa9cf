#ifndef REDIAL_DISCOVERY_LOOKUP_H
#define REDIAL_DISCOVERY_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/list.h"
#include "discovery/answer.h"
#include "discovery/doze.h"
#include "discovery/history.h"
#include "discovery/resolver.h"

/* A question that is asked again and again: one name and type of the same servers, however many
 * upstreams want it. It keeps the last good answer through every failure. Belongs to the main
 * thread. */
struct lookup;

/* All lookups of the process. */
struct lookups;

struct subscription;

/* What a subscriber wants of all its lookups. Embedded in it. */
struct interest {
    /* A question ended, however it did. The reply is borrowed; `now` is the time. The subscriber
     * brings `ask_by` and `starving` up to date. Never called from within lookups_subscribe(). */
    void (*answered)(struct subscription *subscription, const struct reply *reply, usec_t now);
    usec_t min_ttl, max_ttl; /* the lookup is asked as often as its keenest subscriber wants */
    bool starving;           /* has no address at all: failures are retried sooner */
    bool without_route;      /* asks for AAAA on a host without an IPv6 route too */
};

/* Who wants a lookup. Embedded in the subscriber, which sets `interest` and `ask_by`. */
struct subscription {
    struct list node;
    struct lookup *lookup;
    const struct interest *interest;
    usec_t ask_by; /* ask again by this time, though the TTL says later; 0: no matter */
    bool had;      /* knows records from before, which the lookup never saw */
};

/* What became of a question, for who reports it. */
struct lookup_news {
    const char *name;
    enum dns_type type;
    const struct reply *reply;
    usec_t wait; /* until the next question */
    enum wait_reason reason;
    bool failing; /* whether it is, by this one */
    bool turned;  /* it was not before, or was and is no more */
    bool fresh;   /* the answer is another one than that before it */
};

typedef void lookup_report(void *arg, const struct lookup_news *news);

/* `report` may be NULL. Returns NULL where there is no memory. */
struct lookups *lookups_new(struct event_base *base, struct resolver *resolver,
                            lookup_report *report, void *arg);

/* Nothing may be subscribed any more. Accepts NULL. */
void lookups_free(struct lookups *lookups);

struct resolver *lookups_resolver(const struct lookups *lookups);

/* Subscribes to a question (copied; its `needs_route` and `urgent` do not matter). The first
 * subscriber starts the asking, a later one shares what is known already. Returns 0 or -ENOMEM. */
int lookups_subscribe(struct lookups *lookups, const struct question *question,
                      struct subscription *subscription);

/* The questions for AAAA that nobody asks. */
struct dozers *lookups_dozers(const struct lookups *lookups);

/* Whether a question for AAAA can be asked: hosts(5) knows the name, or there is an IPv6 route; or
 * somebody asks it anyway. */
bool lookups_may_ask(const struct lookups *lookups, const struct question *question);

/* Reports that the AAAA of the name is not asked. */
void lookups_tell_not_asked(const struct lookups *lookups, const char *name, bool fresh);

/* What its history says of the time before it was one. */
void lookup_recall(struct lookup *lookup, const struct history_entry *entry);

/* The last subscriber ends the asking. */
void lookups_unsubscribe(struct subscription *subscription);

/* The last answer that had records, for a subscriber that comes later than the answer. Returns
 * false where there was none yet, or there is no memory; otherwise fills *ret_answer, which
 * answer_clear() frees. */
bool lookup_answer(const struct lookup *lookup, struct answer *ret_answer);

/* What was asked, what came, and when it is asked again (0: now, or it is under way). Borrowed. */
const char *lookup_name(const struct lookup *lookup);
enum dns_type lookup_type(const struct lookup *lookup);
const struct history *lookup_history(const struct lookup *lookup);
usec_t lookup_due(const struct lookup *lookup);

/* Asks again early, since a connect to one of the addresses failed: at once, but not sooner than
 * the least min_ttl after the last question. Calls within that time are one question. */
void lookup_hurry(struct lookup *lookup);

/* Takes in an answer that came with an SRV answer, as if it had been asked for; unless the question
 * is under way. `answered` of the subscribers is called. */
void lookup_offer(struct lookup *lookup, const struct answer *answer);

/* --- the rules, apart from the asking so that they can be tested alone ------------------- */

/* How long an answer is used before its question is asked again: its TTL, within the range. An
 * unknown TTL counts as the upper end of it. */
usec_t lookup_ttl(uint32_t seconds, usec_t min_ttl, usec_t max_ttl);

/* A little more than `span`, so that those who asked together do not ask together for ever. Never
 * less, since a TTL of 0 must not become more than one question a `min-ttl`. */
usec_t lookup_jitter(usec_t span);

/* The wait after the n-th failure in a row (1, 2, …): from `min_ttl` doubling to ten seconds;
 * where clients may be waiting, from one second at the most to two. Without jitter. */
usec_t lookup_backoff(unsigned failures, usec_t min_ttl, bool starving);

#endif
