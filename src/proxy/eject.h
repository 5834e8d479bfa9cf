#ifndef REDIAL_PROXY_EJECT_H
#define REDIAL_PROXY_EJECT_H

#include <stdbool.h>

#include "base/clock.h"
#include "config/model.h"
#include "discovery/endpoint.h"
#include "discovery/endpoint_set.h"

/* Which endpoints are out of rotation: what each finding about one does to it. All of it is atomic:
 * every thread notes what it finds, and sees at once what the others found. */

/* Why an endpoint is out, as bits of its `ejected`. */
enum { EJECTED_BY_STRIKES = 1, EJECTED_BY_CHECKS = 2, EJECTED_BY_OPERATOR = 4 };

/* What was found. */
enum eject_event {
    EJECT_REFUSED,
    EJECT_UNREACHABLE,
    EJECT_TIMED_OUT,
    EJECT_LOST,           /* still pending when a connect that began hedge-after later succeeded */
    EJECT_RESET_UNASKED,  /* accepted, and reset at once before a byte went either way */
    EJECT_RESET_ASKED,    /* accepted, and reset at once when the client's first bytes came */
    EJECT_ACCEPTED,       /* a client's connect succeeded */
    EJECT_SERVED,         /* it sent a client something */
    EJECT_BARRED,         /* this host has no port, permission or address towards it */
    EJECT_LACKED,         /* this host has no descriptor or memory */
    EJECT_PROBE_ACCEPTED, /* redial's own connect succeeded, after it was ejected */
    EJECT_PROBE_FAILED,
    EJECT_CHECKS_FELL, /* so many active checks in a row failed */
    EJECT_CHECKS_ROSE, /* so many succeeded */
    EJECT_DRAINED,     /* the operator wants no new connections to it */
    EJECT_UNDRAINED,   /* … no more */
    EJECT_EVENTS
};

/* What that does. */
enum eject_verdict {
    EJECT_NOTHING,
    EJECT_HALF,     /* half a strike: two in a row are one */
    EJECT_STRIKE,   /* `failures` of them in a row eject */
    EJECT_CLEAR,    /* the strikes of its kind are forgotten */
    EJECT_FORGIVE,  /* and it returns, if what was found is newer than the ejection */
    EJECT_BACK_OFF, /* stays out, for twice as long */
    EJECT_CLOSE,    /* out until who says so says otherwise: the checks, the operator */
    EJECT_OPEN,
};

/* The table. */
enum eject_verdict eject_verdict(enum eject_event event);

/* The word for it in the log: `timed-out`. */
const char *eject_event_name(enum eject_event event);

/* Whether the endpoint is in rotation or not has changed by what was noted. Of all threads that
 * note at a time, exactly one is told. */
enum eject_turn {
    EJECT_STAYS,
    EJECT_LEAVES,
    EJECT_RETURNS,
    EJECT_CHANGES, /* it is out as before, for other reasons */
};

struct eject_result {
    enum eject_turn turn;
    bool failed; /* it counts as a failed connect: a whole strike by a connect */
};

/* Notes a finding. `started` is when the connect began that showed it: what is older than the
 * endpoint's last turn is no news and turns nothing. `set` is where the endpoint stands now. Any
 * thread. */
struct eject_result eject_note(struct endpoint *endpoint, enum eject_event event, usec_t started,
                               const struct upstream_options *options,
                               const struct endpoint_set *set);

/* Whether the endpoint is out of rotation. Any thread. */
static inline bool eject_is_out(const struct endpoint *endpoint)
{
    return atomic_load_explicit(&endpoint->ejected, memory_order_relaxed) != 0;
}

/* Whether the operator wants no new connections to it. Any thread. */
static inline bool eject_is_drained(const struct endpoint *endpoint)
{
    return atomic_load_explicit(&endpoint->ejected, memory_order_relaxed) & EJECTED_BY_OPERATOR;
}

/* The word for what ejected the endpoint last, also when it has come back since; NULL: nothing
 * ever did. Any thread. */
const char *eject_reason(const struct endpoint *endpoint);

/* When redial may try whether an endpoint is back that strikes ejected; 0: it is not to be tried.
 * Any thread. */
usec_t eject_probe_at(const struct endpoint *endpoint);

#endif
