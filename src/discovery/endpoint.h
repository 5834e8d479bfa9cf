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
    _Atomic uint32_t active;   /* connections open or being opened */
    _Atomic uint64_t accepted; /* connects that succeeded */
    _Atomic uint64_t failed;   /* connects that did not, by the endpoint's fault */
    _Atomic bool failure_told; /* the main thread has a failure to look at still */
};

/* A new one with one reference, or NULL where there is no memory. */
struct endpoint *endpoint_new(const struct address *address);

/* Any thread. The last endpoint_unref() frees; NULL is accepted. */
struct endpoint *endpoint_ref(struct endpoint *endpoint);
void endpoint_unref(struct endpoint *endpoint);

/* The addresses of an upstream at one moment, sorted. Immutable; shared by reference count. */
struct endpoint_set {
    _Atomic unsigned references;
    size_t count;
    struct endpoint *endpoints[];
};

/* The set of these addresses (sorted, each once), in which every endpoint that `previous` (NULL:
 * none) had is the same object. Returns NULL where there is no memory. */
struct endpoint_set *endpoint_set_new(const struct endpoint_set *previous,
                                      const struct address *addresses, size_t count);

struct endpoint_set *endpoint_set_ref(struct endpoint_set *set);
void endpoint_set_unref(struct endpoint_set *set);

/* The endpoint with this address, or NULL. */
struct endpoint *endpoint_set_find(const struct endpoint_set *set, const struct address *address);

#endif
