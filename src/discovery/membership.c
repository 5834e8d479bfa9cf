#include "discovery/membership.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Chance may take a present record for gone in one of so many cases: half of what is promised,
 * since the total is underestimated while it is still being learnt … */
#define CASES 200.0
/* … over so many answers: a quarter of an hour at a TTL of one second. */
#define HORIZON 1000.0

#define KEEPS MEMBERSHIP_KEEP, "keep", "stays, for ever"
#define HOLDS                                                                                      \
    MEMBERSHIP_HOLD, "hold",                                                                       \
        "stays; a record whose connect fails goes at once, all go when this was said for `hold`"

const struct membership_row membership_table[MEMBERSHIP_EVENTS] = {
    [EVENT_WHOLE] = {"records, fewer than `sample-size`", MEMBERSHIP_REPLACE, "replace",
                     "becomes these"},
    [EVENT_SHRINK] = {"… and more than half would go", MEMBERSHIP_CONFIRM, "confirm",
                      "these are added; the others go if the next answer lacks them too"},
    [EVENT_SAMPLE] = {"records, `sample-size` or more", MEMBERSHIP_UNITE, "unite",
                      "these are added; another goes when its connect fails, or after so many "
                      "misses in a row that chance explains them in less than 1 of 100 cases"},
    [EVENT_PART] = {"records, truncated and TCP failed", MEMBERSHIP_ADD, "add",
                    "these are added; another goes when its connect fails"},
    [EVENT_NXDOMAIN] = {"nxdomain", HOLDS},
    [EVENT_EMPTY] = {"empty", HOLDS},
    [EVENT_NO_SERVICE] = {"no-service (SRV target `.`)", HOLDS},
    [EVENT_SERVFAIL] = {"servfail", KEEPS},
    [EVENT_REFUSED] = {"refused", KEEPS},
    [EVENT_MALFORMED] = {"malformed", KEEPS},
    [EVENT_TIMEOUT] = {"timeout", KEEPS},
    [EVENT_UNREACHABLE] = {"unreachable", KEEPS},
    [EVENT_NOT_ASKED] = {"not-asked (AAAA without an IPv6 route)", KEEPS},
    [EVENT_LOCAL_FAULT] = {"local-fault", KEEPS},
};

const char *member_state_name(enum member_state state)
{
    static const char *const names[] = {"present", "absent", "suspect", "held"};
    return names[state];
}

/* --- samples ------------------------------------------------------------------------------- */

unsigned membership_miss_limit(size_t sample, size_t total)
{
    if (sample >= total)
        return 1;
    double share = (double)sample / (double)total;
    /* A run of k misses begins at any of HORIZON answers for any of `total` records, with the
     * probability share * (1 - share)^k each; their sum is to stay below 1 / CASES. */
    double runs = HORIZON * (double)total * share;
    double limit = ceil(log(1.0 / (CASES * runs)) / log1p(-share));
    return limit < 1 ? 1 : (unsigned)limit;
}

