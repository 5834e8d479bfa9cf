#ifndef REDIAL_PROXY_WORKER_H
#define REDIAL_PROXY_WORKER_H

#include <stddef.h>

#include "config/config.h"
#include "discovery/endpoint_set.h"
#include "proxy/limit.h"
#include "proxy/roster.h"
#include "proxy/upstream.h"

/* A thread with its own event loop, listeners and sessions. Everything here is called by the main
 * thread and reaches the worker as a message; nothing waits for it. */
struct worker;

/* Starts the thread. `number` is its place among the workers, from 0: the upstreams that it is
 * given were made for more. `process` limits the connections of all workers and outlives them.
 * `on_drained` is called on the worker's own thread, once, after worker_stop() when its last
 * session has ended. Returns 0 or -errno. */
int worker_start(size_t number, struct process_limit *process, void (*on_drained)(void *arg),
                 void *arg, struct worker **ret_worker);

/* Gives an assignment of an upstream that the worker does not serve yet what it needs to begin.
 * Returns 0 or -ENOMEM. */
int worker_seat(struct worker *worker, struct roster *roster, struct assignment *assignment);

/* From now on the worker serves what the roster says, and nothing else. An upstream that it served
 * already goes on with the new configuration, and its open connections live on, also where it is
 * not in the roster any more. Sockets that it has stay as they are; others are its own from now on,
 * and those that the roster does not name it closes. Takes the roster over. */
void worker_assign(struct worker *worker, struct roster *roster);

/* New connections of the upstream use this set from now on, unless they have a newer one. */
void worker_set_endpoints(struct worker *worker, struct upstream *upstream,
                          struct endpoint_set *set);

/* Endpoints of the upstream left the rotation or came back: who is dialling looks again. */
void worker_tell(struct worker *worker, struct upstream *upstream);

/* Delivers a message on the worker's own thread, with the worker as its owner. */
void worker_post(struct worker *worker, struct message *message);

/* Closes the listeners; open sessions go on. Call it once. */
void worker_stop(struct worker *worker);

/* Ends every session that is open. */
void worker_abort(struct worker *worker);

/* Ends what is open, waits for the thread to end, and frees the worker. Accepts NULL. */
void worker_join(struct worker *worker);

#endif
