#ifndef REDIAL_DAEMON_MANAGER_H
#define REDIAL_DAEMON_MANAGER_H

#include <sys/types.h>

#include "base/clock.h"

struct engine;

/* What the service manager that started this process hears of it (sd_notify(3)): nothing, where
 * there is none. Belongs to the main thread. */
struct manager;

/* Returns NULL without memory. */
struct manager *manager_new(struct engine *engine);

/* The process serves. The manager hears it once `predecessor`, a descriptor which is taken over
 * (-1: there is none), is at its end: until then another process speaks. */
void manager_serve(struct manager *manager, int predecessor);

void manager_reloading(struct manager *manager);

/* The reload is over, whatever it came to. */
void manager_reloaded(struct manager *manager);

/* The end begins, and takes so long at the most. */
void manager_stopping(struct manager *manager, usec_t within);

/* Another process is the service's main one from now on. */
void manager_hand_over(struct manager *manager, pid_t successor);

/* Accepts NULL. */
void manager_free(struct manager *manager);

#endif
