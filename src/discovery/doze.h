#ifndef REDIAL_DISCOVERY_DOZE_H
#define REDIAL_DISCOVERY_DOZE_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/list.h"
#include "discovery/history.h"

/* Questions that nobody asks: for AAAA, as long as this host has no IPv6 route. Most hosts have
 * none, and a lookup for each name would be much of what the name costs. Belongs to the main
 * thread. */
struct dozers;

/* One of them. Embedded in its owner. All zero: it has not dozed yet. */
struct dozer {
    struct list node;
    usec_t since;   /* when it was looked at first */
    uint32_t looks; /* how often it was, in vain */
};

/* Looks whether it can be asked by now. Returns whether it dozes on; otherwise it is its owner's.
 */
typedef bool dozer_look(struct dozer *dozer);

struct event_base;

/* NULL where there is no memory. */
struct dozers *dozers_new(struct event_base *base);

/* Nobody may doze any more. Accepts NULL. */
void dozers_free(struct dozers *dozers);

/* It dozes from now on, and is looked at in the loop's next turn, then every 10 s. `look` is the
 * same for all. */
void dozers_add(struct dozers *dozers, struct dozer *dozer, dozer_look *look);

/* It is looked at in the loop's next turn. */
void dozers_hurry(struct dozers *dozers, struct dozer *dozer);

/* It does not doze any more. */
void dozer_wake(struct dozer *dozer);

/* What the history of its lookup would say. Returns false where it was not looked at yet. */
bool dozer_story(const struct dozers *dozers, const struct dozer *dozer,
                 struct history_entry *ret_entry);

/* When it is looked at next; 0: now. */
usec_t dozer_due(const struct dozers *dozers, const struct dozer *dozer);

#endif
