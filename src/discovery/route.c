#include "discovery/route.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>

static bool reaches_out(const struct ifaddrs *entry)
{
    if (!entry->ifa_addr || entry->ifa_addr->sa_family != AF_INET6 ||
        !(entry->ifa_flags & IFF_UP) || entry->ifa_flags & IFF_LOOPBACK)
        return false;
    const struct sockaddr_in6 *address = (const struct sockaddr_in6 *)(const void *)entry->ifa_addr;
    return !IN6_IS_ADDR_LINKLOCAL(&address->sin6_addr) &&
           !IN6_IS_ADDR_LOOPBACK(&address->sin6_addr);
}

bool route_has_ipv6(void)
{
    struct ifaddrs *entries = NULL;
    bool found = false;
    if (getifaddrs(&entries) < 0)
        return true; /* in doubt DNS is asked */
    for (const struct ifaddrs *entry = entries; entry && !found; entry = entry->ifa_next)
        found = reaches_out(entry);
    freeifaddrs(entries);
    return found;
}
