#ifndef REDIAL_BASE_ADDRESS_H
#define REDIAL_BASE_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* An IPv4 or IPv6 socket address; no family (all zero) means "none". */
struct address {
    union {
        sa_family_t family;
        struct sockaddr sa;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    };
};

/* Long enough for any formatted address with its brackets, scope and port. */
#define ADDRESS_TEXT_MAX 72

struct address address_ipv4(const struct in_addr *ip, uint16_t port);
struct address address_ipv6(const struct in6_addr *ip, uint16_t port);

/* What the kernel filled in, for example from accept4(2). An address of another family (a Unix
 * socket's) becomes "none". */
struct address address_from_sockaddr(const struct sockaddr *sa, socklen_t length);

/* Reads an address without a port: `10.0.0.1`, `::1`. Returns false where it is none. */
bool address_parse_ip(const char *text, uint16_t port, struct address *ret_address);

/* Reads `10.0.0.1:80` or `[::1]:80`. Returns 0, or -EINVAL with *ret_why naming what is wrong
 * (a constant string, for a person). */
int address_parse(const char *text, struct address *ret_address, const char **ret_why);

/* Reads a port, 1 … 65535. Returns 0 or -EINVAL. */
int address_parse_port(const char *text, uint16_t *ret_port);

/* Writes `10.0.0.1:80` or `[::1]:80` into the buffer and returns it. */
const char *address_format(const struct address *address, char text[ADDRESS_TEXT_MAX]);

/* The same without port and brackets: `10.0.0.1`, `::1`. */
const char *address_format_ip(const struct address *address, char text[ADDRESS_TEXT_MAX]);

uint16_t address_port(const struct address *address);
void address_set_port(struct address *address, uint16_t port);
socklen_t address_length(const struct address *address);

/* Same family, address, scope and port. */
bool address_equal(const struct address *a, const struct address *b);

/* A total order (family, then address, then port), as qsort(3) wants it. */
int address_compare(const struct address *a, const struct address *b);

/* 0.0.0.0 or ::, which a listener takes for every address of its family. */
bool address_is_unspecified(const struct address *address);

/* 127.0.0.0/8 or ::1. */
bool address_is_loopback(const struct address *address);

/* Whether one host can have it: not unspecified (0.0.0.0/8, ::), multicast or the IPv4 broadcast
 * address (RFC 6890), in IPv6's clothes (::ffff:0.0.0.0) or not. */
bool address_is_unicast(const struct address *address);

/* An IPv4 address that came over an IPv6 socket (::ffff:10.0.0.1) as what it is; any other one
 * unchanged. The port stays. */
struct address address_unmapped(const struct address *address);

/* A network in CIDR notation (RFC 4632): `10.0.0.0/8`, `fd00::/8`; without a slash one address. */
struct network {
    struct address address;
    unsigned prefix;
};

/* Returns 0 or -EINVAL with *ret_why (a constant string, for a person). Bits behind the prefix
 * must be zero: 10.0.0.1/8 is more often a slip than a wish. */
int network_parse(const char *text, struct network *ret_network, const char **ret_why);

/* Writes it as it is read, into the buffer, and returns it. */
#define NETWORK_TEXT_MAX (ADDRESS_TEXT_MAX + 8)
const char *network_format(const struct network *network, char text[NETWORK_TEXT_MAX]);

/* An IPv4 client that came over an IPv6 socket (::ffff:10.0.0.1) counts as IPv4. */
bool network_contains(const struct network *network, const struct address *address);

#endif
