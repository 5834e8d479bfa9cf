#ifndef REDIAL_PROXY_VIEW_H
#define REDIAL_PROXY_VIEW_H

#include "base/clock.h"
#include "base/list.h"
#include "config/config.h"
#include "discovery/endpoint_set.h"
#include "proxy/loop.h"
#include "proxy/upstream.h"

struct acceptor;

/* One upstream as one worker sees it: the configuration and the endpoints that new connections of
 * this thread use. Both are immutable and swapped as a whole. */
struct view {
    struct list node; /* of the worker */
    struct loop *loop;
    struct upstream *upstream;
    struct tally *tally; /* what this worker counts of the upstream; NULL: see view_count() */
    struct config *config;
    const struct upstream_config *options; /* within config */
    struct endpoint_set *set;
    struct list waiters;
    struct list sessions;
    struct acceptor *acceptor; /* whom the end of a session is told */
    usec_t looked;             /* when its sessions were last looked at, by sweep_view() */
    usec_t retire_due;         /* when the first of them is to make room; 0: none */
    usec_t retire_next;        /* not before may the next one be closed for that */
    struct task end;           /* frees it, once it is leaving and its last session has ended */
    bool leaving;              /* the configuration has it no more */
    bool stale;                /* while a configuration is applied: not found in it yet */
    uint32_t worker;           /* the number of this thread */
};

/* Someone who is looking for an endpoint, and is told when there are others, or when some left the
 * rotation or came back. Embedded in its owner, who takes it off the list. */
struct waiter {
    struct list node; /* of the view's waiters */
    void (*news)(struct waiter *waiter);
};

/* A view with references of its own to what it is given, or NULL where there is no memory.
 * `worker` is the number of the thread that it is for, and `index` the upstream's place in the
 * configuration. */
struct view *view_new(struct loop *loop, size_t worker, struct upstream *upstream,
                      struct config *config, size_t index, struct endpoint_set *set);

/* Sees to it that the view has a tally: to be called before the first session, and costs nothing
 * afterwards. Returns false where there is no memory. */
static inline bool view_count(struct view *view)
{
    return view->tally || (view->tally = upstream_tally_of(view->upstream, view->worker));
}

/* A session is to make room from this time on (0: never). */
static inline void view_retire_at(struct view *view, usec_t due)
{
    if (due != 0 && (view->retire_due == 0 || due < view->retire_due))
        view->retire_due = due;
}

/* No session and no waiter may be left. Accepts NULL. */
void view_free(struct view *view);

/* New connections, and what options say of open ones, go by this configuration from now on. */
void view_configure(struct view *view, struct config *config, size_t index);

/* The configuration has the upstream no more: the view is freed when its last session has ended,
 * but not before the caller has returned to the loop. */
void view_leave(struct view *view);

/* A session of the view has ended. */
void view_session_ended(struct view *view);

/* Swaps the endpoints, and tells those who wait. Takes over the caller's reference. */
void view_set_endpoints(struct view *view, struct endpoint_set *set);

/* Tells those who wait that endpoints left the rotation or came back. */
void view_tell(struct view *view);

/* upstream_note() with what the view has. */
void view_note(struct view *view, struct endpoint *endpoint, enum eject_event event,
               usec_t started);

#endif
