#include "base/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct address address_ipv4(const struct in_addr *ip, uint16_t port)
{
    struct address address;
    memset(&address, 0, sizeof address);
    address.in.sin_family = AF_INET;
    address.in.sin_addr = *ip;
    address.in.sin_port = htons(port);
    return address;
}

struct address address_ipv6(const struct in6_addr *ip, uint16_t port)
{
    struct address address;
    memset(&address, 0, sizeof address);
    address.in6.sin6_family = AF_INET6;
    address.in6.sin6_addr = *ip;
    address.in6.sin6_port = htons(port);
    return address;
}

struct address address_from_sockaddr(const struct sockaddr *sa, socklen_t length)
{
    struct address address;
    memset(&address, 0, sizeof address);
    if (length == sizeof(struct sockaddr_in) && sa->sa_family == AF_INET)
        memcpy(&address.in, sa, sizeof address.in);
    else if (length == sizeof(struct sockaddr_in6) && sa->sa_family == AF_INET6)
        memcpy(&address.in6, sa, sizeof address.in6);
    return address;
}

/* An interface by its name or its number; 0 where it is neither. */
static unsigned parse_scope(const char *text)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    if (*text >= '0' && *text <= '9' && *end == '\0' && number <= UINT32_MAX)
        return (unsigned)number;
    return if_nametoindex(text);
}

bool address_parse_ip(const char *text, uint16_t port, struct address *ret_address)
{
    struct in_addr ip4;
    struct in6_addr ip6;
    if (inet_pton(AF_INET, text, &ip4) == 1) {
        *ret_address = address_ipv4(&ip4, port);
        return true;
    }
    char bare[INET6_ADDRSTRLEN + IF_NAMESIZE];
    const char *percent = strchr(text, '%');
    size_t length = percent ? (size_t)(percent - text) : strlen(text);
    if (length >= sizeof bare)
        return false;
    memcpy(bare, text, length);
    bare[length] = '\0';
    if (inet_pton(AF_INET6, bare, &ip6) != 1)
        return false;
    unsigned scope = percent ? parse_scope(percent + 1) : 0;
    if (percent && scope == 0)
        return false;
    *ret_address = address_ipv6(&ip6, port);
    ret_address->in6.sin6_scope_id = scope;
    return true;
}

int address_parse_port(const char *text, uint16_t *ret_port)
{
    unsigned port = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9' && port <= UINT16_MAX; at++)
        port = port * 10 + (unsigned)(*at - '0');
    if (at == text || *at != '\0' || port == 0 || port > UINT16_MAX)
        return -EINVAL;
    *ret_port = (uint16_t)port;
    return 0;
}

static int invalid(const char **ret_why, const char *why)
{
    *ret_why = why;
    return -EINVAL;
}

/* As 1.2.3.4:53:53: before the first colon is what no IPv6 address has there. */
static bool has_two_ports(const char *text)
{
    size_t host = strcspn(text, ":");
    return strspn(text, "0123456789abcdefABCDEF") < host &&
           text[host + strspn(text + host, ":0123456789")] == '\0';
}

int address_parse(const char *text, struct address *ret_address, const char **ret_why)
{
    char host[ADDRESS_TEXT_MAX];
    const char *colon = strrchr(text, ':');
    const char *start = text;
    bool brackets = text[0] == '[';
    if (!brackets && colon && strchr(text, ':') != colon)
        return invalid(ret_why, has_two_ports(text)
                                    ? "it has more than one port: write HOST:PORT"
                                    : "an IPv6 address is written in brackets: [::1]:80");
    if (!colon || (brackets && (colon == text || colon[-1] != ']')))
        return invalid(ret_why, "a port is missing: write HOST:PORT");
    size_t length = (size_t)(colon - text);
    if (brackets) {
        start++;
        length -= 2;
    }
    if (length >= sizeof host)
        return invalid(ret_why, "it is not an IP address");
    memcpy(host, start, length);
    host[length] = '\0';
    uint16_t port;
    if (address_parse_port(colon + 1, &port) < 0)
        return invalid(ret_why, "a port is a number from 1 to 65535");
    struct address address;
    if (!address_parse_ip(host, port, &address) || brackets != (address.family == AF_INET6))
        return invalid(ret_why, "it is not an IP address");
    *ret_address = address;
    return 0;
}

const char *address_format_ip(const struct address *address, char text[ADDRESS_TEXT_MAX])
{
    strcpy(text, "-");
    if (address->family == AF_INET) {
        inet_ntop(AF_INET, &address->in.sin_addr, text, ADDRESS_TEXT_MAX);
    } else if (address->family == AF_INET6) {
        inet_ntop(AF_INET6, &address->in6.sin6_addr, text, ADDRESS_TEXT_MAX);
        size_t length = strlen(text);
        if (address->in6.sin6_scope_id != 0)
            snprintf(text + length, ADDRESS_TEXT_MAX - length, "%%%u",
                     (unsigned)address->in6.sin6_scope_id);
    }
    return text;
}

const char *address_format(const struct address *address, char text[ADDRESS_TEXT_MAX])
{
    char ip[ADDRESS_TEXT_MAX];
    address_format_ip(address, ip);
    if (address->family == AF_INET6)
        snprintf(text, ADDRESS_TEXT_MAX, "[%.60s]:%u", ip, address_port(address));
    else if (address->family == AF_INET)
        snprintf(text, ADDRESS_TEXT_MAX, "%.60s:%u", ip, address_port(address));
    else
        strcpy(text, ip);
    return text;
}

