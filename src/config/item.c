#include "config/item.h"

#include <errno.h>
#include <string.h>

#include "base/address.h"
#include "config/listen.h"
#include "config/target.h"

int item_parse_listen(const char *text, void *items, const char **why)
{
    return listen_parse(text, items, why);
}

int item_parse_target(const char *text, void *items, const char **why)
{
    int result = target_parse(text, items, why);
    return result < 0 ? result : 1;
}

int item_parse_network(const char *text, void *items, const char **why)
{
    return network_parse(text, items, why) < 0 ? -EINVAL : 1;
}

#define DNS_PORT 53

static int check_resolver(const struct address *address, const char **why)
{
    if (address_is_unicast(address))
        return 1;
    *why = "no DNS server can have this address: it is unspecified, multicast or broadcast";
    return -EINVAL;
}

int item_parse_resolver(const char *text, void *items, const char **why)
{
    if (address_parse_ip(text, DNS_PORT, items))
        return check_resolver(items, why);
    if (text[0] == '[' && text[strlen(text) - 1] == ']') {
        *why = "it is not an IP address, or its port is missing behind the bracket";
        return -EINVAL;
    }
    if (!strchr(text, ':')) {
        *why = "a DNS server is an IP address, with :PORT where it is not 53";
        return -EINVAL;
    }
    return address_parse(text, items, why) < 0 ? -EINVAL : check_resolver(items, why);
}

int item_parse_source(const char *text, void *items, const char **why)
{
    struct address *address = items;
    if (!address_parse_ip(text, 0, address)) {
        *why = "it is not an IP address; no port goes with it";
        return -EINVAL;
    }
    if (address_is_unspecified(address)) {
        *why = "it is no address: leave source out for the kernel's choice";
        return -EINVAL;
    }
    return 1;
}

int item_parse_admin(const char *text, void *items, const char **why)
{
    return listen_parse_admin(text, items, why);
}

void item_clear_listen(void *item)
{
    listen_clear(item);
}

void item_clear_target(void *item)
{
    target_clear(item);
}
