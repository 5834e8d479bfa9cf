#ifndef REDIAL_DISCOVERY_ENDPOINT_H
#define REDIAL_DISCOVERY_ENDPOINT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
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
    _Atomic uint8_t reason;    /* of the last ejection: 1 + enum eject_event; 0: there was none */
    uint8_t seat;              /* its place in the batch that it was made in */
    _Atomic int64_t failed_at; /* clock_now() of the last failure; 0: none */
    _Atomic int64_t awaited_since; /* begin of a connect after which none was accepted; 0: none */

    /* These belong to proxy/eject, and so does `reason`. */
    _Atomic uint16_t strikes[2]; /* halves, in a row: by connects, by early resets */
    _Atomic uint32_t ejections;  /* and failed probes since it was well for long: the back-off */
    _Atomic int64_t turned_at;   /* when strikes ejected it last, or it came back from that */
    _Atomic int64_t probe_at;    /* when redial may try whether it is back; 0: not to be tried */
};

/* Memory that each address of each upstream costs. */
#define ENDPOINT_SIZE_MOST 112
_Static_assert(sizeof(struct endpoint) <= ENDPOINT_SIZE_MOST, "an endpoint is small");

/* A new one with one reference, or NULL where there is no memory. */
struct endpoint *endpoint_new(const struct address *address);

/* As many, each with one reference, in one block of memory, which is freed with the last of them:
 * ENDPOINTS_MOST at the most. Returns false, and makes none, where there is no memory. Who sees to
 * use after free(3) sees none in a block, so it has one. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ENDPOINTS_MOST 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define ENDPOINTS_MOST 1
#elif !defined(ENDPOINTS_MOST)
#define ENDPOINTS_MOST 8
#endif
bool endpoints_new(const struct address *addresses, size_t count, struct endpoint **ret_endpoints);

/* Counts a connect that succeeded after `span` microseconds. Any thread. */
void endpoint_accepted(struct endpoint *endpoint, int64_t span);

/* How long its connects take, in microseconds, smoothed: each one weighs an eighth, and all before
 * it the rest. 0: none has succeeded yet. Any thread. */
int64_t endpoint_connect_time(const struct endpoint *endpoint);

/* Any thread. The last endpoint_unref() frees; NULL is accepted. */
struct endpoint *endpoint_ref(struct endpoint *endpoint);
void endpoint_unref(struct endpoint *endpoint);

#endif
