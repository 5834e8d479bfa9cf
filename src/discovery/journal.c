#include "discovery/journal.h"

const char *change_text(enum change change)
{
    static const char *const texts[] = {
        [CHANGE_ADDED] = "added: an answer named it",
        [CHANGE_HELD] = "held: an answer says that there is nothing",
        [CHANGE_SUSPECT] = "suspect: a surprisingly short answer lacked it, the next one decides",
        [CHANGE_CLEARED] = "cleared: an answer named it again",
        [CHANGE_GONE_ABSENT] = "gone: a whole answer lacked it",
        [CHANGE_GONE_CONFIRMED] = "gone: two short answers in a row lacked it",
        [CHANGE_GONE_MISSED] = "gone: more samples in a row lacked it than chance explains",
        [CHANGE_GONE_HOLD_ENDED] = "gone: DNS said for hold that there is nothing",
        [CHANGE_GONE_FAILED] = "gone: a connect to it failed, and the last answer lacked it",
    };
    return texts[change];
}

void journal_note(struct journal *journal, enum change change, const struct record *record,
                  usec_t when)
{
    struct journal_entry entry = {.when = when, .change = change};
    bool reused;
    if (!record_copy(&entry.record, record))
        return;
    struct journal_entry *place = ring_push(&journal->entries, sizeof entry, JOURNAL_MOST, &reused);
    if (!place) {
        record_clear(&entry.record);
        return;
    }
    if (reused)
        record_clear(&place->record);
    *place = entry;
}

const struct journal_entry *journal_entry(const struct journal *journal, size_t n)
{
    return ring_item(&journal->entries, sizeof(struct journal_entry), n);
}

const struct journal_entry *journal_find(const struct journal *journal, const struct record *record)
{
    for (size_t n = 0; n < journal->entries.count; n++) {
        const struct journal_entry *entry = journal_entry(journal, n);
        if (record_compare(&entry->record, record) == 0)
            return entry;
    }
    return NULL;
}

void journal_clear(struct journal *journal)
{
    struct ring *entries = &journal->entries;
    for (size_t n = 0; n < entries->count; n++) {
        struct journal_entry *entry = ring_item(entries, sizeof *entry, n);
        record_clear(&entry->record);
    }
    ring_clear(entries);
}
