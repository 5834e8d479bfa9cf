#ifndef REDIAL_DAEMON_PLAN_H
#define REDIAL_DAEMON_PLAN_H

#include "daemon/engine.h"

/* What is to be done so that the process serves another configuration: made aside, then carried out
 * as a whole or not at all. The start is one too, from nothing. Belongs to the main thread, and to
 * one turn of its loop. */
struct plan;

/* What a plan came to, for who reports it. */
struct plan_result {
    size_t kept, changed, added, dropped; /* upstreams */
};

struct known;

/* Opens the sockets that are new, starts to discover what is new, and makes all that the workers
 * need. `known` (or NULL) has the addresses that serve a new upstream until DNS names some. Says in
 * the log what cannot be done. Returns 0 or -errno; then nothing is changed. */
int plan_new(struct engine *engine, struct config *config, const struct known *known,
             struct plan **ret_plan);

/* Carries it out, which cannot fail, and frees it. */
struct plan_result plan_commit(struct plan *plan);

/* Whatever was made for it is given back. Accepts NULL. */
void plan_free(struct plan *plan);

#endif
