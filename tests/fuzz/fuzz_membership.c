/* A story of DNS answers and failed connects, up to the set of endpoints that it comes to. The
 * first byte chooses the rules and the type; then come the steps: how much later, what happens, the
 * length of what belongs to it, and that. */
#include "discovery/membership.h"

#include <string.h>

#include "../unit/dns_message.h"
#include "answer_check.h"
#include "input.h"
#include "set_check.h"
#include "target.h"

#define NAME "name.test"

struct story {
    struct membership_rules rules;
    enum dns_type type;
    usec_t now;
    struct membership membership;
    struct member *before; /* the members before the step; the targets are borrowed */
    size_t before_count;
    struct answer targets; /* which hold the targets */
    usec_t nothing_since;  /* since when every answer said "nothing"; 0: the last did not */
    usec_t sample_until;   /* when the last sample may be forgotten by caches */
    struct answer good;    /* the last answer that had records */
    bool held;             /* and since then one said that there is nothing */
    struct endpoint_set *set;
};

/* --- records ------------------------------------------------------------------------------------
 */

/* The target's text stays valid until the next call. */
static struct record nth_record(enum dns_type type, uint8_t n)
{
    static char target[16];
    struct in_addr ip4 = {.s_addr = htonl(0x0a000000u + n)};
    struct in6_addr ip6 = {.s6_addr = {0xfd, [15] = n}};
    if (type == DNS_TYPE_A)
        return record_of(address_ipv4(&ip4, 0));
    if (type == DNS_TYPE_AAAA)
        return record_of(address_ipv6(&ip6, 0));
    snprintf(target, sizeof target, "t%u.test", n / 4u);
    return (struct record){.type = DNS_TYPE_SRV,
                           .target = target,
                           .port = (uint16_t)(1 + n % 4),
                           .priority = n % 3,
                           .weight = (uint16_t)(n % 7 * 9362)};
}

static int compare_to_member(const void *record, const void *member)
{
    return record_compare(record, &((const struct member *)member)->record);
}

static const struct member *find(const struct member *members, size_t count,
                                 const struct record *record)
{
    return count > 0 ? bsearch(record, members, count, sizeof *members, compare_to_member) : NULL;
}

static bool is_member(const struct story *story, const struct record *record)
{
    return find(story->membership.members, story->membership.count, record) != NULL;
}

static const struct member *was_member(const struct story *story, const struct record *record)
{
    return find(story->before, story->before_count, record);
}

/* --- what always holds -------------------------------------------------------------------------
 */

static void check_member(const struct story *story, const struct member *member)
{
    expect(member->since <= member->seen && member->seen <= story->now);
    expect(membership_find(&story->membership, &member->record) == member);
    expect(member_state_name(member->state)[0] != '\0');
    if (member->state == MEMBER_PRESENT)
        expect(answer_names(&story->good, &member->record) && member->misses == 0 && !story->held);
}

static void check_members(const struct story *story)
{
    const struct membership *membership = &story->membership;
    bool suspect = false;
    for (size_t i = 0; i < membership->count; i++) {
        const struct member *member = &membership->members[i];
        expect(i == 0 || record_compare(&member[-1].record, &member->record) < 0);
        check_member(story, member);
        suspect = suspect || member->state == MEMBER_SUSPECT;
    }
    expect(membership_unconfirmed(membership) == suspect);
    bool held = story->nothing_since != 0 && membership->count > 0;
    expect(membership_held_until(membership, &story->rules) ==
           (held ? story->nothing_since + story->rules.hold : 0));
}

/* The newest change of the record, which must have one. */
static struct journal_entry change_of(const struct membership *membership,
                                      const struct record *record)
{
    size_t n = 0;
    while (n < membership_changes(membership)) {
        const struct journal_entry entry = membership_change(membership, n++);
        if (record_compare(&entry.record, record) == 0)
            return entry;
    }
    expect(false);
    return (struct journal_entry){.when = 0};
}

