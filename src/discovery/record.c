#include "discovery/record.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *dns_type_name(enum dns_type type)
{
    return type == DNS_TYPE_A ? "A" : type == DNS_TYPE_AAAA ? "AAAA" : "SRV";
}

struct record record_of(struct address address)
{
    if (address.family == AF_INET6)
        return (struct record){.ipv6 = address.in6.sin6_addr,
                               .scope = address.in6.sin6_scope_id,
                               .type = DNS_TYPE_AAAA};
    return (struct record){.ipv4 = address.in.sin_addr, .type = DNS_TYPE_A};
}

struct address record_address(const struct record *record)
{
    if (record->type == DNS_TYPE_A)
        return address_ipv4(&record->ipv4, 0);
    struct address address = address_ipv6(&record->ipv6, 0);
    address.in6.sin6_scope_id = record->scope;
    return address;
}

int record_compare(const struct record *a, const struct record *b)
{
    if (a->type != b->type)
        return a->type < b->type ? -1 : 1;
    if (a->type == DNS_TYPE_A)
        return memcmp(&a->ipv4, &b->ipv4, sizeof a->ipv4);
    bool srv = record_is_srv(a);
    int order = srv ? strcmp(a->target, b->target) : memcmp(&a->ipv6, &b->ipv6, sizeof a->ipv6);
    if (order != 0)
        return order;
    return srv ? (a->port > b->port) - (a->port < b->port)
               : (a->scope > b->scope) - (a->scope < b->scope);
}

bool record_copy(struct record *ret_copy, const struct record *record)
{
    char *target = record_is_srv(record) ? strdup(record->target) : NULL;
    if (record_is_srv(record) && !target)
        return false;
    *ret_copy = *record;
    if (target)
        ret_copy->target = target;
    return true;
}

void record_clear(struct record *record)
{
    if (!record_is_srv(record))
        return;
    free(record->target);
    record->target = NULL;
}

const char *record_format(const struct record *record, char text[RECORD_TEXT_MAX])
{
    if (record_is_srv(record))
        snprintf(text, RECORD_TEXT_MAX, "%s:%u", record->target, record->port);
    else if (record->type == DNS_TYPE_AAAA)
        inet_ntop(AF_INET6, &record->ipv6, text, RECORD_TEXT_MAX);
    else
        inet_ntop(AF_INET, &record->ipv4, text, RECORD_TEXT_MAX);
    return text;
}
