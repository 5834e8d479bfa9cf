#ifndef REDIAL_PROXY_DIAL_H
#define REDIAL_PROXY_DIAL_H

#include "discovery/endpoint.h"
#include "proxy/connect.h"
#include "proxy/view.h"

struct stream;

enum dial_outcome {
    DIAL_CONNECTED,
    DIAL_EXHAUSTED,   /* `attempts` connects were made, none was accepted */
    DIAL_DEADLINE,    /* the client's time was over, and none had been accepted */
    DIAL_NO_ADDRESS,  /* it was over, and DNS had not named any address */
    DIAL_LOCAL_FAULT, /* it was over, and this host could not start a single connect */
};

struct dial_result {
    enum dial_outcome outcome;
    unsigned attempts;         /* connects that were started */
    usec_t at;                 /* connected: when */
    struct stream *stream;     /* connected: owned by the callee from now on */
    struct endpoint *endpoint; /* connected: likewise, to be given to balance_release() */
};

/* One client's way to an endpoint. */
struct dial;

/* The dial is gone when this is called. */
typedef void dial_callback(void *arg, const struct dial_result *result);

/* Tries endpoints of the view until one accepts. After a failure the next one is tried at once; a
 * connect that takes longer than hedge-after gets one to another endpoint beside it, and who is
 * first wins; when all have failed, they are tried again after a pause, new ones first. Where none
 * is known, it waits. A fault of this host blames no endpoint, and what it bars is tried again. Of
 * everything else that is found, the endpoint's ejection learns (view_note()).
 *
 * Never calls back before it returns; then exactly one callback within the upstream's deadline,
 * unless dial_cancel() is called first. Returns 0 or -ENOMEM. The view counts: view_count(). */
int dial_start(struct view *view, dial_callback *callback, void *arg, struct dial **ret_dial);

/* The connects started so far. */
unsigned dial_attempts(const struct dial *dial);

/* Stops dialling; no callback comes and no endpoint is blamed. Accepts NULL. */
void dial_cancel(struct dial *dial);

#endif
