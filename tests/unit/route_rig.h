/* Whether this host has an IPv6 route is the test's to say, in place of discovery/route.c: tests
 * must not depend on the machine's interfaces. */
#ifndef UNIT_ROUTE_RIG_H
#define UNIT_ROUTE_RIG_H

#include <stdbool.h>

/* True at first. */
extern bool route_rig_ipv6;

#endif
