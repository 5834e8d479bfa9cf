#ifndef REDIAL_DISCOVERY_HISTORY_H
#define REDIAL_DISCOVERY_HISTORY_H

#include <stdint.h>

#include "base/clock.h"
#include "base/ring.h"
#include "discovery/resolver.h"

/* Why the next question is asked when it is. */
enum wait_reason {
    WAIT_TTL,          /* when the answer's TTL is over */
    WAIT_MIN_TTL,      /* the TTL is less than `min-ttl` */
    WAIT_MAX_TTL,      /* the TTL is more than `max-ttl`, or nobody knows it */
    WAIT_CONFIRMATION, /* what the answer claims is to be confirmed, or the end of `hold` is near */
    WAIT_BACKOFF,      /* failures in a row */
    WAIT_ROUTE,        /* until there is an IPv6 route, maybe */
};

/* An interface may come up at any time, and looking costs no packet. */
#define WAIT_FOR_ROUTE (10 * USEC_PER_SEC)

/* "ttl", "min-ttl", "max-ttl", "confirmation", "backoff" or "route". */
const char *wait_reason_name(enum wait_reason reason);

/* One answer, or several alike in a row. */
struct history_entry {
    usec_t first, last;    /* when they came */
    usec_t wait;           /* until the next question, without jitter */
    uint32_t repeats;      /* how many they were, at least 1 */
    uint32_t ttl;          /* seconds, as the answer said, or ANSWER_TTL_UNKNOWN */
    uint32_t digest;       /* of the records */
    struct address server; /* of REPLY_SERVER */
    uint16_t count;        /* records, of which a message has no more */
    uint16_t refused;
    uint16_t source : 2;     /* enum reply_source */
    uint16_t outcome : 4;    /* enum answer_outcome */
    uint16_t ttl_origin : 2; /* enum ttl_origin */
    uint16_t reason : 3;     /* enum wait_reason */
    uint16_t truncated : 1;
};

/* The last answers to one question. All zero: none. Belongs to the main thread. */
#define HISTORY_MOST 100
struct history {
    struct ring entries;
};

/* Returns whether the answer is another one than that before it. Without memory it is not noted. */
bool history_note(struct history *history, const struct reply *reply, usec_t wait,
                  enum wait_reason reason, usec_t now);

/* Takes in what was before the first answer. Without memory it is not noted. */
void history_recall(struct history *history, const struct history_entry *entry);

/* The n-th entry, the newest first. n is below `entries.count`. */
const struct history_entry *history_entry(const struct history *history, size_t n);

void history_clear(struct history *history);

#endif
