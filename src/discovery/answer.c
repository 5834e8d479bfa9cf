#include "discovery/answer.h"

#include <stdlib.h>
#include <string.h>

const char *answer_outcome_name(enum answer_outcome outcome)
{
    static const char *const names[] = {
        "records",   "empty",   "no-service",  "nxdomain",  "servfail",    "refused",
        "malformed", "timeout", "unreachable", "not-asked", "local-fault",
    };
    return names[outcome];
}

void answer_clear(struct answer *answer)
{
    for (size_t i = 0; i < answer->count; i++)
        record_clear(&answer->records[i]);
    for (size_t i = 0; i < answer->extra_count; i++)
        free(answer->extras[i].name);
    free(answer->records);
    free(answer->extras);
    *answer = (struct answer){.outcome = ANSWER_MALFORMED, .ttl = ANSWER_TTL_UNKNOWN};
}

/* Of two that name the same, the one to be preferred goes first (RFC 2782, "Priority"). */
static int compare_records(const void *a, const void *b)
{
    const struct record *one = a, *other = b;
    int order = record_compare(one, other);
    return order != 0 ? order
                      : (one->priority > other->priority) - (one->priority < other->priority);
}

void answer_sort(struct answer *answer)
{
    size_t kept = 0;
    if (answer->count == 0)
        return;
    qsort(answer->records, answer->count, sizeof *answer->records, compare_records);
    for (size_t i = 0; i < answer->count; i++)
        if (kept == 0 || record_compare(&answer->records[kept - 1], &answer->records[i]) != 0)
            answer->records[kept++] = answer->records[i];
        else
            record_clear(&answer->records[i]);
    answer->count = kept;
}

bool answer_copy(struct answer *ret_copy, const struct answer *answer)
{
    struct answer copy = *answer;
    copy.extras = NULL;
    copy.extra_count = copy.count = 0;
    copy.records = calloc(answer->count + 1, sizeof *copy.records);
    if (!copy.records)
        return false;
    for (; copy.count < answer->count; copy.count++)
        if (!record_copy(&copy.records[copy.count], &answer->records[copy.count])) {
            answer_clear(&copy);
            return false;
        }
    *ret_copy = copy;
    return true;
}

bool answer_from_extras(const struct answer *answer, const char *target, enum dns_type type,
                        struct answer *ret_answer)
{
    struct answer found = {.outcome = ANSWER_RECORDS, .ttl = ANSWER_TTL_UNKNOWN};
    sa_family_t family = type == DNS_TYPE_A ? AF_INET : AF_INET6;
    found.records = calloc(answer->extra_count + 1, sizeof *found.records);
    for (size_t i = 0; found.records && i < answer->extra_count; i++) {
        const struct extra *extra = &answer->extras[i];
        if (extra->address.family != family || strcmp(extra->name, target) != 0)
            continue;
        found.records[found.count++] = record_of(extra->address);
        found.ttl = extra->ttl < found.ttl ? extra->ttl : found.ttl;
    }
    if (found.count == 0) {
        answer_clear(&found);
        return false;
    }
    answer_sort(&found);
    *ret_answer = found;
    return true;
}
