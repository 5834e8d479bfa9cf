#include "route_rig.h"

#include "discovery/route.h"

bool route_rig_ipv6 = true;

bool route_has_ipv6(void)
{
    return route_rig_ipv6;
}