uint16_t address_port(const struct address *address)
{
    return ntohs(address->family == AF_INET6 ? address->in6.sin6_port : address->in.sin_port);
}

void address_set_port(struct address *address, uint16_t port)
{
    if (address->family == AF_INET6)
        address->in6.sin6_port = htons(port);
    else
        address->in.sin_port = htons(port);
}

socklen_t address_length(const struct address *address)
{
    return address->family == AF_INET6 ? sizeof address->in6 : sizeof address->in;
}

int address_compare(const struct address *a, const struct address *b)
{
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    int order;
    if (a->family == AF_INET6) {
        order = memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof a->in6.sin6_addr);
        if (order == 0 && a->in6.sin6_scope_id != b->in6.sin6_scope_id)
            order = a->in6.sin6_scope_id < b->in6.sin6_scope_id ? -1 : 1;
    } else {
        order = memcmp(&a->in.sin_addr, &b->in.sin_addr, sizeof a->in.sin_addr);
    }
    return order != 0 ? order : (int)address_port(a) - (int)address_port(b);
}

/* Apart from address_compare(), since whoever looks for one among many asks this of all. */
bool address_equal(const struct address *a, const struct address *b)
{
    if (a->family != b->family || a->in.sin_port != b->in.sin_port)
        return false;
    if (a->family != AF_INET6)
        return a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
    return a->in6.sin6_scope_id == b->in6.sin6_scope_id &&
           memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof a->in6.sin6_addr) == 0;
}

bool address_is_unspecified(const struct address *address)
{
    if (address->family == AF_INET)
        return address->in.sin_addr.s_addr == htonl(INADDR_ANY);
    return address->family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&address->in6.sin6_addr);
}

bool address_is_loopback(const struct address *address)
{
    if (address->family == AF_INET)
        return ntohl(address->in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    return address->family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&address->in6.sin6_addr);
}

bool address_is_unicast(const struct address *address)
{
    struct address plain = address_unmapped(address);
    if (plain.family == AF_INET6)
        return !IN6_IS_ADDR_UNSPECIFIED(&plain.in6.sin6_addr) &&
               !IN6_IS_ADDR_MULTICAST(&plain.in6.sin6_addr);
    uint32_t ip = ntohl(plain.in.sin_addr.s_addr);
    return ip >> 24 != 0 && !IN_MULTICAST(ip) && ip != INADDR_BROADCAST;
}

struct address address_unmapped(const struct address *address)
{
    struct in_addr ip;
    if (address->family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&address->in6.sin6_addr))
        return *address;
    memcpy(&ip, address->in6.sin6_addr.s6_addr + 12, sizeof ip);
    return address_ipv4(&ip, address_port(address));
}

/* The bytes of the address alone, in network order. */
static const uint8_t *address_bytes(const struct address *address)
{
    return address->family == AF_INET6 ? address->in6.sin6_addr.s6_addr
                                       : (const uint8_t *)&address->in.sin_addr.s_addr;
}

static bool bits_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    if (memcmp(a, b, whole) != 0)
        return false;
    return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

static bool bits_zero_behind(const uint8_t *bytes, unsigned from, unsigned bits)
{
    for (unsigned bit = from; bit < bits; bit++)
        if (bytes[bit / 8] & (0x80u >> bit % 8))
            return false;
    return true;
}

int network_parse(const char *text, struct network *ret_network, const char **ret_why)
{
    char ip[ADDRESS_TEXT_MAX];
    const char *slash = strchr(text, '/');
    size_t length = slash ? (size_t)(slash - text) : strlen(text);
    struct network network;
    if (length >= sizeof ip)
        return invalid(ret_why, "it is not an IP address");
    memcpy(ip, text, length);
    ip[length] = '\0';
    if (!address_parse_ip(ip, 0, &network.address))
        return invalid(ret_why, "it is not an IP address");
    unsigned bits = network.address.family == AF_INET6 ? 128 : 32;
    network.prefix = bits;
    if (slash) {
        uint16_t prefix = 0;
        if (strcmp(slash, "/0") != 0 && address_parse_port(slash + 1, &prefix) < 0)
            return invalid(ret_why, "the prefix behind the slash is not a number");
        if (prefix > bits)
            return invalid(ret_why, "the prefix is longer than the address");
        network.prefix = prefix;
    }
    if (!bits_zero_behind(address_bytes(&network.address), network.prefix, bits))
        return invalid(ret_why, "it has bits set behind its prefix");
    *ret_network = network;
    return 0;
}

bool network_contains(const struct network *network, const struct address *address)
{
    struct address plain = address_unmapped(address);
    return plain.family == network->address.family &&
           bits_equal(address_bytes(&plain), address_bytes(&network->address), network->prefix);
}

const char *network_format(const struct network *network, char text[NETWORK_TEXT_MAX])
{
    char ip[ADDRESS_TEXT_MAX];
    snprintf(text, NETWORK_TEXT_MAX, "%s/%u", address_format_ip(&network->address, ip),
             network->prefix);
    return text;
}
