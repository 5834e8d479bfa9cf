#ifndef REDIAL_DISCOVERY_ANSWER_H
#define REDIAL_DISCOVERY_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discovery/record.h"

/* How a question ended. */
enum answer_outcome {
    ANSWER_RECORDS,     /* at least one */
    ANSWER_EMPTY,       /* the name exists and has no record of this type (RFC 2308 §2.2) */
    ANSWER_NO_SERVICE,  /* SRV with the target ".": the service is not here (RFC 2782) */
    ANSWER_NXDOMAIN,    /* the name does not exist */
    ANSWER_SERVFAIL,    /* the DNS server could not find out */
    ANSWER_REFUSED,     /* REFUSED, NOTIMP and every other error code */
    ANSWER_MALFORMED,   /* not a DNS message, or not one that answers the question */
    ANSWER_TIMEOUT,     /* no DNS server answered in time */
    ANSWER_UNREACHABLE, /* no DNS server could be reached */
    ANSWER_NOT_ASKED,   /* AAAA, on a host without an IPv6 route */
    ANSWER_LOCAL_FAULT, /* this host had no memory or descriptor to ask with */
};

/* "timeout", "nxdomain", …: the word that logs use. */
const char *answer_outcome_name(enum answer_outcome outcome);

#define ANSWER_TTL_UNKNOWN UINT32_MAX

/* Which record an answer's TTL is that of. */
enum ttl_origin { TTL_OF_RECORD, TTL_OF_CNAME, TTL_OF_SOA };

/* An address that an SRV answer gives beside what was asked (its additional section). */
struct extra {
    char *name; /* lower case, no trailing dot, owned */
    struct address address;
    uint32_t ttl;
};

struct answer {
    enum answer_outcome outcome;
    /* Seconds. Records: the least over them and the CNAMEs that led to them. Nothing: how long that
     * may be cached (RFC 2308 §5), or unknown. */
    uint32_t ttl;
    enum ttl_origin ttl_origin;
    struct record *records; /* sorted, each once */
    size_t count;
    struct extra *extras;
    size_t extra_count;
    bool truncated; /* and the whole could not be had: there may be more (TC of RFC 1035 §4.1.1) */
    unsigned refused; /* addresses passed over, since nobody can be reached at them */
};

/* Reads a whole DNS message, hostile or not, as the answer to the question for `name` (text, no
 * trailing dot) and `type`. Records of other names and types are passed over, and so are addresses
 * that no endpoint can have (unspecified, multicast, broadcast) and SRV targets that are no host
 * names. Always fills *ret_answer, which answer_clear() frees. Any thread. */
void answer_parse(const uint8_t *message, size_t length, const char *name, enum dns_type type,
                  struct answer *ret_answer);

/* What an SRV answer's additional section says of a target. Returns false where it says nothing;
 * otherwise fills *ret_answer, which answer_clear() frees. */
bool answer_from_extras(const struct answer *answer, const char *target, enum dns_type type,
                        struct answer *ret_answer);

/* Sorts the records and drops those that stand there twice. */
void answer_sort(struct answer *answer);

/* A copy without the additional section. Returns false, and copies nothing, where there is no
 * memory. */
bool answer_copy(struct answer *ret_copy, const struct answer *answer);

void answer_clear(struct answer *answer);

#endif
