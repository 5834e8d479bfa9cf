#ifndef REDIAL_CONFIG_TARGET_H
#define REDIAL_CONFIG_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"

/* The longest DNS name as text, without the trailing dot (RFC 1035 §2.3.4). */
#define DNS_NAME_MAX 253

enum target_kind {
    TARGET_NAME,    /* A and AAAA of a name, at one port */
    TARGET_SERVICE, /* SRV of a name, which gives ports as well */
    TARGET_ADDRESS, /* static */
};

struct target {
    uint8_t kind;           /* enum target_kind */
    bool absolute;          /* the name was given with its trailing dot */
    uint16_t port;          /* TARGET_NAME */
    struct address address; /* TARGET_ADDRESS */
    char *name;             /* the others: lower case, no trailing dot, owned */
};

/* Reads `name:port`, `srv:_service._proto.name` or `address:port`. Returns 0, and target_clear() is
 * due, or -EINVAL with *ret_why, a constant string for a person, or -ENOMEM. */
int target_parse(const char *text, struct target *ret_target, const char **ret_why);

/* Frees the name. */
void target_clear(struct target *target);

/* Writes it as it is read, into the buffer, and returns it. */
#define TARGET_TEXT_MAX (DNS_NAME_MAX + 16)
const char *target_format(const struct target *target, char text[TARGET_TEXT_MAX]);

#endif
