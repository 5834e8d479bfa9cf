#ifndef REDIAL_DAEMON_LINGER_H
#define REDIAL_DAEMON_LINGER_H

struct engine;

/* How a process stops whose application stops at the same moment (`stop-mode = linger`): it goes on
 * accepting until no connection was open for a second. Belongs to the main thread. */
struct lingering;

/* Begins. `over` is told once, and never before this returns. Returns NULL without memory. */
struct lingering *linger_new(struct engine *engine, void (*over)(void *arg), void *arg);

/* Accepts NULL. */
void linger_free(struct lingering *linger);

#endif
