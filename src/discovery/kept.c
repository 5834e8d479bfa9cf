#include "discovery/kept.h"

#include <stdlib.h>
#include <string.h>

/* How much an address of the type takes; 0: the records are more than addresses. */
static size_t address_size(enum dns_type type)
{
    return type == DNS_TYPE_A      ? sizeof(struct in_addr)
           : type == DNS_TYPE_AAAA ? sizeof(struct in6_addr)
                                   : 0;
}

static void *pack(const struct answer *answer, enum dns_type type)
{
    size_t size = address_size(type);
    char *packed = calloc(answer->count + 1, size);
    for (size_t i = 0; packed && i < answer->count; i++) {
        const struct record *record = &answer->records[i];
        const void *bytes =
            type == DNS_TYPE_A ? (const void *)&record->ipv4 : (const void *)&record->ipv6;
        memcpy(packed + i * size, bytes, size);
    }
    return packed;
}

static bool unpack(const struct kept *kept, enum dns_type type, struct answer *ret_answer)
{
    const struct in_addr *ipv4 = kept->records;
    const struct in6_addr *ipv6 = kept->records;
    struct record *records = calloc(kept->count, sizeof *records);
    if (!records)
        return false;
    for (size_t i = 0; i < kept->count; i++)
        records[i] =
            record_of(type == DNS_TYPE_A ? address_ipv4(&ipv4[i], 0) : address_ipv6(&ipv6[i], 0));
    *ret_answer =
        (struct answer){.outcome = ANSWER_RECORDS, .records = records, .count = kept->count};
    return true;
}

static void *copy(const struct answer *answer)
{
    struct answer *kept = malloc(sizeof *kept);
    if (kept && !answer_copy(kept, answer)) {
        free(kept);
        return NULL;
    }
    return kept;
}

void kept_take(struct kept *kept, enum dns_type type, const struct answer *answer)
{
    void *records = address_size(type) > 0 ? pack(answer, type) : copy(answer);
    if (!records)
        return;
    kept_clear(kept, type);
    *kept = (struct kept){.records = records,
                          .count = (uint32_t)answer->count & INT32_MAX,
                          .truncated = answer->truncated,
                          .ttl = answer->ttl};
}

bool kept_answer(const struct kept *kept, enum dns_type type, struct answer *ret_answer)
{
    if (kept->count == 0 || !(address_size(type) > 0 ? unpack(kept, type, ret_answer)
                                                     : answer_copy(ret_answer, kept->records)))
        return false;
    ret_answer->ttl = kept->ttl;
    ret_answer->truncated = kept->truncated;
    ret_answer->refused = 0;
    return true;
}

void kept_clear(struct kept *kept, enum dns_type type)
{
    if (kept->records && address_size(type) == 0)
        answer_clear(kept->records);
    free(kept->records);
    *kept = (struct kept){0};
}
