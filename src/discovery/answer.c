#include "discovery/answer.h"

#include <arpa/nameser.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CHAIN_LIMIT 16 /* CNAMEs; longer chains are loops or mistakes */

const char *answer_outcome_name(enum answer_outcome outcome)
{
    static const char *const names[] = {"addresses", "empty",       "nxdomain",
                                        "servfail",  "refused",     "malformed",
                                        "timeout",   "unreachable", "local-fault"};
    return names[outcome];
}

const char *dns_type_name(enum dns_type type)
{
    return type == DNS_TYPE_A ? "A" : "AAAA";
}

void answer_clear(struct answer *answer)
{
    free(answer->addresses);
    *answer = (struct answer){.outcome = ANSWER_MALFORMED, .ttl = ANSWER_TTL_UNKNOWN};
}

static uint32_t lesser(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* A TTL with its top bit set counts as 0 (RFC 2181 §8). */
static uint32_t record_ttl(const ns_rr *record)
{
    uint32_t ttl = (uint32_t)ns_rr_ttl(*record);
    return ttl > INT32_MAX ? 0 : ttl;
}

static bool same_name(const char *a, const char *b)
{
    return strcasecmp(a, b) == 0;
}

/* Follows the CNAMEs from `name`, whatever order they stand in, and leaves the last name in
 * `owner`; *ttl becomes the least of theirs. Returns false where they form no chain. */
static bool follow_chain(ns_msg *message, const char *name, char owner[NS_MAXDNAME], uint32_t *ttl)
{
    ns_rr record;
    strncpy(owner, name, NS_MAXDNAME - 1);
    owner[NS_MAXDNAME - 1] = '\0';
    for (int hops = 0; hops <= CHAIN_LIMIT; hops++) {
        bool found = false;
        for (int i = 0; i < ns_msg_count(*message, ns_s_an) && !found; i++) {
            if (ns_parserr(message, ns_s_an, i, &record) < 0)
                return false;
            if (ns_rr_type(record) != ns_t_cname || ns_rr_class(record) != ns_c_in ||
                !same_name(ns_rr_name(record), owner))
                continue;
            char next[NS_MAXDNAME];
            if (ns_name_uncompress(ns_msg_base(*message), ns_msg_end(*message), ns_rr_rdata(record),
                                   next, sizeof next) < 0)
                return false;
            memcpy(owner, next, sizeof next);
            *ttl = lesser(*ttl, record_ttl(&record));
            found = true;
        }
        if (!found)
            return true;
    }
    return false;
}

static bool read_address(const ns_rr *record, enum dns_type type, struct address *ret_address)
{
    if ((int)ns_rr_type(*record) != (int)type || ns_rr_class(*record) != ns_c_in)
        return false;
    if (type == DNS_TYPE_A && ns_rr_rdlen(*record) == sizeof(struct in_addr)) {
        struct in_addr ip;
        memcpy(&ip, ns_rr_rdata(*record), sizeof ip);
        *ret_address = address_ipv4(&ip, 0);
        return true;
    }
    if (type == DNS_TYPE_AAAA && ns_rr_rdlen(*record) == sizeof(struct in6_addr)) {
        struct in6_addr ip;
        memcpy(&ip, ns_rr_rdata(*record), sizeof ip);
        *ret_address = address_ipv6(&ip, 0);
        return true;
    }
    return false;
}

static int compare_addresses(const void *a, const void *b)
{
    return address_compare(a, b);
}

void answer_sort(struct answer *answer)
{
    size_t kept = 0;
    if (answer->count == 0)
        return;
    qsort(answer->addresses, answer->count, sizeof *answer->addresses, compare_addresses);
    for (size_t i = 0; i < answer->count; i++)
        if (kept == 0 || !address_equal(&answer->addresses[kept - 1], &answer->addresses[i]))
            answer->addresses[kept++] = answer->addresses[i];
    answer->count = kept;
}

/* Collects the addresses of `owner`, and says how that went. */
static enum answer_outcome collect(ns_msg *message, const char *owner, enum dns_type type,
                                   struct answer *answer)
{
    int records = ns_msg_count(*message, ns_s_an);
    ns_rr record;
    answer->addresses = calloc((size_t)records + 1, sizeof *answer->addresses);
    if (!answer->addresses)
        return ANSWER_LOCAL_FAULT;
    for (int i = 0; i < records; i++) {
        if (ns_parserr(message, ns_s_an, i, &record) < 0)
            return ANSWER_MALFORMED;
        if (!same_name(ns_rr_name(record), owner) ||
            !read_address(&record, type, &answer->addresses[answer->count]))
            continue;
        answer->ttl = lesser(answer->ttl, record_ttl(&record));
        answer->count++;
    }
    answer_sort(answer);
    return answer->count > 0 ? ANSWER_ADDRESSES : ANSWER_EMPTY;
}

/* How long "there is nothing" may be believed: the lesser of the SOA's own TTL and its MINIMUM
 * (RFC 2308 §5), and of the CNAMEs that led there. */
static uint32_t negative_ttl(ns_msg *message, uint32_t chain_ttl)
{
    ns_rr record;
    for (int i = 0; i < ns_msg_count(*message, ns_s_ns); i++) {
        if (ns_parserr(message, ns_s_ns, i, &record) < 0)
            break;
        size_t length = ns_rr_rdlen(record);
        if (ns_rr_type(record) != ns_t_soa || length < NS_INT32SZ)
            continue;
        uint32_t minimum = (uint32_t)ns_get32(ns_rr_rdata(record) + length - NS_INT32SZ);
        return lesser(lesser(record_ttl(&record), minimum), chain_ttl);
    }
    return ANSWER_TTL_UNKNOWN;
}

/* A server that does not recurse points to others instead of answering (RFC 2308 §2.2): it does not
 * say that there is nothing. */
static bool is_referral(ns_msg *message)
{
    ns_rr record;
    bool servers = false;
    if (ns_msg_getflag(*message, ns_f_aa))
        return false;
    for (int i = 0; i < ns_msg_count(*message, ns_s_ns); i++) {
        if (ns_parserr(message, ns_s_ns, i, &record) < 0 || ns_rr_type(record) == ns_t_soa)
            return false;
        servers = servers || ns_rr_type(record) == ns_t_ns;
    }
    return servers;
}

static enum answer_outcome error_outcome(int rcode)
{
    switch (rcode) {
    case ns_r_nxdomain:
        return ANSWER_NXDOMAIN;
    case ns_r_servfail:
        return ANSWER_SERVFAIL;
    case ns_r_formerr:
        return ANSWER_MALFORMED;
    default:
        return ANSWER_REFUSED;
    }
}

void answer_parse(const uint8_t *message, size_t length, const char *name, enum dns_type type,
                  struct answer *ret_answer)
{
    ns_msg parsed;
    char owner[NS_MAXDNAME];
    struct answer answer = {.outcome = ANSWER_MALFORMED, .ttl = ANSWER_TTL_UNKNOWN};
    *ret_answer = answer;
    if (length > NS_MAXMSG || ns_initparse(message, (int)length, &parsed) < 0 ||
        !ns_msg_getflag(parsed, ns_f_qr))
        return;
    int rcode = ns_msg_getflag(parsed, ns_f_rcode);
    if (rcode != ns_r_noerror) {
        ret_answer->outcome = error_outcome(rcode);
        if (rcode == ns_r_nxdomain)
            ret_answer->ttl = negative_ttl(&parsed, ANSWER_TTL_UNKNOWN);
        return;
    }
    answer.truncated = ns_msg_getflag(parsed, ns_f_tc);
    enum answer_outcome outcome = ANSWER_MALFORMED;
    if (follow_chain(&parsed, name, owner, &answer.ttl))
        outcome = collect(&parsed, owner, type, &answer);
    if (outcome == ANSWER_EMPTY && is_referral(&parsed))
        outcome = ANSWER_MALFORMED;
    uint32_t chain_ttl = answer.ttl;
    if (outcome != ANSWER_ADDRESSES)
        answer_clear(&answer);
    if (outcome == ANSWER_EMPTY)
        answer.ttl = negative_ttl(&parsed, chain_ttl);
    answer.outcome = outcome;
    *ret_answer = answer;
}
