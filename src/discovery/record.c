#include "discovery/record.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *dns_type_name(enum dns_type type)
{
    return type == DNS_TYPE_A ? "A" : type == DNS_TYPE_AAAA ? "AAAA" : "SRV";
}

int record_compare(const struct record *a, const struct record *b)
{
    if (!a->target || !b->target)
        return address_compare(&a->address, &b->address);
    int order = strcmp(a->target, b->target);
    return order != 0 ? order : (a->port > b->port) - (a->port < b->port);
}

bool record_copy(struct record *ret_copy, const struct record *record)
{
    char *target = record->target ? strdup(record->target) : NULL;
    if (record->target && !target)
        return false;
    *ret_copy = *record;
    ret_copy->target = target;
    return true;
}

void record_clear(struct record *record)
{
    free(record->target);
    record->target = NULL;
}

const char *record_format(const struct record *record, char text[RECORD_TEXT_MAX])
{
    if (record->target)
        snprintf(text, RECORD_TEXT_MAX, "%s:%u", record->target, record->port);
    else if (record->address.family == AF_INET6)
        inet_ntop(AF_INET6, &record->address.in6.sin6_addr, text, RECORD_TEXT_MAX);
    else
        inet_ntop(AF_INET, &record->address.in.sin_addr, text, RECORD_TEXT_MAX);
    return text;
}
