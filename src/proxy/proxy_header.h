#ifndef REDIAL_PROXY_PROXY_HEADER_H
#define REDIAL_PROXY_PROXY_HEADER_H

#include <stddef.h>

#include "base/address.h"
#include "config/model.h"

/* The longest header: a line of version 1 (proxy-protocol.txt §2.1). */
#define PROXY_HEADER_MAX 107

/* Writes what HAProxy's PROXY protocol (proxy-protocol.txt) puts before the bytes of a connection
 * from `client` that was accepted at `reached`, in version v1 or v2, and returns its length. IPv4
 * over an IPv6 socket is told as IPv4. A client without an address, as one of a Unix socket, is
 * told as UNKNOWN in v1 and by the LOCAL command in v2: of the ways to say "no address" these are
 * the ones that a receiver should, and must, accept. */
size_t proxy_header_write(enum proxy_protocol version, const struct address *client,
                          const struct address *reached, char ret_header[PROXY_HEADER_MAX]);

#endif
