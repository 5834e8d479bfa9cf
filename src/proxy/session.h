#ifndef REDIAL_PROXY_SESSION_H
#define REDIAL_PROXY_SESSION_H

#include "base/address.h"

struct view;

/* Takes over a connected client's descriptor and serves it: dials an endpoint and carries the bytes
 * until the end. Returns 0: then `on_end` runs once, when the session has ended and everything is
 * given back, and never before this returns. Returns -errno where it could not start: then the
 * client was reset. */
int session_start(struct view *view, int fd, const struct address *client,
                  void (*on_end)(struct view *view));

/* For a client that was gone before its turn came: nothing is dialled for it, the descriptor is
 * closed, and it counts as one that reset its connection. Nobody is called back. */
void session_forgo(struct view *view, int fd, const struct address *client);

#endif
