#ifndef REDIAL_DISCOVERY_SERVICE_H
#define REDIAL_DISCOVERY_SERVICE_H

#include "base/list.h"
#include "discovery/host.h"

/* What an SRV name stands for (RFC 2782): its targets, and the addresses of each. A target is a
 * host of its own, with its own TTLs; priorities make tiers, in their order. Embedded in its owner.
 * Belongs to the main thread. */
struct service {
    struct source srv;
    struct list targets;
};

/* One target of a service. */
struct service_target {
    struct list node;
    struct record record;
    struct host host;
};

/* Starts the asking, in a zeroed service. Returns 0 or -ENOMEM; then service_stop() is still due.
 */
int service_start(struct service *service, struct scope *scope, const char *name, bool search);
void service_stop(struct service *service);

/* Whether no address of what it consists of now was ever known. */
bool service_is_unknown(const struct service *service);

/* How many addresses there are, and their places. Returns how many were written. */
size_t service_count(const struct service *service);
size_t service_places(const struct service *service, struct place *ret_places);

/* A connect failed: the names are asked again early; a target that the last answer did not name
 * leaves at once, and so does an address of a target. Returns whether the service had the address.
 */
bool service_connect_failed(struct service *service, const struct address *address, usec_t now);

void service_hurry(struct service *service);

#endif
