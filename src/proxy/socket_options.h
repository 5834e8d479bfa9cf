#ifndef REDIAL_PROXY_SOCKET_OPTIONS_H
#define REDIAL_PROXY_SOCKET_OPTIONS_H

#include <sys/socket.h>

#include "base/clock.h"

struct upstream_options;

/* Binds a socket that is to connect to an address of this family to the source that the options
 * (NULL: none) have for it, without taking a port yet (IP_BIND_ADDRESS_NO_PORT of ip(7)), so that
 * one port serves many destinations. Returns 0, also without a source, or -errno. */
int socket_bind_source(int fd, sa_family_t family, const struct upstream_options *options);

/* Lets the kernel end the connection when its peer has vanished, as the options say: a peer that
 * answers no probe of an idle connection (SO_KEEPALIVE), or that acknowledges nothing
 * (TCP_USER_TIMEOUT), for user-timeout; tcp(7). */
void socket_watch_peer(int fd, const struct upstream_options *options);

/* The part of it that serves for clients: probes alone, since a client may leave bytes unread for
 * as long as it likes. On a listening socket: for all that it accepts. */
void socket_probe_peer(int fd, const struct upstream_options *options);

#endif
