#include "discovery/host.h"

int host_start(struct host *host, struct scope *scope, const char *name, bool search, uint16_t port)
{
    int result = 0;
    host->port = port;
    if (scope->ipv4)
        result = source_start(&host->a, scope, name, DNS_TYPE_A, search);
    if (result == 0 && scope->ipv6)
        result = source_start(&host->aaaa, scope, name, DNS_TYPE_AAAA, search);
    return result;
}

void host_stop(struct host *host)
{
    source_stop(&host->a);
    source_stop(&host->aaaa);
}

size_t host_count(const struct host *host)
{
    return host->a.membership.count + host->aaaa.membership.count;
}

static size_t source_places(const struct source *source, const struct place *pattern, uint16_t port,
                            struct place *ret_places)
{
    for (size_t i = 0; i < source->membership.count; i++) {
        ret_places[i] = *pattern;
        ret_places[i].address = record_address(&source->membership.members[i].record);
        address_set_port(&ret_places[i].address, port);
    }
    return source->membership.count;
}

size_t host_places(const struct host *host, const struct place *pattern, struct place *ret_places)
{
    size_t count = source_places(&host->a, pattern, host->port, ret_places);
    return count + source_places(&host->aaaa, pattern, host->port, ret_places + count);
}

bool host_connect_failed(struct host *host, const struct address *address, usec_t now)
{
    const struct record record = record_of(*address);
    if (address_port(address) != host->port)
        return false;
    struct source *source = address->family == AF_INET6 ? &host->aaaa : &host->a;
    return source_connect_failed(source, &record, now);
}

static void offer(struct source *source, const struct answer *answer, const char *name,
                  enum dns_type type)
{
    struct answer offered;
    if (!source_started(source) || !answer_from_extras(answer, name, type, &offered))
        return;
    lookup_offer(source->subscription.lookup, &offered);
    answer_clear(&offered);
}

void host_offer(struct host *host, const struct answer *answer, const char *name)
{
    offer(&host->a, answer, name, DNS_TYPE_A);
    offer(&host->aaaa, answer, name, DNS_TYPE_AAAA);
}

void host_hurry(struct host *host)
{
    source_hurry(&host->a);
    source_hurry(&host->aaaa);
}