/* Who came or went is in the journal, unless so many did that it cannot hold them. */
static void check_journal(const struct story *story)
{
    const struct membership *membership = &story->membership;
    size_t changes = membership->count + story->before_count;
    expect(membership_changes(membership) <= JOURNAL_MOST);
    for (size_t n = 0; n < membership_changes(membership); n++)
        expect(change_text(membership_change(membership, n).change)[0] != '\0');
    for (size_t i = 0; i < membership->count && changes <= JOURNAL_MOST; i++)
        if (!was_member(story, &membership->members[i].record)) {
            const struct journal_entry entry =
                change_of(membership, &membership->members[i].record);
            expect(entry.when == story->now && entry.change == CHANGE_ADDED);
        }
    for (size_t i = 0; i < story->before_count && changes <= JOURNAL_MOST; i++)
        if (!is_member(story, &story->before[i].record)) {
            const struct journal_entry entry = change_of(membership, &story->before[i].record);
            expect(entry.when == story->now && entry.change >= CHANGE_GONE_ABSENT);
        }
}

/* --- what a step may do --------------------------------------------------------------------------
 */

static void remember(struct story *story)
{
    const struct membership *membership = &story->membership;
    answer_clear(&story->targets);
    free(story->before);
    story->before_count = membership->count;
    story->before = calloc(membership->count + 1, sizeof *story->before);
    story->targets.records = calloc(membership->count + 1, sizeof *story->targets.records);
    expect(story->before && story->targets.records);
    for (size_t i = 0; i < membership->count; i++) {
        struct record *copy = &story->targets.records[story->targets.count++];
        expect(record_copy(copy, &membership->members[i].record));
        story->before[i] = membership->members[i];
        story->before[i].record = *copy;
    }
}

static void expect_unchanged(const struct story *story)
{
    expect(story->membership.count == story->before_count);
    for (size_t i = 0; i < story->before_count; i++) {
        const struct member *a = &story->before[i], *b = &story->membership.members[i];
        expect(record_compare(&a->record, &b->record) == 0 && a->state == b->state);
        expect(a->misses == b->misses && a->since == b->since && a->seen == b->seen);
    }
}

static enum membership_verdict due_verdict(const struct story *story, const struct answer *answer)
{
    size_t lost = 0;
    for (size_t i = 0; i < story->before_count; i++)
        lost += !answer_names(answer, &story->before[i].record);
    switch (answer->outcome) {
    case ANSWER_RECORDS:
        if (answer->truncated)
            return MEMBERSHIP_ADD;
        if (answer->count >= story->rules.sample_size)
            return MEMBERSHIP_UNITE;
        return lost * 2 > story->before_count ? MEMBERSHIP_CONFIRM : MEMBERSHIP_REPLACE;
    case ANSWER_EMPTY:
    case ANSWER_NO_SERVICE:
    case ANSWER_NXDOMAIN:
        return MEMBERSHIP_HOLD;
    default:
        return MEMBERSHIP_KEEP;
    }
}

/* The last sample once more, out of a cache: it says nothing new about those that it lacks. */
static bool is_repetition(const struct story *story, const struct answer *answer)
{
    size_t present = 0;
    for (size_t i = 0; i < story->before_count; i++) {
        const struct member *member = &story->before[i];
        present += member->state == MEMBER_PRESENT;
        if (answer_names(answer, &member->record) != (member->state == MEMBER_PRESENT))
            return false;
    }
    return present == answer->count && story->now < story->sample_until;
}

/* Whether a member leaves by an answer that lacks it; `limit` is how many misses chance explains.
 */
static bool leaves(const struct member *member, enum membership_verdict verdict, unsigned limit)
{
    return verdict == MEMBERSHIP_REPLACE ||
           (verdict == MEMBERSHIP_CONFIRM && member->state == MEMBER_SUSPECT) ||
           (verdict == MEMBERSHIP_UNITE && member->misses + 1U >= limit);
}

/* Who is named is present. Returns how many were not before. */
static size_t check_named(const struct story *story, const struct answer *answer)
{
    size_t fresh = 0;
    for (size_t i = 0; i < answer->count; i++) {
        const struct record *record = &answer->records[i];
        const struct member *member = membership_find(&story->membership, record);
        const struct member *old = was_member(story, record);
        expect(member && member->state == MEMBER_PRESENT && member->seen == story->now);
        expect(member->since == (old ? old->since : story->now));
        expect(member->record.priority == record->priority);
        expect(member->record.weight == record->weight);
        fresh += !old;
    }
    return fresh;
}

