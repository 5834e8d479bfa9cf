/* A DNS server on a UDP socket of the test's own loop: no thread, so nothing happens between two
 * turns. A name that was never set is NXDOMAIN. */
#ifndef UNIT_DNS_SERVER_H
#define UNIT_DNS_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/clock.h"

struct event_base;
struct dns_server;

/* What a name answers beside the return codes of dns_message.h. */
enum {
    DNS_SILENT = -1,
    DNS_GARBAGE = -2,
    DNS_FOREIGN = -3 /* the answer to another question */,
    DNS_TRUNCATED = -4 /* with the records that were set, and nobody listens for TCP */,
    DNS_RUBBISH = -5 /* the number of the question, and nothing of DNS behind it */
};

struct dns_server *dns_server_new(struct event_base *base);
void dns_server_free(struct dns_server *server);

/* The same on a port of its choice, such as 53. Returns NULL where it must not be used. */
struct dns_server *dns_server_new_at(struct event_base *base, const char *ip, uint16_t port);

/* Where it is to be asked. */
const struct address *dns_server_address(const struct dns_server *server);

/* The name has these records, with commas between: addresses, or of DNS_SRV
 * "target:port/priority/weight", where "." is the target of a service that is not here. "" is an
 * empty answer. */
void dns_server_say(struct dns_server *server, const char *name, int type, uint32_t ttl,
                    const char *records);

/* Answers to SRV questions carry the addresses that were set for the targets, in their additional
 * section. */
void dns_server_add_extras(struct dns_server *server);

/* The name fails so: a return code, or one of the enum above. */
void dns_server_fail(struct dns_server *server, const char *name, int type, int how);

/* How often it was asked, and when the n-th time (0, 1, …) was. */
size_t dns_server_count(const struct dns_server *server, const char *name, int type);
usec_t dns_server_time(const struct dns_server *server, const char *name, int type, size_t n);

/* The same for every name and type together. */
size_t dns_server_total(const struct dns_server *server);

#endif
