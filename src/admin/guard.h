#ifndef REDIAL_ADMIN_GUARD_H
#define REDIAL_ADMIN_GUARD_H

#include <stdbool.h>

/* What tells who asks. Texts that are not there are NULL. */
struct guard_request {
    bool tcp;              /* not over a Unix socket, whose permissions say who may connect */
    bool post;             /* it changes something */
    const char *host;      /* the Host header */
    const char *authority; /* the host in the first line, without its port (absolute-form) */
    const char *origin;    /* the Origin header */
};

/* Whether the request may be answered. A page of any web site can have the operator's browser
 * connect to a loopback port, also under a name of its own that it has turned to 127.0.0.1. Such a
 * request names a foreign host, or a foreign origin (RFC 6454); and over TCP, which every user of
 * this host has, nothing is changed at all. Returns NULL, or why not, a line for a person. */
const char *guard_check(const struct guard_request *request);

#endif
