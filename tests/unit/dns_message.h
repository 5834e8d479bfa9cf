/* DNS messages built by hand (RFC 1035 §4), record by record, right or wrong. */
#ifndef UNIT_DNS_MESSAGE_H
#define UNIT_DNS_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

enum dns_section { DNS_ANSWER = 1, DNS_AUTHORITY, DNS_ADDITIONAL };
enum { DNS_A = 1, DNS_CNAME = 5, DNS_SOA = 6, DNS_TXT = 16, DNS_AAAA = 28, DNS_SRV = 33 };
enum { DNS_NOERROR, DNS_FORMERR, DNS_SERVFAIL, DNS_NXDOMAIN, DNS_NOTIMP, DNS_REFUSED };

struct dns_message {
    uint8_t bytes[16384];
    size_t length;
};

/* Begins an answer to one question, with that return code. */
void dns_begin(struct dns_message *message, int rcode, const char *name, int type);

/* Adds a record; sections must come in their order. An owner of "@" is a pointer to the question's
 * name (RFC 1035 §4.1.4). */
void dns_record(struct dns_message *message, enum dns_section section, const char *owner, int type,
                int class, uint32_t ttl, const void *data, size_t length);

/* The usual ones, in the answer; an address's family is its type. */
void dns_address(struct dns_message *message, const char *owner, uint32_t ttl, const char *ip);
void dns_cname(struct dns_message *message, const char *owner, uint32_t ttl, const char *target);

void dns_srv(struct dns_message *message, const char *owner, uint32_t ttl, unsigned priority,
             unsigned weight, unsigned port, const char *target);

/* An address in the additional section. */
void dns_extra(struct dns_message *message, const char *owner, uint32_t ttl, const char *ip);

/* A SOA in the authority section. */
void dns_soa(struct dns_message *message, uint32_t ttl, uint32_t minimum);

/* Writes a name in its wire form and returns the length. */
size_t dns_name(const char *name, uint8_t *wire);

#endif
