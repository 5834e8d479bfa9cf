/* A story of DNS answers and failed connects, up to the set of endpoints that it comes to. The
 * first byte chooses the rules and the type; then come the steps: how much later, what happens, the
 * length of what belongs to it, and that. */
#include "discovery/membership.h"

#include <string.h>

#include "../unit/dns_message.h"
#include "answer_check.h"
#include "discovery/endpoint_set.h"
#include "input.h"
#include "target.h"

#define NAME "name.test"

struct story {
    struct membership_rules rules;
    enum dns_type type;
    usec_t now;
    struct membership membership;
    struct member *before; /* the members before the step */
    size_t before_count;
    usec_t nothing_since; /* since when every answer said "nothing"; 0: the last did not */
    struct answer good;   /* the last answer that had records */
    usec_t sample_until;  /* when the TTL of the last sample that counted is over */
    bool held;            /* and since then one said that there is nothing */
    struct endpoint_set *set;
};

/* --- addresses ----------------------------------------------------------------------------------
 */

static struct record nth_record(enum dns_type type, uint8_t n)
{
    struct in_addr ip4 = {.s_addr = htonl(0x0a000000u + n)};
    struct in6_addr ip6 = {.s6_addr = {0xfd, [15] = n}};
    return (struct record){.address =
                               type == DNS_TYPE_A ? address_ipv4(&ip4, 0) : address_ipv6(&ip6, 0)};
}

static bool names(const struct answer *answer, const struct record *record)
{
    for (size_t i = 0; i < answer->count; i++)
        if (record_compare(&answer->records[i], record) == 0)
            return true;
    return false;
}

static const struct member *find(const struct member *members, size_t count,
                                 const struct record *record)
{
    for (size_t i = 0; i < count; i++)
        if (record_compare(&members[i].record, record) == 0)
            return &members[i];
    return NULL;
}

static bool is_member(const struct story *story, const struct record *record)
{
    return find(story->membership.members, story->membership.count, record) != NULL;
}

/* --- what always holds -------------------------------------------------------------------------
 */

static void check_members(const struct story *story)
{
    const struct membership *membership = &story->membership;
    bool suspect = false;
    for (size_t i = 0; i < membership->count; i++) {
        const struct member *member = &membership->members[i];
        expect(i == 0 || record_compare(&member[-1].record, &member->record) < 0);
        expect(member->since <= member->seen && member->seen <= story->now);
        expect(member->state != MEMBER_PRESENT || names(&story->good, &member->record));
        expect(member->state != MEMBER_PRESENT || (member->misses == 0 && !story->held));
        expect(membership_find(membership, &member->record) == member);
        suspect = suspect || member->state == MEMBER_SUSPECT;
    }
    expect(membership_unconfirmed(membership) == suspect);
    usec_t until = membership_held_until(membership, &story->rules);
    bool held = story->nothing_since != 0 && membership->count > 0;
    expect(until == (held ? story->nothing_since + story->rules.hold : 0));
}

/* The next set has these members, and who stayed is the same object. */
static void advance_set(struct story *story)
{
    const struct membership *membership = &story->membership;
    struct place *places = calloc(membership->count + 1, sizeof *places);
    expect(places);
    for (size_t i = 0; i < membership->count; i++)
        places[i].address = membership->members[i].record.address;
    struct endpoint_set *next = endpoint_set_new(story->set, places, membership->count);
    expect(next && next->count == membership->count);
    expect(endpoint_set_is(next, places, membership->count));
    for (size_t i = 0; i < next->count; i++) {
        struct endpoint *endpoint = endpoint_set_find(next, &places[i].address);
        struct endpoint *before =
            story->set ? endpoint_set_find(story->set, &places[i].address) : NULL;
        expect(endpoint == next->endpoints[i]);
        expect(address_equal(&endpoint->address, &places[i].address));
        expect(endpoint->references == (before ? 2 : 1));
        expect(!before || before == endpoint);
    }
    endpoint_set_unref(story->set);
    story->set = next;
    free(places);
}

/* --- what a step may do --------------------------------------------------------------------------
 */

