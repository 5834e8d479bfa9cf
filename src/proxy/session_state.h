#ifndef REDIAL_PROXY_SESSION_STATE_H
#define REDIAL_PROXY_SESSION_STATE_H

#include "base/address.h"
#include "base/clock.h"
#include "base/list.h"
#include "proxy/loop.h"
#include "proxy/relay.h"
#include "proxy/retire.h"
#include "proxy/session_end.h"
#include "proxy/stall.h"
#include "proxy/talk.h"

/* What session.c, which serves one client, and sessions.c, which sees to all of a view, share. */

/* Dialling while `dial` is set, relaying afterwards. */
struct session {
    struct list node; /* of the view */
    struct view *view;
    struct stream *client, *backend;
    struct dial *dial;
    struct endpoint *endpoint;
    struct relay relay;
    struct stall stall;
    struct talk talk;
    struct retirement retirement;
    struct task again; /* more to relay in the next turn */
    struct address address;
    unsigned attempts;
    bool watched; /* the kernel was told to notice when the endpoint vanishes */
    usec_t started, connected;
    usec_t last_active; /* kept only where an option asks for it: see counts_time() */
    void (*on_end)(struct view *view);
};

/* The one way out of a session. Only what is complete may look complete, so only who knows that it
 * is asks for an orderly end. */
void session_finish(struct session *session, enum session_end end, bool orderly);

#endif
