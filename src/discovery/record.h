#ifndef REDIAL_DISCOVERY_RECORD_H
#define REDIAL_DISCOVERY_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"

enum dns_type { DNS_TYPE_A = 1, DNS_TYPE_AAAA = 28, DNS_TYPE_SRV = 33 }; /* as on the wire */

/* "A", "AAAA" or "SRV". */
const char *dns_type_name(enum dns_type type);

/* Whom one DNS record names: an address (A, AAAA), or a target at a port (SRV of RFC 2782). Many
 * are kept for long: it is no larger than it must be. */
struct record {
    union {
        struct in_addr ipv4;  /* A */
        struct in6_addr ipv6; /* AAAA */
        struct {              /* SRV */
            char *target;     /* lower case, no trailing dot, owned */
            uint16_t port, priority, weight;
        };
    };
    uint32_t scope;   /* AAAA of hosts(5): see ipv6(7) */
    uint8_t type;     /* enum dns_type */
    uint8_t spare[3]; /* room for who keeps it */
};

/* The record of an address, whose port does not count. */
struct record record_of(struct address address);

/* The address of an A or AAAA record, with port 0. */
struct address record_address(const struct record *record);

static inline bool record_is_srv(const struct record *record)
{
    return record->type == DNS_TYPE_SRV;
}

/* Orders by whom they name: by address, or by target and port. Priority and weight do not count. */
int record_compare(const struct record *a, const struct record *b);

/* A copy with a target of its own. Returns false, and copies nothing, where there is no memory. */
bool record_copy(struct record *ret_copy, const struct record *record);

/* Frees the target. */
void record_clear(struct record *record);

/* Writes the address, `10.0.0.1` or `fd00::1`, or the target and port, `a.test:80`. Returns the
 * buffer. */
#define RECORD_TEXT_MAX 264
const char *record_format(const struct record *record, char text[RECORD_TEXT_MAX]);

#endif
