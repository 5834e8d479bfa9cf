#ifndef REDIAL_DISCOVERY_JOURNAL_H
#define REDIAL_DISCOVERY_JOURNAL_H

#include "base/clock.h"
#include "base/ring.h"
#include "discovery/record.h"

/* What happened to one record of a name. */
enum change {
    CHANGE_ADDED,           /* an answer named it */
    CHANGE_HELD,            /* an answer says that there is nothing: it stays for `hold` */
    CHANGE_SUSPECT,         /* a surprisingly short answer lacks it: the next one decides */
    CHANGE_CLEARED,         /* held or suspect, and an answer named it again */
    CHANGE_GONE_ABSENT,     /* a whole answer lacked it */
    CHANGE_GONE_CONFIRMED,  /* two short answers in a row lacked it */
    CHANGE_GONE_MISSED,     /* more samples in a row lacked it than chance explains */
    CHANGE_GONE_HOLD_ENDED, /* "there is nothing" was said for `hold` */
    CHANGE_GONE_FAILED,     /* a connect to it failed while the last answer lacked it */
};

/* The words for it: "added", "gone: a connect to it failed, and the last answer lacked it", …. */
const char *change_text(enum change change);

struct journal_entry {
    usec_t when;
    struct record record;
    enum change change;
};

/* The last so many changes of one question's records. All zero: empty. Belongs to the main thread.
 */
#define JOURNAL_MOST 100
struct journal {
    struct ring entries;
};

/* Without memory the change is not noted. */
void journal_note(struct journal *journal, enum change change, const struct record *record,
                  usec_t when);

/* The n-th entry, the newest first. n is below `entries.count`. */
const struct journal_entry *journal_entry(const struct journal *journal, size_t n);

/* The newest entry of a record, or NULL. */
const struct journal_entry *journal_find(const struct journal *journal,
                                         const struct record *record);

void journal_clear(struct journal *journal);

#endif
