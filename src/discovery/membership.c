#include "discovery/membership.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Chance may take a present address for gone in one of so many cases: half of what is promised,
 * since the total is underestimated while it is still being learnt … */
#define CASES 200.0
/* … over so many answers: a quarter of an hour at a TTL of one second. */
#define HORIZON 1000.0

/* What each outcome does to a set: the table that ARCHITECTURE.md quotes. */
static const enum membership_verdict verdicts[] = {
    [ANSWER_ADDRESSES] = MEMBERSHIP_REPLACE, /* refined by what() */
    [ANSWER_EMPTY] = MEMBERSHIP_HOLD,        [ANSWER_NXDOMAIN] = MEMBERSHIP_HOLD,
    [ANSWER_SERVFAIL] = MEMBERSHIP_KEEP,     [ANSWER_REFUSED] = MEMBERSHIP_KEEP,
    [ANSWER_MALFORMED] = MEMBERSHIP_KEEP,    [ANSWER_TIMEOUT] = MEMBERSHIP_KEEP,
    [ANSWER_UNREACHABLE] = MEMBERSHIP_KEEP,  [ANSWER_LOCAL_FAULT] = MEMBERSHIP_KEEP,
};

void membership_clear(struct membership *membership)
{
    free(membership->members);
    *membership = (struct membership){0};
}

/* --- samples -----------------------------------------------------------------------------------
 */

unsigned membership_miss_limit(size_t sample, size_t total)
{
    if (sample >= total)
        return 1;
    double share = (double)sample / (double)total;
    /* A run of k misses begins at any of HORIZON answers for any of `total` addresses, with the
     * probability share * (1 - share)^k each; their sum is to stay below 1 / CASES. */
    double runs = HORIZON * (double)total * share;
    double limit = ceil(log(1.0 / (CASES * runs)) / log1p(-share));
    return limit < 1 ? 1 : (unsigned)limit;
}

/* --- the set -------------------------------------------------------------------------------------
 */

static bool answer_names(const struct answer *answer, const struct address *address)
{
    size_t low = 0, high = answer->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = address_compare(&answer->addresses[middle], address);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

static void remove_at(struct membership *membership, size_t index)
{
    membership->count--;
    memmove(&membership->members[index], &membership->members[index + 1],
            (membership->count - index) * sizeof *membership->members);
}

/* Merges the answer's addresses in; both are sorted. Returns false where memory lacks. */
static bool merge(struct membership *membership, const struct answer *answer, usec_t now)
{
    size_t from = 0, at = 0, count = 0;
    struct member *merged = calloc(membership->count + answer->count + 1, sizeof *merged);
    if (!merged)
        return false;
    while (from < membership->count || at < answer->count) {
        int order = from == membership->count ? 1
                    : at == answer->count     ? -1
                                              : address_compare(&membership->members[from].address,
                                                                &answer->addresses[at]);
        if (order <= 0)
            merged[count] = membership->members[from++];
        else
            merged[count] = (struct member){.address = answer->addresses[at], .since = now};
        if (order >= 0) {
            merged[count].state = MEMBER_PRESENT;
            merged[count].misses = 0;
            merged[count].seen = now;
            at++;
        }
        count++;
    }
    free(membership->members);
    membership->members = merged;
    membership->count = count;
    return true;
}

/* What the answer did not name becomes `state`; what was that already leaves. */
static void mark_missing(struct membership *membership, const struct answer *answer,
                         enum member_state state)
{
    for (size_t i = membership->count; i-- > 0;) {
        struct member *member = &membership->members[i];
        if (answer_names(answer, &member->address))
            continue;
        if (member->state == state)
            remove_at(membership, i);
        else
            member->state = state;
    }
}

/* What the answer did not name stays, until a connect to it fails. */
static void mark_absent(struct membership *membership, const struct answer *answer)
{
    for (size_t i = 0; i < membership->count; i++)
        if (!answer_names(answer, &membership->members[i].address))
            membership->members[i].state = MEMBER_ABSENT;
}

static void remove_missing(struct membership *membership, const struct answer *answer)
{
    for (size_t i = membership->count; i-- > 0;)
        if (!answer_names(answer, &membership->members[i].address))
            remove_at(membership, i);
}

static void count_misses(struct membership *membership, const struct answer *answer)
{
    unsigned limit = membership_miss_limit(answer->count, membership->count);
    for (size_t i = membership->count; i-- > 0;) {
        struct member *member = &membership->members[i];
        if (answer_names(answer, &member->address))
            continue;
        member->state = MEMBER_ABSENT;
        if (++member->misses >= limit)
            remove_at(membership, i);
    }
}

/* "Nothing is there": all are held, until that was said for long enough. */
static void hold(struct membership *membership, const struct membership_rules *rules, usec_t now)
{
    if (membership->held_since == 0)
        membership->held_since = now;
    if (now - membership->held_since >= rules->hold) {
        membership_clear(membership);
        return;
    }
    for (size_t i = 0; i < membership->count; i++)
        membership->members[i].state = MEMBER_HELD;
}

/* --- answers
 * -------------------------------------------------------------------------------------- */

static bool drops_more_than_half(const struct membership *membership, const struct answer *answer)
{
    size_t dropped = 0;
    for (size_t i = 0; i < membership->count; i++)
        dropped += !answer_names(answer, &membership->members[i].address);
    return dropped * 2 > membership->count;
}

static enum membership_verdict judge(const struct membership *membership,
                                     const struct membership_rules *rules,
                                     const struct answer *answer)
{
    enum membership_verdict verdict = verdicts[answer->outcome];
    if (verdict != MEMBERSHIP_REPLACE)
        return verdict;
    if (answer->truncated)
        return MEMBERSHIP_ADD;
    if (answer->count >= rules->sample_size)
        return MEMBERSHIP_UNITE;
    return drops_more_than_half(membership, answer) ? MEMBERSHIP_CONFIRM : MEMBERSHIP_REPLACE;
}

enum membership_verdict membership_take(struct membership *membership,
                                        const struct membership_rules *rules,
                                        const struct answer *answer, usec_t now)
{
    enum membership_verdict verdict = judge(membership, rules, answer);
    if (verdict == MEMBERSHIP_KEEP) {
        membership->held_since = 0; /* "nothing" must be said all the time to be believed */
        return verdict;
    }
    if (verdict == MEMBERSHIP_HOLD) {
        hold(membership, rules, now);
        return verdict;
    }
    if (!merge(membership, answer, now))
        return MEMBERSHIP_KEEP;
    membership->held_since = 0;
    if (verdict == MEMBERSHIP_REPLACE)
        remove_missing(membership, answer);
    else if (verdict == MEMBERSHIP_CONFIRM)
        mark_missing(membership, answer, MEMBER_SUSPECT);
    else if (verdict == MEMBERSHIP_UNITE)
        count_misses(membership, answer);
    else
        mark_absent(membership, answer);
    return verdict;
}

bool membership_has(const struct membership *membership, const struct address *address)
{
    for (size_t i = 0; i < membership->count; i++)
        if (address_equal(&membership->members[i].address, address))
            return true;
    return false;
}

bool membership_connect_failed(struct membership *membership, const struct address *address)
{
    for (size_t i = 0; i < membership->count; i++) {
        if (!address_equal(&membership->members[i].address, address))
            continue;
        if (membership->members[i].state == MEMBER_PRESENT)
            return false;
        remove_at(membership, i);
        return true;
    }
    return false;
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
