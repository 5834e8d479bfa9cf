#include "config/listen.h"

#include <errno.h>
#include <string.h>

int listen_parse(const char *text, struct listen ret_listen[LISTEN_EXPANSION_MAX],
                 const char **ret_why)
{
    uint16_t port;
    if (text[strspn(text, "0123456789")] == '\0') {
        if (address_parse_port(text, &port) < 0) {
            *ret_why = "a port is a number from 1 to 65535";
            return -EINVAL;
        }
        struct in_addr loopback = {.s_addr = htonl(INADDR_LOOPBACK)};
        ret_listen[0] = (struct listen){.address = address_ipv4(&loopback, port)};
        ret_listen[1] =
            (struct listen){.address = address_ipv6(&in6addr_loopback, port), .optional = true};
        return 2;
    }
    if (strncmp(text, "unix:", 5) == 0 || strncmp(text, "systemd:", 8) == 0) {
        *ret_why = "this version listens on 127.0.0.1:PORT, [::1]:PORT or PORT only";
        return -EINVAL;
    }
    if ((text[0] == ':' && text[1] != ':') || text[0] == '*') {
        *ret_why = "write the address: 127.0.0.1:PORT, or 0.0.0.0:PORT together with allow";
        return -EINVAL;
    }
    ret_listen[0] = (struct listen){.optional = false};
    return address_parse(text, &ret_listen[0].address, ret_why) < 0 ? -EINVAL : 1;
}
