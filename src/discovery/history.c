#include "discovery/history.h"

const char *wait_reason_name(enum wait_reason reason)
{
    static const char *const names[] = {"ttl",          "min-ttl", "max-ttl",
                                        "confirmation", "backoff", "route"};
    return names[reason];
}

/* FNV-1a: tells answers apart, and need not withstand an attack. */
static uint64_t mix(uint64_t digest, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < size; i++)
        digest = (digest ^ at[i]) * 0x100000001b3u;
    return digest;
}

static uint32_t digest_of(const struct answer *answer)
{
    char text[RECORD_TEXT_MAX];
    uint64_t digest = 0xcbf29ce484222325u;
    for (size_t i = 0; i < answer->count; i++) {
        const struct record *record = &answer->records[i];
        const uint16_t numbers[] = {record->priority, record->weight};
        record_format(record, text);
        for (const char *at = text; *at; at++)
            digest = mix(digest, at, 1);
        digest = mix(digest, numbers, sizeof numbers);
    }
    return (uint32_t)(digest ^ digest >> 32);
}

static uint16_t at_most_16_bits(size_t number)
{
    return number < UINT16_MAX ? (uint16_t)number : UINT16_MAX;
}

static bool alike(const struct history_entry *a, const struct history_entry *b)
{
    return a->source == b->source && address_equal(&a->server, &b->server) &&
           a->outcome == b->outcome && a->ttl == b->ttl && a->ttl_origin == b->ttl_origin &&
           a->count == b->count && a->truncated == b->truncated && a->refused == b->refused &&
           a->digest == b->digest && a->reason == b->reason;
}

bool history_note(struct history *history, const struct reply *reply, usec_t wait,
                  enum wait_reason reason, usec_t now)
{
    const struct answer *answer = reply->answer;
    struct history_entry entry = {
        .first = now,
        .last = now,
        .repeats = 1,
        .source = reply->source & 3,
        .server = reply->server,
        .outcome = answer->outcome & 15,
        .ttl = answer->ttl,
        .ttl_origin = answer->ttl_origin & 3,
        .count = at_most_16_bits(answer->count),
        .truncated = answer->truncated,
        .refused = at_most_16_bits(answer->refused),
        .digest = digest_of(answer),
        .wait = wait,
        .reason = reason & 7,
    };
    if (history->entries.count > 0) {
        struct history_entry *newest = ring_item(&history->entries, sizeof entry, 0);
        if (alike(newest, &entry)) {
            newest->last = now;
            newest->repeats++;
            newest->wait = wait;
            return false;
        }
    }
    bool reused;
    struct history_entry *place = ring_push(&history->entries, sizeof entry, HISTORY_MOST, &reused);
    if (place)
        *place = entry;
    return true;
}

void history_recall(struct history *history, const struct history_entry *entry)
{
    bool reused;
    struct history_entry *place =
        history->entries.count > 0
            ? NULL
            : ring_push(&history->entries, sizeof *entry, HISTORY_MOST, &reused);
    if (place) {
        *place = *entry;
        place->digest = digest_of(&(struct answer){.count = 0});
    }
}

const struct history_entry *history_entry(const struct history *history, size_t n)
{
    return ring_item(&history->entries, sizeof(struct history_entry), n);
}

void history_clear(struct history *history)
{
    ring_clear(&history->entries);
}
