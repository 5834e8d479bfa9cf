#ifndef REDIAL_DISCOVERY_ENDPOINT_H
#define REDIAL_DISCOVERY_ENDPOINT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"

/* One address of an upstream, with what is known of it. It lives on from set to set while its
 * address stays, and beyond that while a connection holds it. Shared by all threads: the address
 * never changes, the rest is atomic. */
struct endpoint {
    _Atomic unsigned references;
    struct address address;
    _Atomic uint32_t active; /* connections open or being opened */

    /* These two belong to the one balancer that it is in, see proxy/balance. */
    uint32_t slot;               /* one more than its place in the newest set; 0: not in it */
    _Atomic int64_t fresh_since; /* when it came to others that served already; 0: long ago */

    _Atomic uint64_t accepted;     /* connects that succeeded */
    _Atomic uint64_t failed;       /* connects that did not, by the endpoint's fault */
    _Atomic uint32_t connect_time; /* what endpoint_connect_time() says, in eighths of it */
    _Atomic bool failure_told;     /* the main thread has a failure to look at still */
    _Atomic uint8_t ejected;       /* out of rotation, and why: bits of proxy/eject.h; 0: in */
    _Atomic int64_t failed_at;     /* clock_now() of the last failure; 0: none */
    _Atomic int64_t awaited_since; /* begin of a connect after which none was accepted; 0: none */

    /* These belong to proxy/eject. */
    _Atomic uint8_t reason;      /* of the last ejection: 1 + enum eject_event; 0: there was none */
    _Atomic uint32_t strikes[2]; /* halves, in a row: by connects, by early resets */
    _Atomic uint32_t ejections;  /* and failed probes since it was well for long: the back-off */
    _Atomic int64_t turned_at;   /* when strikes ejected it last, or it came back from that */
    _Atomic int64_t probe_at;    /* when redial may try whether it is back; 0: not to be tried */
};

/* A new one with one reference, or NULL where there is no memory. */
struct endpoint *endpoint_new(const struct address *address);

/* Counts a connect that succeeded after `span` microseconds. Any thread. */
void endpoint_accepted(struct endpoint *endpoint, int64_t span);

/* How long its connects take, in microseconds, smoothed: each one weighs an eighth, and all before
 * it the rest. 0: none has succeeded yet. Any thread. */
int64_t endpoint_connect_time(const struct endpoint *endpoint);

/* Any thread. The last endpoint_unref() frees; NULL is accepted. */
struct endpoint *endpoint_ref(struct endpoint *endpoint);
void endpoint_unref(struct endpoint *endpoint);

#endif
