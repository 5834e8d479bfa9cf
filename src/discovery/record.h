#ifndef REDIAL_DISCOVERY_RECORD_H
#define REDIAL_DISCOVERY_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"

enum dns_type { DNS_TYPE_A = 1, DNS_TYPE_AAAA = 28, DNS_TYPE_SRV = 33 }; /* as on the wire */

/* "A", "AAAA" or "SRV". */
const char *dns_type_name(enum dns_type type);

/* Whom one DNS record names: an address (A, AAAA), or a target at a port (SRV of RFC 2782). */
struct record {
    struct address address; /* A and AAAA: with port 0; SRV: none */
    char *target;           /* SRV: lower case, no trailing dot, owned; otherwise NULL */
    uint16_t port, priority, weight;
};

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
