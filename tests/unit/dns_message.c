#include "dns_message.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define HEADER 12

static void put(struct dns_message *message, const void *bytes, size_t length)
{
    if (message->length + length > sizeof message->bytes)
        abort();
    memcpy(message->bytes + message->length, bytes, length);
    message->length += length;
}

static void put16(struct dns_message *message, unsigned number)
{
    put(message, (uint8_t[]){(uint8_t)(number >> 8), (uint8_t)number}, 2);
}

static void put32(struct dns_message *message, uint32_t number)
{
    put16(message, number >> 16);
    put16(message, number & 0xffff);
}

size_t dns_name(const char *name, uint8_t *wire)
{
    size_t length = 0;
    while (*name) {
        size_t label = strcspn(name, ".");
        wire[length++] = (uint8_t)label;
        memcpy(wire + length, name, label);
        length += label;
        name += label + (name[label] == '.');
    }
    wire[length++] = 0;
    return length;
}

static void put_name(struct dns_message *message, const char *name)
{
    uint8_t wire[512];
    if (strcmp(name, "@") == 0)
        put16(message, 0xc000 | HEADER);
    else
        put(message, wire, dns_name(name, wire));
}

void dns_begin(struct dns_message *message, int rcode, const char *name, int type)
{
    message->length = 0;
    put16(message, 0x1234);
    put16(message, 0x8180u | (unsigned)rcode); /* an answer; recursion desired and available */
    put16(message, 1);
    put(message, (uint8_t[6]){0}, 6);
    put_name(message, name);
    put16(message, (unsigned)type);
    put16(message, 1);
}

void dns_record(struct dns_message *message, enum dns_section section, const char *owner, int type,
                int class, uint32_t ttl, const void *data, size_t length)
{
    uint8_t *count = message->bytes + 4 + 2 * (size_t)section;
    unsigned records = (unsigned)(count[0] << 8 | count[1]) + 1;
    count[0] = (uint8_t)(records >> 8);
    count[1] = (uint8_t)records;
    put_name(message, owner);
    put16(message, (unsigned)type);
    put16(message, (unsigned)class);
    put32(message, ttl);
    put16(message, (unsigned)length);
    put(message, data, length);
}

static void add_address(struct dns_message *message, enum dns_section section, const char *owner,
                        uint32_t ttl, const char *ip)
{
    uint8_t bytes[16];
    if (inet_pton(AF_INET, ip, bytes) == 1)
        dns_record(message, section, owner, DNS_A, 1, ttl, bytes, 4);
    else if (inet_pton(AF_INET6, ip, bytes) == 1)
        dns_record(message, section, owner, DNS_AAAA, 1, ttl, bytes, 16);
    else
        abort();
}

void dns_address(struct dns_message *message, const char *owner, uint32_t ttl, const char *ip)
{
    add_address(message, DNS_ANSWER, owner, ttl, ip);
}

void dns_extra(struct dns_message *message, const char *owner, uint32_t ttl, const char *ip)
{
    add_address(message, DNS_ADDITIONAL, owner, ttl, ip);
}

void dns_cname(struct dns_message *message, const char *owner, uint32_t ttl, const char *target)
{
    uint8_t wire[512];
    dns_record(message, DNS_ANSWER, owner, DNS_CNAME, 1, ttl, wire, dns_name(target, wire));
}

void dns_srv(struct dns_message *message, const char *owner, uint32_t ttl, unsigned priority,
             unsigned weight, unsigned port, const char *target)
{
    uint8_t data[600];
    uint16_t numbers[3] = {htons((uint16_t)priority), htons((uint16_t)weight),
                           htons((uint16_t)port)};
    memcpy(data, numbers, sizeof numbers);
    size_t length = dns_name(strcmp(target, ".") == 0 ? "" : target, data + sizeof numbers);
    dns_record(message, DNS_ANSWER, owner, DNS_SRV, 1, ttl, data, sizeof numbers + length);
}

void dns_soa(struct dns_message *message, uint32_t ttl, uint32_t minimum)
{
    uint8_t data[600];
    size_t length = dns_name("ns.test", data);
    length += dns_name("admin.test", data + length);
    uint32_t numbers[5] = {htonl(1), htonl(2), htonl(3), htonl(4), htonl(minimum)};
    memcpy(data + length, numbers, sizeof numbers);
    dns_record(message, DNS_AUTHORITY, "test", DNS_SOA, 1, ttl, data, length + sizeof numbers);
}
