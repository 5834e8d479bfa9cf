#include <arpa/nameser.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "discovery/answer.h"

/* The DNS message format of RFC 1035 §4, read with the C library's ns_initparse() and ns_parserr(),
 * since c-ares 1.18 gives no TTL for every type. */

#define CHAIN_LIMIT 16   /* CNAMEs; longer chains are loops or mistakes */
#define SRV_FIXED_SIZE 6 /* priority, weight and port, before the target */

static uint32_t lesser(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* A TTL with its top bit set counts as 0 (RFC 2181 §8). */
static uint32_t record_ttl(const ns_rr *rr)
{
    uint32_t ttl = (uint32_t)ns_rr_ttl(*rr);
    return ttl > INT32_MAX ? 0 : ttl;
}

static void take_ttl(struct answer *answer, uint32_t ttl, enum ttl_origin origin)
{
    if (ttl >= answer->ttl)
        return;
    answer->ttl = ttl;
    answer->ttl_origin = origin;
}

static bool same_name(const char *a, const char *b)
{
    return strcasecmp(a, b) == 0;
}

/* --- CNAMEs ------------------------------------------------------------------------------------
 */

struct alias {
    char owner[NS_MAXDNAME];
    const uint8_t *target; /* in the message */
    uint32_t ttl;
};

/* Reads the owners of all CNAMEs, each once: a hostile message leads each name through thousands of
 * pointers. Returns how many there are, or -1 where they are more than a chain has, or broken. */
static int read_aliases(ns_msg *message, struct alias aliases[CHAIN_LIMIT])
{
    int count = 0;
    ns_rr rr;
    for (int i = 0; i < ns_msg_count(*message, ns_s_an); i++) {
        if (ns_parserr(message, ns_s_an, i, &rr) < 0)
            return -1;
        if (ns_rr_type(rr) != ns_t_cname || ns_rr_class(rr) != ns_c_in)
            continue;
        if (count == CHAIN_LIMIT)
            return -1;
        strcpy(aliases[count].owner, ns_rr_name(rr));
        aliases[count].target = ns_rr_rdata(rr);
        aliases[count++].ttl = record_ttl(&rr);
    }
    return count;
}

static const struct alias *find_alias(const struct alias *aliases, int count, const char *owner)
{
    for (int i = 0; i < count; i++)
        if (same_name(aliases[i].owner, owner))
            return &aliases[i];
    return NULL;
}

/* Follows the CNAMEs from `name`, whatever order they stand in, and leaves the last name in
 * `owner`; the answer's TTL becomes the least of theirs. Returns false where they form no chain. */
static bool follow_chain(ns_msg *message, const char *name, char owner[NS_MAXDNAME],
                         struct answer *answer)
{
    struct alias aliases[CHAIN_LIMIT];
    int count = read_aliases(message, aliases);
    strncpy(owner, name, NS_MAXDNAME - 1);
    owner[NS_MAXDNAME - 1] = '\0';
    for (int hops = 0; count >= 0 && hops <= CHAIN_LIMIT; hops++) {
        const struct alias *alias = find_alias(aliases, count, owner);
        if (!alias)
            return true;
        if (ns_name_uncompress(ns_msg_base(*message), ns_msg_end(*message), alias->target, owner,
                               NS_MAXDNAME) < 0)
            return false;
        take_ttl(answer, alias->ttl, TTL_OF_CNAME);
    }
    return false;
}

/* --- addresses -------------------------------------------------------------------------------- */

static bool read_address(const ns_rr *rr, enum dns_type type, struct address *ret_address)
{
    if ((int)ns_rr_type(*rr) != (int)type || ns_rr_class(*rr) != ns_c_in)
        return false;
    if (type == DNS_TYPE_A && ns_rr_rdlen(*rr) == sizeof(struct in_addr)) {
        struct in_addr ip;
        memcpy(&ip, ns_rr_rdata(*rr), sizeof ip);
        *ret_address = address_ipv4(&ip, 0);
        return true;
    }
    if (type == DNS_TYPE_AAAA && ns_rr_rdlen(*rr) == sizeof(struct in6_addr)) {
        struct in6_addr ip;
        memcpy(&ip, ns_rr_rdata(*rr), sizeof ip);
        *ret_address = address_ipv6(&ip, 0);
        return true;
    }
    return false;
}

static bool take_address(const ns_rr *rr, enum dns_type type, struct answer *answer)
{
    struct address address;
    if (!read_address(rr, type, &address))
        return false;
    if (!address_is_unicast(&address)) {
        answer->refused++;
        return false;
    }
    answer->records[answer->count++] = record_of(address);
    return true;
}

/* --- SRV ----------------------------------------------------------------------------------------
 */

/* Whether it can be asked for: what ns_name_ntop() had to escape is no host name (RFC 1123 §2.1).
 */
static bool is_host_name(const char *name)
{
    for (const char *at = name; *at; at++)
        if (!isalnum((unsigned char)*at) && !strchr("-_.", *at))
            return false;
    return *name != '\0';
}

static void to_lower(char *name)
{
    for (; *name; name++)
        *name = (char)tolower((unsigned char)*name);
}

/* Whether a label has a dot in it, which musl's ns_name_uncompress() does not escape. It has read
 * this name, so the pointers in it come to an end. */
static bool has_dotted_label(const ns_msg *message, const uint8_t *at)
{
    while (*at != 0) {
        if ((*at & NS_CMPRSFLGS) == NS_CMPRSFLGS) {
            at = ns_msg_base(*message) + (ns_get16(at) & 0x3fff);
            continue;
        }
        if (memchr(at + 1, '.', *at))
            return true;
        at += 1 + *at;
    }
    return false;
}

/* Reads priority, weight, port and target. Returns false where it is no SRV record. */
static bool read_srv(ns_msg *message, const ns_rr *rr, struct record *record,
                     char target[NS_MAXDNAME])
{
    const uint8_t *data = ns_rr_rdata(*rr);
    if (ns_rr_type(*rr) != ns_t_srv || ns_rr_class(*rr) != ns_c_in ||
        ns_rr_rdlen(*rr) <= SRV_FIXED_SIZE)
        return false;
    int length = ns_name_uncompress(ns_msg_base(*message), ns_msg_end(*message),
                                    data + SRV_FIXED_SIZE, target, NS_MAXDNAME);
    if (length != (int)ns_rr_rdlen(*rr) - SRV_FIXED_SIZE)
        return false;
    record->priority = (uint16_t)ns_get16(data);
    record->weight = (uint16_t)ns_get16(data + 2);
    record->port = (uint16_t)ns_get16(data + 4);
    to_lower(target);
    return true;
}

static bool take_srv(ns_msg *message, const ns_rr *rr, struct answer *answer)
{
    struct record record = {.type = DNS_TYPE_SRV};
    char target[NS_MAXDNAME];
    if (!read_srv(message, rr, &record, target))
        return false;
    if (*target == '\0' || strcmp(target, ".") == 0) { /* the root, to musl and to glibc */
        answer->outcome = ANSWER_NO_SERVICE;
        return true; /* its TTL counts */
    }
    if (record.port == 0 || !is_host_name(target) ||
        has_dotted_label(message, ns_rr_rdata(*rr) + SRV_FIXED_SIZE)) {
        answer->refused++;
        return false;
    }
    record.target = strdup(target);
    if (!record.target) {
        answer->outcome = ANSWER_LOCAL_FAULT;
        return false;
    }
    answer->records[answer->count++] = record;
    return true;
}

static void take_extra(const ns_rr *rr, struct answer *answer)
{
    struct extra extra = {.ttl = record_ttl(rr)};
    if (!read_address(rr, DNS_TYPE_A, &extra.address) &&
        !read_address(rr, DNS_TYPE_AAAA, &extra.address))
        return;
    if (!address_is_unicast(&extra.address) || !is_host_name(ns_rr_name(*rr)))
        return;
    extra.name = strdup(ns_rr_name(*rr));
    if (!extra.name)
        return;
    to_lower(extra.name);
    answer->extras[answer->extra_count++] = extra;
}

/* The addresses that came along: who does not get them asks for them. */
static void collect_extras(ns_msg *message, struct answer *answer)
{
    int count = ns_msg_count(*message, ns_s_ar);
    ns_rr rr;
    answer->extras = calloc((size_t)count + 1, sizeof *answer->extras);
    for (int i = 0; answer->extras && i < count; i++) {
        if (ns_parserr(message, ns_s_ar, i, &rr) < 0)
            return;
        take_extra(&rr, answer);
    }
}

/* --- the answer section -------------------------------------------------------------------------
 */

/* What the collected records come to. A lone "." of SRV, and a lack of memory, were noted already;
 * addresses that nobody can have are no word about those that are. */
static enum answer_outcome sum_up(const struct answer *answer)
{
    if (answer->outcome == ANSWER_LOCAL_FAULT)
        return ANSWER_LOCAL_FAULT;
    if (answer->count > 0)
        return ANSWER_RECORDS;
    if (answer->outcome == ANSWER_NO_SERVICE)
        return ANSWER_NO_SERVICE;
    return answer->refused > 0 ? ANSWER_MALFORMED : ANSWER_EMPTY;
}

/* Collects the records of `owner`, and says how that went. */
static enum answer_outcome collect(ns_msg *message, const char *owner, enum dns_type type,
                                   struct answer *answer)
{
    int count = ns_msg_count(*message, ns_s_an);
    ns_rr rr;
    answer->records = calloc((size_t)count + 1, sizeof *answer->records);
    if (!answer->records)
        return ANSWER_LOCAL_FAULT;
    for (int i = 0; i < count; i++) {
        if (ns_parserr(message, ns_s_an, i, &rr) < 0)
            return ANSWER_MALFORMED;
        if (!same_name(ns_rr_name(rr), owner))
            continue;
        bool taken =
            type == DNS_TYPE_SRV ? take_srv(message, &rr, answer) : take_address(&rr, type, answer);
        if (taken)
            take_ttl(answer, record_ttl(&rr), TTL_OF_RECORD);
    }
    answer_sort(answer);
    return sum_up(answer);
}

/* How long "there is nothing" may be believed: the lesser of the SOA's own TTL and its MINIMUM
 * (RFC 2308 §5), and of the CNAMEs that led there. */
static void take_negative_ttl(ns_msg *message, uint32_t chain_ttl, struct answer *answer)
{
    ns_rr rr;
    for (int i = 0; i < ns_msg_count(*message, ns_s_ns); i++) {
        if (ns_parserr(message, ns_s_ns, i, &rr) < 0)
            break;
        size_t length = ns_rr_rdlen(rr);
        if (ns_rr_type(rr) != ns_t_soa || length < NS_INT32SZ)
            continue;
        uint32_t minimum = (uint32_t)ns_get32(ns_rr_rdata(rr) + length - NS_INT32SZ);
        uint32_t soa_ttl = lesser(record_ttl(&rr), minimum);
        answer->ttl = lesser(soa_ttl, chain_ttl);
        answer->ttl_origin = soa_ttl <= chain_ttl ? TTL_OF_SOA : TTL_OF_CNAME;
        return;
    }
}

/* A server that does not recurse points to others instead of answering (RFC 2308 §2.2): it does not
 * say that there is nothing. */
static bool is_referral(ns_msg *message)
{
    ns_rr rr;
    bool servers = false;
    if (ns_msg_getflag(*message, ns_f_aa))
        return false;
    for (int i = 0; i < ns_msg_count(*message, ns_s_ns); i++) {
        if (ns_parserr(message, ns_s_ns, i, &rr) < 0 || ns_rr_type(rr) == ns_t_soa)
            return false;
        servers = servers || ns_rr_type(rr) == ns_t_ns;
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

/* Reads a message whose return code is NOERROR. */
static void read_answer(ns_msg *message, const char *name, enum dns_type type,
                        struct answer *answer)
{
    char owner[NS_MAXDNAME];
    enum answer_outcome outcome = ANSWER_MALFORMED;
    if (follow_chain(message, name, owner, answer))
        outcome = collect(message, owner, type, answer);
    if (outcome == ANSWER_EMPTY && is_referral(message))
        outcome = ANSWER_MALFORMED;
    if (outcome == ANSWER_RECORDS && type == DNS_TYPE_SRV)
        collect_extras(message, answer);
    if (outcome != ANSWER_RECORDS) {
        uint32_t ttl = answer->ttl;
        unsigned refused = answer->refused;
        answer_clear(answer);
        answer->refused = refused;
        if (outcome == ANSWER_EMPTY)
            take_negative_ttl(message, ttl, answer);
        else if (outcome == ANSWER_NO_SERVICE)
            answer->ttl = ttl;
    }
    answer->outcome = outcome;
}

void answer_parse(const uint8_t *message, size_t length, const char *name, enum dns_type type,
                  struct answer *ret_answer)
{
    ns_msg parsed;
    *ret_answer = (struct answer){.outcome = ANSWER_MALFORMED, .ttl = ANSWER_TTL_UNKNOWN};
    if (length > NS_MAXMSG || ns_initparse(message, (int)length, &parsed) < 0 ||
        !ns_msg_getflag(parsed, ns_f_qr))
        return;
    int rcode = ns_msg_getflag(parsed, ns_f_rcode);
    if (rcode == ns_r_noerror) {
        read_answer(&parsed, name, type, ret_answer);
        ret_answer->truncated = ns_msg_getflag(parsed, ns_f_tc);
        return;
    }
    ret_answer->outcome = error_outcome(rcode);
    if (rcode == ns_r_nxdomain)
        take_negative_ttl(&parsed, ANSWER_TTL_UNKNOWN, ret_answer);
}