/* Those who are not named leave by the designed verdicts alone, and nobody comes from nowhere. */
static void check_good(const struct story *story, const struct answer *answer,
                       enum membership_verdict verdict, bool repetition)
{
    size_t known = story->before_count + check_named(story, answer), left = 0;
    unsigned limit = membership_miss_limit(answer->count, known);
    for (size_t i = 0; i < story->before_count; i++) {
        const struct member *old = &story->before[i];
        bool due = !answer_names(answer, &old->record) && leaves(old, verdict, limit);
        due = due && !(repetition && verdict == MEMBERSHIP_UNITE);
        expect(is_member(story, &old->record) == !due);
        left += due;
    }
    expect(story->membership.count == known - left);
}

/* All stay, held; or all go, since "nothing" was said for long enough. */
static void check_hold(const struct story *story)
{
    if (story->nothing_since == 0) {
        expect(story->membership.count == 0);
        return;
    }
    expect(story->nothing_since + story->rules.hold > story->now);
    expect(story->membership.count == story->before_count);
    for (size_t i = 0; i < story->before_count; i++) {
        expect(story->membership.members[i].state == MEMBER_HELD);
        expect(record_compare(&story->before[i].record, &story->membership.members[i].record) == 0);
    }
}

/* Keeps the books of what was said; a good answer is kept, and the caller's is empty. */
static void hear(struct story *story, struct answer *answer, enum membership_verdict verdict)
{
    if (verdict == MEMBERSHIP_HOLD) {
        story->held = true;
        if (story->nothing_since == 0)
            story->nothing_since = story->now;
        if (story->now - story->nothing_since >= story->rules.hold)
            story->nothing_since = 0; /* believed */
        return;
    }
    story->nothing_since = 0;
    if (verdict == MEMBERSHIP_KEEP)
        return;
    story->held = false;
    answer_clear(&story->good);
    story->good = *answer;
    *answer = (struct answer){.outcome = answer->outcome};
}

static void take(struct story *story, struct answer *answer)
{
    remember(story);
    bool repetition = is_repetition(story, answer);
    enum membership_event event =
        membership_take(&story->membership, &story->rules, answer, story->now);
    enum membership_verdict verdict = membership_table[event].verdict;
    expect(verdict == due_verdict(story, answer));
    hear(story, answer, verdict);
    if (verdict == MEMBERSHIP_KEEP)
        expect_unchanged(story);
    else if (verdict == MEMBERSHIP_HOLD)
        check_hold(story);
    else
        check_good(story, &story->good, verdict, repetition);
    if (verdict == MEMBERSHIP_UNITE && !repetition)
        story->sample_until = story->now + (usec_t)story->good.ttl * USEC_PER_SEC;
    check_journal(story);
    answer_clear(answer);
}

/* One that the last answer named stays, one that it lacked leaves, and nobody else does. */
static void fail(struct story *story, const struct record *record)
{
    remember(story);
    const struct member *member = was_member(story, record);
    bool due = member && member->state != MEMBER_PRESENT;
    expect(membership_connect_failed(&story->membership, record, story->now) == due);
    check_journal(story);
    if (!due) {
        expect_unchanged(story);
        return;
    }
    expect(story->membership.count == story->before_count - 1);
    expect(!is_member(story, &member->record));
    for (size_t i = 0; i < story->membership.count; i++)
        expect(was_member(story, &story->membership.members[i].record));
}

static void fail_nth(struct story *story, uint8_t n)
{
    struct record copy;
    if (story->membership.count == 0)
        return;
    expect(record_copy(&copy, &story->membership.members[n % story->membership.count].record));
    fail(story, &copy);
    record_clear(&copy);
}

/* --- the steps ---------------------------------------------------------------------------------
 */

enum step { STEP_MESSAGE, STEP_NAMES, STEP_ERROR, STEP_SILENCE, STEP_FAILURE, STEP_STRAY };
#define STEP_TRUNCATED 0x80

static void take_message(struct story *story, const uint8_t *message, size_t length)
{
    struct answer answer;
    answer_parse(message, length, NAME, story->type, &answer);
    answer_check(&answer, story->type);
    take(story, &answer);
}