static bool answer_names(const struct answer *answer, const struct record *record)
{
    size_t low = 0, high = answer->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = record_compare(&answer->records[middle], record);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* Whether the answer is the last one once more, out of a cache: the same records, before their TTL
 * is over. It says nothing new about those that it lacks. */
static bool is_repetition(const struct membership *membership, const struct answer *answer,
                          usec_t now)
{
    if (now >= membership->sample_until)
        return false;
    size_t present = 0;
    for (size_t i = 0; i < membership->count; i++) {
        const struct member *member = &membership->members[i];
        present += member->state == MEMBER_PRESENT;
        if ((member->state == MEMBER_PRESENT) != answer_names(answer, &member->record))
            return false;
    }
    return present == answer->count;
}

/* --- members --------------------------------------------------------------------------------- */

/* Most names are answered alike for ever: that their records came with the first answer is noted
 * when there is more to say. */
static void note_founders(struct membership *membership)
{
    usec_t founded = membership->founded;
    membership->founded = 0;
    for (size_t i = 0; i < membership->count && founded != 0; i++)
        journal_note(&membership->journal, CHANGE_ADDED, &membership->members[i].record, founded);
}

/* Before anybody leaves. */
static void note(struct membership *membership, enum change change, const struct member *member,
                 usec_t now)
{
    note_founders(membership);
    journal_note(&membership->journal, change, &member->record, now);
}

size_t membership_changes(const struct membership *membership)
{
    if (membership->founded == 0)
        return membership->journal.entries.count;
    return membership->count < JOURNAL_MOST ? membership->count : JOURNAL_MOST;
}

struct journal_entry membership_change(const struct membership *membership, size_t n)
{
    if (membership->founded == 0)
        return *journal_entry(&membership->journal, n);
    const struct member *founder = &membership->members[membership->count - 1 - n];
    return (struct journal_entry){
        .when = membership->founded, .change = CHANGE_ADDED, .record = founder->record};
}

static void remove_at(struct membership *membership, size_t index, enum change why, usec_t now)
{
    note(membership, why, &membership->members[index], now);
    record_clear(&membership->members[index].record);
    membership->count--;
    memmove(&membership->members[index], &membership->members[index + 1],
            (membership->count - index) * sizeof *membership->members);
}

static void remove_all(struct membership *membership, enum change why, usec_t now)
{
    while (membership->count > 0)
        remove_at(membership, membership->count - 1, why, now);
    free(membership->members);
    membership->members = NULL;
    membership->held_since = 0;
}

void membership_clear(struct membership *membership)
{
    for (size_t i = 0; i < membership->count; i++)
        record_clear(&membership->members[i].record);
    free(membership->members);
    journal_clear(&membership->journal);
    *membership = (struct membership){0};
}

static void refresh(struct membership *membership, struct member *member,
                    const struct record *record, usec_t now)
{
    if (member->state == MEMBER_HELD || member->state == MEMBER_SUSPECT)
        note(membership, CHANGE_CLEARED, member, now);
    member->record.priority = record->priority;
    member->record.weight = record->weight;
    member->state = MEMBER_PRESENT;
    member->misses = 0;
    member->seen = now;
}

static size_t count_new(const struct membership *membership, const struct answer *answer)
{
    size_t fresh = 0;
    for (size_t i = 0; i < answer->count; i++)
        fresh += !membership_find(membership, &answer->records[i]);
    return fresh;
}

/* Takes in a record that is no member yet; there is room for it. */
static bool insert_at(struct membership *membership, size_t at, const struct record *record,
                      usec_t now)
{
    struct member member = {.since = now, .seen = now};
    if (!record_copy(&member.record, record))
        return false;
    member.state = MEMBER_PRESENT;
    member.misses = 0;
    memmove(&membership->members[at + 1], &membership->members[at],
            (membership->count - at) * sizeof member);
    membership->members[at] = member;
    membership->count++;
    if (membership->founded == 0)
        note(membership, CHANGE_ADDED, &member, now);
    return true;
}

/* Merges the answer's records in; both are sorted. Returns false where memory lacks: then some may
 * be in, and none is out. */
static bool merge(struct membership *membership, const struct answer *answer, usec_t now)
{
    size_t at = 0, fresh = count_new(membership, answer);
    if (fresh > 0) {
        bool first = membership->count == 0 && membership_changes(membership) == 0;
        note_founders(membership);
        membership->founded = first ? now : 0;
        struct member *grown =
            reallocarray(membership->members, membership->count + fresh, sizeof *grown);
        if (!grown)
            return false;
        membership->members = grown;
    }
    for (size_t i = 0; i < answer->count; i++) {
        const struct record *record = &answer->records[i];
        while (at < membership->count &&
               record_compare(&membership->members[at].record, record) < 0)
            at++;
        if (at < membership->count && record_compare(&membership->members[at].record, record) == 0)
            refresh(membership, &membership->members[at], record, now);
        else if (!insert_at(membership, at, record, now))
            return false;
    }
    return true;
}

bool membership_found(struct membership *membership, const struct answer *known, usec_t now)
{
    return merge(membership, known, now);
}

/* --- what the answer lacks ---------------------------------------------------------------------
 */

static void remove_missing(struct membership *membership, const struct answer *answer, usec_t now)
{
    for (size_t i = membership->count; i-- > 0;) {
        const struct member *member = &membership->members[i];
        if (answer_names(answer, &member->record))
            continue;
        bool suspect = member->state == MEMBER_SUSPECT;
        remove_at(membership, i, suspect ? CHANGE_GONE_CONFIRMED : CHANGE_GONE_ABSENT, now);
    }
}

/* The second short answer in a row is believed. */
static void suspect_missing(struct membership *membership, const struct answer *answer, usec_t now)
{
    for (size_t i = membership->count; i-- > 0;) {
        struct member *member = &membership->members[i];
        if (answer_names(answer, &member->record))
            continue;
        if (member->state == MEMBER_SUSPECT) {
            remove_at(membership, i, CHANGE_GONE_CONFIRMED, now);
        } else {
            member->state = MEMBER_SUSPECT;
            note(membership, CHANGE_SUSPECT, member, now);
        }
    }
}

static void count_misses(struct membership *membership, const struct answer *answer,
                         bool repetition, usec_t now)
{
    membership->miss_limit = membership_miss_limit(answer->count, membership->count);
    for (size_t i = membership->count; i-- > 0;) {
        struct member *member = &membership->members[i];
        if (answer_names(answer, &member->record))
            continue;
        member->state = MEMBER_ABSENT;
        if (repetition)
            continue;
        if (member->misses < UINT16_MAX)
            member->misses++;
        if (member->misses >= membership->miss_limit)
            remove_at(membership, i, CHANGE_GONE_MISSED, now);
    }
}

static void take_sample(struct membership *membership, const struct answer *answer, bool repetition,
                        usec_t now)
{
    count_misses(membership, answer, repetition, now);
    if (!repetition && answer->ttl != ANSWER_TTL_UNKNOWN)
        membership->sample_until = now + (usec_t)answer->ttl * USEC_PER_SEC;
}

static void mark_absent(struct membership *membership, const struct answer *answer)
{
    for (size_t i = 0; i < membership->count; i++)
        if (!answer_names(answer, &membership->members[i].record))
            membership->members[i].state = MEMBER_ABSENT;
}

/* "Nothing is there": all are held, until that was said for long enough. */
static void hold(struct membership *membership, const struct membership_rules *rules, usec_t now)
{
    if (membership->held_since == 0)
        membership->held_since = now;
    if (now - membership->held_since >= rules->hold) {
        remove_all(membership, CHANGE_GONE_HOLD_ENDED, now);
        return;
    }
    for (size_t i = 0; i < membership->count; i++) {
        struct member *member = &membership->members[i];
        if (member->state != MEMBER_HELD)
            note(membership, CHANGE_HELD, member, now);
        member->state = MEMBER_HELD;
    }
}

/* --- answers ------------------------------------------------------------------------------------
 */

static bool drops_more_than_half(const struct membership *membership, const struct answer *answer)
{
    size_t dropped = 0;
    for (size_t i = 0; i < membership->count; i++)
        dropped += !answer_names(answer, &membership->members[i].record);
    return dropped * 2 > membership->count;
}

static enum membership_event classify(const struct membership *membership,
                                      const struct membership_rules *rules,
                                      const struct answer *answer)
{
    static const enum membership_event events[] = {
        [ANSWER_RECORDS] = EVENT_WHOLE,           [ANSWER_EMPTY] = EVENT_EMPTY,
        [ANSWER_NO_SERVICE] = EVENT_NO_SERVICE,   [ANSWER_NXDOMAIN] = EVENT_NXDOMAIN,
        [ANSWER_SERVFAIL] = EVENT_SERVFAIL,       [ANSWER_REFUSED] = EVENT_REFUSED,
        [ANSWER_MALFORMED] = EVENT_MALFORMED,     [ANSWER_TIMEOUT] = EVENT_TIMEOUT,
        [ANSWER_UNREACHABLE] = EVENT_UNREACHABLE, [ANSWER_NOT_ASKED] = EVENT_NOT_ASKED,
        [ANSWER_LOCAL_FAULT] = EVENT_LOCAL_FAULT,
    };
    if (answer->outcome != ANSWER_RECORDS)
        return events[answer->outcome];
    if (answer->truncated)
        return EVENT_PART;
    if (answer->count >= rules->sample_size)
        return EVENT_SAMPLE;
    return drops_more_than_half(membership, answer) ? EVENT_SHRINK : EVENT_WHOLE;
}

enum membership_event membership_take(struct membership *membership,
                                      const struct membership_rules *rules,
                                      const struct answer *answer, usec_t now)
{
    enum membership_event event = classify(membership, rules, answer);
    enum membership_verdict verdict = membership_table[event].verdict;
    if (verdict == MEMBERSHIP_KEEP) {
        membership->held_since = 0; /* "nothing" must be said all the time to be believed */
        return event;
    }
    if (verdict == MEMBERSHIP_HOLD) {
        hold(membership, rules, now);
        return event;
    }
    bool repetition = is_repetition(membership, answer, now);
    if (!merge(membership, answer, now))
        return EVENT_LOCAL_FAULT;
    membership->held_since = 0;
    membership->miss_limit = 0;
    if (verdict == MEMBERSHIP_REPLACE)
        remove_missing(membership, answer, now);
    else if (verdict == MEMBERSHIP_CONFIRM)
        suspect_missing(membership, answer, now);
    else if (verdict == MEMBERSHIP_UNITE)
        take_sample(membership, answer, repetition, now);
    else
        mark_absent(membership, answer);
    return event;
}

/* --- questions ----------------------------------------------------------------------------------
 */

const struct member *membership_find(const struct membership *membership,
                                     const struct record *record)
{
    size_t low = 0, high = membership->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = record_compare(&membership->members[middle].record, record);
        if (order == 0)
            return &membership->members[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

bool membership_connect_failed(struct membership *membership, const struct record *record,
                               usec_t now)
{
    const struct member *member = membership_find(membership, record);
    if (!member || member->state == MEMBER_PRESENT)
        return false;
    remove_at(membership, (size_t)(member - membership->members), CHANGE_GONE_FAILED, now);
    return true;
}

usec_t membership_held_until(const struct membership *membership,
                             const struct membership_rules *rules)
{
    bool held = membership->held_since != 0 && membership->count > 0;
    return held ? membership->held_since + rules->hold : 0;
}

bool membership_unconfirmed(const struct membership *membership)
{
    for (size_t i = 0; i < membership->count; i++)
        if (membership->members[i].state == MEMBER_SUSPECT)
            return true;
    return false;
}
