#ifndef REDIAL_DAEMON_ENGINE_H
#define REDIAL_DAEMON_ENGINE_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"
#include "base/mailbox.h"
#include "config/config.h"
#include "daemon/front.h"
#include "discovery/lookup.h"
#include "proxy/health.h"
#include "proxy/limit.h"
#include "proxy/worker.h"

/* What all upstreams of the process share: the main thread's loop, DNS, the workers. Belongs to the
 * main thread. */
struct engine {
    struct config *config; /* in use */
    struct event_base *base;
    struct mailbox *mailbox; /* of the main thread */
    struct event *mail;
    struct resolver *resolver;
    struct lookups *lookups;
    struct health *health;
    struct process_limit clients;
    struct crew *crews;
    size_t crew_count;
    size_t crews_drained;
    struct pulse *pulse;
    struct fronts fronts;
    struct list services; /* in the order of the configuration */
    struct list leaving;  /* services that the configuration has no more, with open connections */
    bool stopping;
    void (*on_drained)(void *arg); /* after engine_stop(), when the last connection has ended */
    void *arg;
};

/* One worker in the main thread. */
struct crew {
    struct engine *engine;
    struct worker *worker;
    struct message drained;
};

/* An engine that has nothing yet, in zeroed memory: engine_join() and engine_clear() accept it. */
void engine_init(struct engine *engine);

/* Starts the loop, DNS and the workers, as `config` says, without an upstream yet. Says in the log
 * what fails. Returns 0 or -errno. */
int engine_start(struct engine *engine, struct config *config);

/* The configuration in use from now on, with a reference of the engine's own, and the limits that
 * it sets. */
void engine_use(struct engine *engine, struct config *config);

/* Every worker closes its listeners; open connections go on. Once. */
void engine_stop(struct engine *engine);

/* Ends every connection. */
void engine_abort(struct engine *engine);

/* Connections that are open now. */
unsigned engine_connections(const struct engine *engine);

/* Waits for the workers' end: no message of theirs comes any more. */
void engine_join(struct engine *engine);

/* Frees all that is left, once the services are gone. */
void engine_clear(struct engine *engine);

/* Says in the log that `what` failed. Returns the error. */
int engine_fail(const char *what, int error);

#endif