static void add_record(struct dns_message *message, enum dns_type type, uint8_t n)
{
    struct record record = nth_record(type, n);
    uint8_t data[64] = {(uint8_t)(record.priority >> 8), (uint8_t)record.priority,
                        (uint8_t)(record.weight >> 8),   (uint8_t)record.weight,
                        (uint8_t)(record.port >> 8),     (uint8_t)record.port};
    if (type == DNS_TYPE_A)
        dns_record(message, DNS_ANSWER, "@", DNS_A, 1, 1, &record.ipv4, 4);
    else if (type == DNS_TYPE_AAAA)
        dns_record(message, DNS_ANSWER, "@", DNS_AAAA, 1, 1, &record.ipv6, 16);
    else
        dns_record(message, DNS_ANSWER, "@", (int)type, 1, 1, data,
                   6 + dns_name(record.target, data + 6));
}

/* An answer of the records with these numbers. */
static void take_names(struct story *story, struct input *numbers, bool truncated)
{
    struct dns_message message;
    dns_begin(&message, DNS_NOERROR, NAME, (int)story->type);
    while (numbers->left > 0)
        add_record(&message, story->type, input_byte(numbers));
    message.bytes[2] |= truncated ? 0x02 : 0; /* TC of RFC 1035 §4.1.1 */
    take_message(story, message.bytes, message.length);
}

static void take_error(struct story *story, uint8_t rcode)
{
    struct dns_message message;
    dns_begin(&message, rcode & 0xf, NAME, (int)story->type);
    take_message(story, message.bytes, message.length);
}

static void take_silence(struct story *story, uint8_t choice)
{
    static const enum answer_outcome outcomes[] = {ANSWER_TIMEOUT, ANSWER_UNREACHABLE,
                                                   ANSWER_LOCAL_FAULT, ANSWER_NOT_ASKED};
    struct answer answer = {.outcome = outcomes[choice % COUNT_OF(outcomes)],
                            .ttl = ANSWER_TTL_UNKNOWN};
    take(story, &answer);
}

static void step(struct story *story, uint8_t kind, struct input payload)
{
    struct record stray;
    switch ((enum step)(kind & 0xf)) {
    case STEP_MESSAGE:
        take_message(story, payload.at, payload.left);
        break;
    case STEP_NAMES:
        take_names(story, &payload, kind & STEP_TRUNCATED);
        break;
    case STEP_ERROR:
        take_error(story, input_byte(&payload));
        break;
    case STEP_SILENCE:
        take_silence(story, input_byte(&payload));
        break;
    case STEP_FAILURE:
        fail_nth(story, input_byte(&payload));
        break;
    case STEP_STRAY:
        stray = nth_record(story->type, input_byte(&payload));
        fail(story, &stray);
    }
}

static usec_t read_span(uint8_t byte)
{
    static const usec_t units[] = {1, USEC_PER_SEC / 2, 10 * USEC_PER_SEC, 3600 * USEC_PER_SEC};
    return (byte & 63) * units[byte >> 6];
}

static void story_end(struct story *story)
{
    membership_clear(&story->membership);
    expect(story->membership.count == 0);
    endpoint_set_unref(story->set);
    answer_clear(&story->good);
    answer_clear(&story->targets);
    free(story->before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const usec_t holds[] = {30 * USEC_PER_SEC, 0, 1, 24 * 3600 * USEC_PER_SEC};
    static const unsigned sizes[] = {8, 1, 3, 4096};
    struct input input = {data, size};
    uint8_t choice = input_byte(&input);
    struct story story = {.rules = {holds[choice & 3], sizes[choice >> 2 & 3]},
                          .type = choice & 0x20   ? DNS_TYPE_SRV
                                  : choice & 0x10 ? DNS_TYPE_AAAA
                                                  : DNS_TYPE_A,
                          .now = 1};
    while (input.left > 0) {
        story.now += read_span(input_byte(&input));
        uint8_t kind = input_byte(&input);
        size_t length = input_byte(&input);
        step(&story, kind, input_piece(&input, length));
        check_members(&story);
        story.set = set_check_next(story.set, &story.membership);
    }
    story_end(&story);
    return 0;
}
