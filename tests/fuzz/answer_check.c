#include "answer_check.h"

#include <string.h>

#include "target.h"

static bool is_host_name(const char *name)
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.");
    return length > 0 && length <= 255 && name[length] == '\0';
}

/* A record can be dialled, or asked for. */
static void check_record(const struct record *record, enum dns_type type)
{
    if (type == DNS_TYPE_SRV) {
        expect(record->address.family == AF_UNSPEC && record->port > 0);
        expect(record->target && is_host_name(record->target));
        return;
    }
    expect(!record->target && record->port == 0);
    expect(record->address.family == (type == DNS_TYPE_A ? AF_INET : AF_INET6));
    expect(address_port(&record->address) == 0 && address_is_unicast(&record->address));
}

static void check_records(const struct answer *answer, enum dns_type type)
{
    for (size_t i = 0; i < answer->count; i++) {
        check_record(&answer->records[i], type);
        expect(i == 0 || record_compare(&answer->records[i - 1], &answer->records[i]) < 0);
    }
    expect(type == DNS_TYPE_SRV || answer->extra_count == 0);
    for (size_t i = 0; i < answer->extra_count; i++) {
        expect(is_host_name(answer->extras[i].name) && answer->extras[i].ttl <= INT32_MAX);
        expect(address_is_unicast(&answer->extras[i].address));
    }
}

/* What came along serves as an answer of its own. */
static void check_extras(const struct answer *answer)
{
    static const enum dns_type types[] = {DNS_TYPE_A, DNS_TYPE_AAAA};
    struct answer offered;
    for (size_t i = 0; i < answer->extra_count; i++)
        for (size_t t = 0; t < COUNT_OF(types); t++)
            if (answer_from_extras(answer, answer->extras[i].name, types[t], &offered)) {
                expect(offered.count > 0);
                check_records(&offered, types[t]);
                answer_clear(&offered);
            }
}

/* RFC 2181 §8: 31 bits; RFC 2308 §5: negative answers may lack one. */
static void check_ttl(const struct answer *answer)
{
    if (answer->outcome == ANSWER_RECORDS || answer->outcome == ANSWER_NO_SERVICE)
        expect(answer->ttl <= INT32_MAX);
    else if (answer->outcome == ANSWER_EMPTY || answer->outcome == ANSWER_NXDOMAIN)
        expect(answer->ttl <= INT32_MAX || answer->ttl == ANSWER_TTL_UNKNOWN);
    else
        expect(answer->ttl == ANSWER_TTL_UNKNOWN);
}

void answer_check(const struct answer *answer, enum dns_type type)
{
    expect(answer->outcome <= ANSWER_LOCAL_FAULT);
    expect(answer_outcome_name(answer->outcome)[0] != '\0');
    expect((answer->outcome == ANSWER_RECORDS) == (answer->count > 0));
    expect((answer->count > 0) <= (answer->records != NULL));
    check_ttl(answer);
    expect(answer->outcome != ANSWER_NO_SERVICE || type == DNS_TYPE_SRV);
    check_records(answer, type);
    check_extras(answer);
}

void answer_check_same(const struct answer *a, const struct answer *b)
{
    expect(a->outcome == b->outcome);
    expect(a->ttl == b->ttl);
    expect(a->truncated == b->truncated);
    expect(a->count == b->count && a->extra_count == b->extra_count && a->refused == b->refused);
    for (size_t i = 0; i < a->count; i++)
        expect(record_compare(&a->records[i], &b->records[i]) == 0);
}

void answer_check_clear(struct answer *answer)
{
    for (int i = 0; i < 2; i++) {
        answer_clear(answer);
        expect(answer->count == 0 && answer->records == NULL && answer->extras == NULL);
        expect(answer->outcome != ANSWER_RECORDS);
    }
}
