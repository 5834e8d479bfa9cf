/* What the journal of a membership says of one record. */
#ifndef UNIT_CHANGE_RIG_H
#define UNIT_CHANGE_RIG_H

#include <check.h>

#include "discovery/membership.h"

/* The newest change of the record, which must have one. */
static inline struct journal_entry change_of(const struct membership *membership,
                                             const struct record *record)
{
    char text[RECORD_TEXT_MAX];
    for (size_t n = 0; n < membership_changes(membership); n++) {
        const struct journal_entry entry = membership_change(membership, n);
        if (record_compare(&entry.record, record) == 0)
            return entry;
    }
    ck_abort_msg("nothing is known of %s", record_format(record, text));
}

#endif
