#ifndef REDIAL_DISCOVERY_MEMBERSHIP_H
#define REDIAL_DISCOVERY_MEMBERSHIP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "discovery/answer.h"
#include "discovery/journal.h"

/* Which records count as behind a name, after all that its answers said. Pure: it asks nothing and
 * takes the time as an argument. Belongs to the main thread. */

/* Why a record is in. */
enum member_state {
    MEMBER_PRESENT, /* the last answer named it */
    MEMBER_ABSENT,  /* the last one did not, but was only a part of the whole */
    MEMBER_SUSPECT, /* a surprisingly short answer did not, and is to be confirmed */
    MEMBER_HELD,    /* the last answer said that there is nothing at all */
};

/* "present", "absent", "suspect" or "held". */
const char *member_state_name(enum member_state state);

struct member {
    union {
        struct record record;
        struct {
            uint8_t the_record[offsetof(struct record, spare)];
            uint8_t state;   /* enum member_state */
            uint16_t misses; /* samples in a row that did not name it */
        };
    };
    usec_t since; /* when it came in */
    usec_t seen;  /* when an answer named it last */
};
_Static_assert(sizeof(struct member) <= 40, "there is one for each address of each upstream");

struct membership_rules {
    usec_t hold;          /* how long "there is nothing" must be said before it counts */
    unsigned sample_size; /* an answer of so many records may be a part of the whole */
};

struct membership {
    struct member *members; /* sorted by record_compare() */
    uint32_t count;
    uint32_t miss_limit; /* what the last sample came to: so many misses expel; 0: no sample */
    usec_t held_since;   /* since when every answer was "nothing"; 0: the last one was not */
    usec_t sample_until; /* when the last sample's TTL is over */
    usec_t founded;      /* when all its members came, and nothing changed before or since: then the
                          * journal, which would say just that, is empty; 0: it says what there is */
    struct journal journal;
};

/* What becomes of the set. */
enum membership_verdict {
    MEMBERSHIP_REPLACE, /* the answer is the whole: what is absent is gone */
    MEMBERSHIP_CONFIRM, /* likewise, but it drops more than half: the next answer must say so too */
    MEMBERSHIP_UNITE,   /* the answer is a sample: what is absent may be there still */
    MEMBERSHIP_ADD,     /* the answer is truncated: it adds and does not remove */
    MEMBERSHIP_HOLD,    /* there is nothing, it says: believed once it was said for `hold` */
    MEMBERSHIP_KEEP,    /* nobody knows: everything stays */
};

/* How a question ended, as far as the set is concerned. */
enum membership_event {
    EVENT_WHOLE,
    EVENT_SHRINK,
    EVENT_SAMPLE,
    EVENT_PART,
    EVENT_NXDOMAIN,
    EVENT_EMPTY,
    EVENT_NO_SERVICE,
    EVENT_SERVFAIL,
    EVENT_REFUSED,
    EVENT_MALFORMED,
    EVENT_TIMEOUT,
    EVENT_UNREACHABLE,
    EVENT_NOT_ASKED,
    EVENT_LOCAL_FAULT,
    MEMBERSHIP_EVENTS,
};

/* The one table of what each event does. The texts are those that ARCHITECTURE.md and
 * redial.conf(5) quote, word by word. */
struct membership_row {
    const char *event;
    enum membership_verdict verdict;
    const char *verdict_name;
    const char *effect;
};
extern const struct membership_row membership_table[MEMBERSHIP_EVENTS];

/* Takes an answer in and notes what it changes. Returns the event, whose verdict was carried out;
 * without memory for it the set stays, by EVENT_LOCAL_FAULT. */
enum membership_event membership_take(struct membership *membership,
                                      const struct membership_rules *rules,
                                      const struct answer *answer, usec_t now);

/* How many changes are known, the last JOURNAL_MOST, and the n-th of them, the newest first: its
 * record is borrowed. n is below the number. */
size_t membership_changes(const struct membership *membership);
struct journal_entry membership_change(const struct membership *membership, size_t n);

/* Takes in what is known from before the first answer, as if an answer had named it: later ones are
 * judged by that. Returns false where memory lacks: then some may be in. */
bool membership_found(struct membership *membership, const struct answer *known, usec_t now);

/* The member that names the same as `record`, or NULL. */
const struct member *membership_find(const struct membership *membership,
                                     const struct record *record);

/* A connect to whom the record names failed. One that the last answer did not name leaves at once.
 * Returns whether it left. */
bool membership_connect_failed(struct membership *membership, const struct record *record,
                               usec_t now);

/* When the held set is to be given up, if the answer is the same then; 0: nothing is held. */
usec_t membership_held_until(const struct membership *membership,
                             const struct membership_rules *rules);

/* Whether a short answer waits for its confirmation. */
bool membership_unconfirmed(const struct membership *membership);

/* The number of samples in a row of `sample` records out of `total` that a present record may be
 * missing from, before it counts as gone. Chosen so that in the next thousand answers no present
 * one of the whole set is taken for gone with a probability above 1 in 100. At least 1. */
unsigned membership_miss_limit(size_t sample, size_t total);

void membership_clear(struct membership *membership);

#endif
