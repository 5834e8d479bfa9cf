#ifndef REDIAL_DAEMON_SERVICE_H
#define REDIAL_DAEMON_SERVICE_H

#include <stdbool.h>

#include "daemon/engine.h"
#include "daemon/sockets.h"
#include "discovery/discovery.h"

/* One upstream in the main thread: how it is configured, who stands behind it, where it listens.
 * Belongs to the main thread, except for what says otherwise. */
struct service {
    struct list node; /* of the engine's services, or of those that leave */
    struct engine *engine;
    struct config *config;
    size_t index; /* its place there */
    struct upstream *upstream;
    struct discovery *discovery; /* NULL: it leaves */
    struct ward *ward;
    struct sockets sockets;
    struct message turned, gone;
    bool loop_told;         /* that DNS names one of our own listeners */
    _Atomic bool turn_told; /* the message is on its way; any thread */
};

/* Makes the service of an upstream and starts to discover; it is on no list yet and listens
 * nowhere. `carried` (or NULL) and `same`: see discovery_new(). Returns 0 or -errno. */
int service_new(struct engine *engine, struct config *config, size_t index,
                struct endpoint_set *carried, bool same, struct service **ret_service);

/* Starts to discover anew, as the upstream at `index` of `config` wants it, with the service's
 * endpoints carried over. Its answers do not count before service_change(). Returns 0 or -errno. */
int service_rediscover(struct service *service, struct config *config, size_t index,
                       struct discovery **ret_discovery);

/* It is the upstream at `index` of `config` from now on, and its endpoints are those of
 * `discovery`, which it takes over; NULL: the one that it has goes on. */
void service_change(struct service *service, struct config *config, size_t index,
                    struct discovery *discovery);

/* The configuration has it no more: it listens nowhere, and is freed when the workers have given up
 * its last connection. */
void service_leave(struct service *service);

/* From now on there are no new connections to the endpoint at this address, unless there is no
 * other one at all; or, with `on` false, there are again. Returns whether the upstream has it. */
bool service_drain(struct service *service, const struct address *endpoint, bool on);

const struct upstream_config *service_config(const struct service *service);

/* Of the engine, by the upstream's name; or NULL. */
struct service *service_find(const struct engine *engine, const char *name);

#endif
