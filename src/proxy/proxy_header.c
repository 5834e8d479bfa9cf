#include "proxy/proxy_header.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The thirteenth byte of version 2: version and command; and the fourteenth: family and protocol.
 */
#define V2_LOCAL 0x20
#define V2_PROXY 0x21
#define V2_UNSPEC 0x00
#define V2_TCP4 0x11
#define V2_TCP6 0x21

static const uint8_t v2_signature[12] = {'\r', '\n', '\r', '\n', 0,   '\r',
                                         '\n', 'Q',  'U',  'I',  'T', '\n'};

/* IPv6 as groups of hexadecimal digits, the only form that version 1 knows; inet_ntop(3) writes
 * the last four bytes of some in the manner of IPv4. */
static void format_ipv6(const struct in6_addr *ip, char text[INET6_ADDRSTRLEN])
{
    inet_ntop(AF_INET6, ip, text, INET6_ADDRSTRLEN);
    char *last = strrchr(text, ':') + 1;
    if (strchr(last, '.'))
        snprintf(last, 10, "%x:%x", ip->s6_addr[12] << 8 | ip->s6_addr[13],
                 ip->s6_addr[14] << 8 | ip->s6_addr[15]);
}

static void format_ip(const struct address *address, char text[INET6_ADDRSTRLEN])
{
    if (address->family == AF_INET6)
        format_ipv6(&address->in6.sin6_addr, text);
    else
        inet_ntop(AF_INET, &address->in.sin_addr, text, INET6_ADDRSTRLEN);
}

static size_t write_v1(const struct address *client, const struct address *reached, char *header)
{
    char line[PROXY_HEADER_MAX + 1], from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];
    int length;
    if (client->family == AF_UNSPEC) {
        length = snprintf(line, sizeof line, "PROXY UNKNOWN\r\n");
    } else {
        format_ip(client, from);
        format_ip(reached, to);
        length = snprintf(line, sizeof line, "PROXY %s %s %s %u %u\r\n",
                          client->family == AF_INET6 ? "TCP6" : "TCP4", from, to,
                          address_port(client), address_port(reached));
    }
    memcpy(header, line, (size_t)length);
    return (size_t)length;
}

static char *put(char *at, const void *bytes, size_t size)
{
    memcpy(at, bytes, size);
    return at + size;
}

/* Everything in network order, as the sockets' addresses have it already. */
static char *put_addresses(char *at, const struct address *client, const struct address *reached)
{
    if (client->family == AF_INET6) {
        at = put(at, &client->in6.sin6_addr, sizeof client->in6.sin6_addr);
        at = put(at, &reached->in6.sin6_addr, sizeof reached->in6.sin6_addr);
        at = put(at, &client->in6.sin6_port, sizeof client->in6.sin6_port);
        return put(at, &reached->in6.sin6_port, sizeof reached->in6.sin6_port);
    }
    at = put(at, &client->in.sin_addr, sizeof client->in.sin_addr);
    at = put(at, &reached->in.sin_addr, sizeof reached->in.sin_addr);
    at = put(at, &client->in.sin_port, sizeof client->in.sin_port);
    return put(at, &reached->in.sin_port, sizeof reached->in.sin_port);
}

static size_t write_v2(const struct address *client, const struct address *reached, char *header)
{
    bool told = client->family != AF_UNSPEC;
    uint8_t family = client->family == AF_INET6 ? V2_TCP6 : told ? V2_TCP4 : V2_UNSPEC;
    const uint8_t command[2] = {told ? V2_PROXY : V2_LOCAL, family};
    char *length = put(put(header, v2_signature, sizeof v2_signature), command, sizeof command);
    char *addresses = length + sizeof(uint16_t);
    char *end = told ? put_addresses(addresses, client, reached) : addresses;
    uint16_t size = htons((uint16_t)(end - addresses));
    put(length, &size, sizeof size);
    return (size_t)(end - header);
}

size_t proxy_header_write(enum proxy_protocol version, const struct address *client,
                          const struct address *reached, char ret_header[PROXY_HEADER_MAX])
{
    struct address from = address_unmapped(client), to = address_unmapped(reached);
    if (from.family != to.family) { /* the header has one family: the sockets' own, if any */
        from = client->family == reached->family ? *client : (struct address){0};
        to = *reached;
    }
    return version == PROXY_PROTOCOL_V1 ? write_v1(&from, &to, ret_header)
                                        : write_v2(&from, &to, ret_header);
}
