#ifndef REDIAL_PROXY_SESSION_H
#define REDIAL_PROXY_SESSION_H

#include "base/address.h"
#include "base/clock.h"

struct view;

/* Why a session ended; the word in the access log is session_end_name(). */
enum session_end {
    SESSION_CLOSED,         /* both sides ended, everything was delivered */
    SESSION_CLIENT_RESET,   /* also: the client went away while it was dialled for */
    SESSION_ENDPOINT_RESET, /* the endpoint reset the connection, or vanished from it */
    SESSION_CONNECT_FAILED, /* no address accepted, in `attempts` connects */
    SESSION_DEADLINE,       /* … in time */
    SESSION_NO_ADDRESS,     /* DNS named none in time */
    SESSION_IDLE,           /* nothing was carried for idle-timeout */
    SESSION_STOPPED,        /* redial stopped first */
    SESSION_LOCAL_FAULT,    /* this host had no memory to carry its bytes */
};

const char *session_end_name(enum session_end end);

/* Takes over a connected client's descriptor and serves it: dials an endpoint and carries the bytes
 * until the end. Returns 0: then `on_end` runs once, when the session has ended and everything is
 * given back, and never before this returns. Returns -errno where it could not start: then the
 * client was reset. */
int session_start(struct view *view, int fd, const struct address *client,
                  void (*on_end)(struct view *view));

/* Ends every session of the view at once. */
void sessions_abort(struct view *view);

/* Ends those that carried nothing for the view's idle-timeout, counted to `now`. */
void sessions_expire(struct view *view, usec_t now);

/* Has the kernel watch the endpoints of connections that are new since the last look, sees to it
 * that user-timeout ends no connection to an endpoint that lives and does not read, and ends those
 * to one that vanished meanwhile. */
void sessions_look(struct view *view);

#endif
