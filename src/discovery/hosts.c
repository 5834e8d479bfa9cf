#include "discovery/hosts.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>

/* c-ares reads the file afresh at each call and wants a channel, though it asks no server. */
static struct hostent *find(ares_channel channel, const char *name, int family)
{
    struct hostent *host = NULL;
    return ares_gethostbyname_file(channel, name, family, &host) == ARES_SUCCESS ? host : NULL;
}

static struct address address_at(const struct hostent *host, size_t index)
{
    struct in6_addr ip6;
    struct in_addr ip4;
    if (host->h_addrtype == AF_INET6) {
        memcpy(&ip6, host->h_addr_list[index], sizeof ip6);
        return address_ipv6(&ip6, 0);
    }
    memcpy(&ip4, host->h_addr_list[index], sizeof ip4);
    return address_ipv4(&ip4, 0);
}

static void fill(const struct hostent *host, struct answer *answer)
{
    size_t count = 0;
    while (host->h_addr_list[count])
        count++;
    answer->addresses = calloc(count + 1, sizeof *answer->addresses);
    if (!answer->addresses)
        return;
    for (size_t i = 0; i < count; i++)
        answer->addresses[i] = address_at(host, i);
    answer->count = count;
    answer->outcome = ANSWER_ADDRESSES;
    answer_sort(answer);
}

bool hosts_answer(ares_channel channel, const char *name, enum dns_type type,
                  struct answer *ret_answer)
{
    int family = type == DNS_TYPE_A ? AF_INET : AF_INET6;
    struct hostent *host = find(channel, name, family);
    struct hostent *other =
        host ? NULL : find(channel, name, family == AF_INET ? AF_INET6 : AF_INET);
    bool known = host || other;
    if (known) {
        *ret_answer = (struct answer){.outcome = ANSWER_EMPTY, .ttl = HOSTS_TTL};
        if (host)
            fill(host, ret_answer);
    }
    if (host)
        ares_free_hostent(host);
    if (other)
        ares_free_hostent(other);
    return known;
}
