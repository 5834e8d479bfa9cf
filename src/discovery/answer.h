#ifndef REDIAL_DISCOVERY_ANSWER_H
#define REDIAL_DISCOVERY_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"

enum dns_type { DNS_TYPE_A = 1, DNS_TYPE_AAAA = 28 }; /* as on the wire */

/* How a question ended. */
enum answer_outcome {
    ANSWER_ADDRESSES, /* at least one */
    ANSWER_EMPTY,     /* the name exists and has no address of this type (RFC 2308 §2.2) */
    ANSWER_NXDOMAIN,
    ANSWER_SERVFAIL,
    ANSWER_REFUSED,     /* REFUSED, NOTIMP and every other error code */
    ANSWER_MALFORMED,   /* not a DNS message, or not one that answers the question */
    ANSWER_TIMEOUT,     /* no DNS server answered in time */
    ANSWER_UNREACHABLE, /* no DNS server could be reached */
    ANSWER_LOCAL_FAULT, /* this host had no memory or descriptor to ask with */
};

/* "timeout", "nxdomain", …: the word that logs use. */
const char *answer_outcome_name(enum answer_outcome outcome);

/* "A" or "AAAA". */
const char *dns_type_name(enum dns_type type);

#define ANSWER_TTL_UNKNOWN UINT32_MAX

struct answer {
    enum answer_outcome outcome;
    /* Seconds. Addresses: the least over the addresses and the CNAMEs that led to them. Empty and
     * NXDOMAIN: how long that may be cached (RFC 2308 §5), or unknown. */
    uint32_t ttl;
    struct address *addresses; /* port 0, sorted, each once */
    size_t count;
    bool truncated; /* and the whole could not be had: there may be more (TC of RFC 1035 §4.1.1) */
};

/* Reads a whole DNS message, hostile or not, as the answer to the question for `name` (text, no
 * trailing dot) and `type`. Records of other names and types are passed over. Always fills
 * *ret_answer, which answer_clear() frees. Any thread. */
void answer_parse(const uint8_t *message, size_t length, const char *name, enum dns_type type,
                  struct answer *ret_answer);

/* Sorts the addresses and drops those that stand there twice. */
void answer_sort(struct answer *answer);

void answer_clear(struct answer *answer);

#endif
