#ifndef REDIAL_PROXY_LISTENER_H
#define REDIAL_PROXY_LISTENER_H

#include <stddef.h>

#include "base/list.h"
#include "config/listen.h"

struct process_limit;
struct loop;
struct view;

/* What the listeners of one worker have in common: the process's limit, and those that rest because
 * it is reached or because this host has no descriptors. */
struct acceptor;

/* One listening socket in one worker. */
struct listener;

/* Opens a socket that listens on `where`, one of several when `shared` (SO_REUSEPORT of
 * socket(7)). Returns the descriptor or -errno. */
int listener_open(const struct listen *where, bool shared);

/* `process` limits the connections of all workers; it counts each until its session ends. Returns
 * NULL where there is no memory. */
struct acceptor *acceptor_new(struct loop *loop, struct process_limit *process,
                              void (*on_drained)(void *arg), void *arg);

/* No session may be left. Accepts NULL. */
void acceptor_free(struct acceptor *acceptor);

/* One without a socket, for listener_assign(); or NULL where there is no memory. Any thread. */
struct listener *listener_blank(void);

/* Accepts NULL. */
void listener_blank_free(struct listener *blank);

/* From now on who connects to this socket is served by the view: a socket that the acceptor has
 * already, and then nothing is closed or opened, or a new one, which it takes over with `blank` to
 * keep it in. Cannot fail: what this host lacks to watch the socket it is asked for again. `blank`
 * is taken over in either case, and may be NULL where the socket is not new. */
void listener_assign(struct acceptor *acceptor, struct view *view, int fd, struct listener *blank);

/* Sockets that were not assigned between these two calls are closed by the second, once who waits
 * in them is served. */
void acceptor_begin_change(struct acceptor *acceptor);
void acceptor_end_change(struct acceptor *acceptor);

/* Serves what waits in the sockets still, closes them, and calls on_drained() once the last session
 * of this worker has ended: maybe before this returns. */
void acceptor_stop(struct acceptor *acceptor);

#endif
