#ifndef REDIAL_DISCOVERY_ROUTE_H
#define REDIAL_DISCOVERY_ROUTE_H

#include <stdbool.h>

/* Whether this host can reach other hosts by IPv6, as far as it can be known without asking them:
 * it has an address that is neither loopback nor link-local (as AI_ADDRCONFIG of RFC 3493 §6.1
 * wants it), on an interface that is up. */
bool route_has_ipv6(void);

#endif
