#include "answer_check.h"

#include <ctype.h>
#include <string.h>

#include "target.h"

static void check_name(const char *name)
{
    size_t length = strlen(name);
    expect(length > 0 && length < 256);
    expect(length == 1 || name[length - 1] != '.');
    for (size_t i = 0; i < length; i++) {
        expect(isalnum((unsigned char)name[i]) || strchr("-_.", name[i]));
        expect(!isupper((unsigned char)name[i]));
    }
}

static void check_record(const struct record *record, enum dns_type type)
{
    char text[RECORD_TEXT_MAX];
    expect(record_format(record, text)[0] != '\0');
    if (type == DNS_TYPE_SRV) {
        expect(record->type == DNS_TYPE_SRV && record->target && record->port > 0);
        check_name(record->target);
        return;
    }
    const struct address address = record_address(record);
    expect(record->type == type);
    expect(address.family == (type == DNS_TYPE_A ? AF_INET : AF_INET6));
    expect(address_port(&address) == 0 && address_is_unicast(&address));
}

/* RFC 2181 §8: 31 bits; RFC 2308 §5: what says that there is nothing may lack it. */
static void check_ttl(const struct answer *answer)
{
    switch (answer->outcome) {
    case ANSWER_RECORDS:
    case ANSWER_NO_SERVICE:
        expect(answer->ttl <= INT32_MAX);
        break;
    case ANSWER_EMPTY:
    case ANSWER_NXDOMAIN:
        expect(answer->ttl <= INT32_MAX || answer->ttl == ANSWER_TTL_UNKNOWN);
        break;
    default:
        expect(answer->ttl == ANSWER_TTL_UNKNOWN);
    }
}

/* What came along with an SRV answer is an answer too, to another question. */
static void check_extras(const struct answer *answer)
{
    static const enum dns_type types[] = {DNS_TYPE_A, DNS_TYPE_AAAA};
    for (size_t i = 0; i < answer->extra_count; i++) {
        const struct extra *extra = &answer->extras[i];
        check_name(extra->name);
        expect(extra->ttl <= INT32_MAX && address_is_unicast(&extra->address));
        for (size_t j = 0; j < COUNT_OF(types); j++) {
            struct answer other;
            bool due = extra->address.family == (types[j] == DNS_TYPE_A ? AF_INET : AF_INET6);
            bool found = answer_from_extras(answer, extra->name, types[j], &other);
            expect(found || !due);
            if (!found)
                continue;
            answer_check(&other, types[j]);
            const struct record record = record_of(extra->address);
            expect(!due || answer_names(&other, &record));
            answer_check_clear(&other);
        }
    }
}

static void check_copy(const struct answer *answer)
{
    struct answer copy;
    expect(answer_copy(&copy, answer));
    expect(copy.extra_count == 0 && copy.extras == NULL);
    answer_check_same(answer, &copy);
    answer_check_clear(&copy);
}

void answer_check(const struct answer *answer, enum dns_type type)
{
    expect(answer->outcome <= ANSWER_LOCAL_FAULT);
    expect(answer_outcome_name(answer->outcome)[0] != '\0');
    expect(answer->outcome != ANSWER_NO_SERVICE || type == DNS_TYPE_SRV);
    expect((answer->outcome == ANSWER_RECORDS) == (answer->count > 0));
    expect(answer->extra_count == 0 || (type == DNS_TYPE_SRV && answer->count > 0));
    check_ttl(answer);
    for (size_t i = 0; i < answer->count; i++) {
        check_record(&answer->records[i], type);
        expect(i == 0 || record_compare(&answer->records[i - 1], &answer->records[i]) < 0);
    }
    check_extras(answer);
    check_copy(answer);
}

void answer_check_same(const struct answer *a, const struct answer *b)
{
    expect(a->outcome == b->outcome);
    expect(a->ttl == b->ttl && a->ttl_origin == b->ttl_origin);
    expect(a->truncated == b->truncated && a->refused == b->refused);
    expect(a->count == b->count);
    for (size_t i = 0; i < a->count; i++) {
        expect(record_compare(&a->records[i], &b->records[i]) == 0);
        expect(a->records[i].priority == b->records[i].priority);
        expect(a->records[i].weight == b->records[i].weight);
    }
}

static int compare_records(const void *a, const void *b)
{
    return record_compare(a, b);
}

bool answer_names(const struct answer *answer, const struct record *record)
{
    return answer->count > 0 && bsearch(record, answer->records, answer->count,
                                        sizeof *answer->records, compare_records);
}

void answer_check_clear(struct answer *answer)
{
    for (int i = 0; i < 2; i++) {
        answer_clear(answer);
        expect(answer->count == 0 && answer->records == NULL && answer->extras == NULL);
        expect(answer->outcome != ANSWER_RECORDS);
    }
}