static void remember(struct story *story)
{
    size_t size = story->membership.count * sizeof *story->before;
    free(story->before);
    story->before_count = story->membership.count;
    story->before = malloc(size + 1);
    expect(story->before);
    if (size > 0)
        memcpy(story->before, story->membership.members, size);
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
        lost += !names(answer, &story->before[i].record);
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

/* Whether the answer is the sample before it, out of a cache: its TTL is not over, and it names
 * whom that one named. */
static bool is_repetition(const struct story *story, const struct answer *answer)
{
    size_t present = 0;
    for (size_t i = 0; i < story->before_count; i++) {
        const struct member *member = &story->before[i];
        bool was_named = member->state == MEMBER_PRESENT;
        if (was_named != names(answer, &member->record))
            return false;
        present += was_named;
    }
    return story->now < story->sample_until && present == answer->count;
}

/* Whether a member leaves by an answer that lacks it; `limit` is how many misses chance explains, 0
 * where this one is none. */
static bool leaves(const struct member *member, enum membership_verdict verdict, unsigned limit)
{
    return verdict == MEMBERSHIP_REPLACE ||
           (verdict == MEMBERSHIP_CONFIRM && member->state == MEMBER_SUSPECT) ||
           (verdict == MEMBERSHIP_UNITE && limit > 0 && member->misses + 1 >= limit);
}

/* Who is named is present. */
static size_t check_named(const struct story *story, const struct answer *answer)
{
    size_t fresh = 0;
    for (size_t i = 0; i < answer->count; i++) {
        const struct record *record = &answer->records[i];
        const struct member *member =
            find(story->membership.members, story->membership.count, record);
        const struct member *old = find(story->before, story->before_count, record);
        expect(member && member->state == MEMBER_PRESENT && member->seen == story->now);
        expect(member->since == (old ? old->since : story->now));
        fresh += !old;
    }
    return fresh;
}

/* Those who are not named leave by the designed verdicts alone, and nobody comes from nowhere. */
static void check_good(struct story *story, const struct answer *answer,
                       enum membership_verdict verdict)
{
    size_t known = story->before_count + check_named(story, answer), left = 0;
    bool repetition = is_repetition(story, answer);
    unsigned limit = repetition ? 0 : membership_miss_limit(answer->count, known);
    for (size_t i = 0; i < story->before_count; i++) {
        const struct member *old = &story->before[i];
        bool due = !names(answer, &old->record) && leaves(old, verdict, limit);
        expect(is_member(story, &old->record) == !due);
        left += due;
    }
    expect(story->membership.count == known - left);
    if (verdict == MEMBERSHIP_UNITE && !repetition && answer->ttl != ANSWER_TTL_UNKNOWN)
        story->sample_until = story->now + (usec_t)answer->ttl * USEC_PER_SEC;
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

/* Keeps the books of what was said. */
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
    *answer = (struct answer){0};
}

static void take(struct story *story, struct answer *answer)
{
    remember(story);
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
        check_good(story, &story->good, verdict);
    answer_clear(answer);
}

/* One that the last answer named stays, one that it lacked leaves, and nobody else does. */
static void fail(struct story *story, struct record record)
{
    remember(story);
    const struct member *member = find(story->before, story->before_count, &record);
    bool due = member && member->state != MEMBER_PRESENT;
    expect(membership_connect_failed(&story->membership, &record, story->now) == due);
    if (!due) {
        expect_unchanged(story);
        return;
    }
    expect(story->membership.count == story->before_count - 1 && !is_member(story, &record));
    for (size_t i = 0; i < story->membership.count; i++)
        expect(find(story->before, story->before_count, &story->membership.members[i].record));
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

/* An answer of the addresses with these numbers. */
static void take_names(struct story *story, struct input *numbers, bool truncated)
{
    struct dns_message message;
    dns_begin(&message, DNS_NOERROR, NAME, (int)story->type);
    while (numbers->left > 0) {
        struct address address = nth_record(story->type, input_byte(numbers)).address;
        if (story->type == DNS_TYPE_A)
            dns_record(&message, DNS_ANSWER, "@", DNS_A, 1, 1, &address.in.sin_addr, 4);
        else
            dns_record(&message, DNS_ANSWER, "@", DNS_AAAA, 1, 1, &address.in6.sin6_addr, 16);
    }
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
                                                   ANSWER_LOCAL_FAULT};
    struct answer answer = {.outcome = outcomes[choice % COUNT_OF(outcomes)],
                            .ttl = ANSWER_TTL_UNKNOWN};
    take(story, &answer);
}

static void step(struct story *story, uint8_t kind, struct input payload)
{
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
        if (story->membership.count > 0)
            fail(story,
                 story->membership.members[input_byte(&payload) % story->membership.count].record);
        break;
    case STEP_STRAY:
        fail(story, nth_record(story->type, input_byte(&payload)));
    }
}

static usec_t read_span(uint8_t byte)
{
    static const usec_t units[] = {1, USEC_PER_SEC / 2, 10 * USEC_PER_SEC, 3600 * USEC_PER_SEC};
    return (byte & 63) * units[byte >> 6];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const usec_t holds[] = {30 * USEC_PER_SEC, 0, 1, 24 * 3600 * USEC_PER_SEC};
    static const unsigned sizes[] = {8, 1, 3, 4096};
    struct input input = {data, size};
    uint8_t choice = input_byte(&input);
    struct story story = {.rules = {holds[choice & 3], sizes[choice >> 2 & 3]},
                          .type = choice & 0x10 ? DNS_TYPE_AAAA : DNS_TYPE_A,
                          .now = 1};
    while (input.left > 0) {
        story.now += read_span(input_byte(&input));
        uint8_t kind = input_byte(&input);
        size_t length = input_byte(&input);
        step(&story, kind, input_piece(&input, length));
        check_members(&story);
        advance_set(&story);
    }
    membership_clear(&story.membership);
    expect(story.membership.count == 0);
    endpoint_set_unref(story.set);
    answer_clear(&story.good);
    free(story.before);
    return 0;
}
