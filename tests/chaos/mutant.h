/* A relay that harms what it carries, to be put between the clients and redial: what it does must
 * be found out. */
#ifndef CHAOS_MUTANT_H
#define CHAOS_MUTANT_H

#include <stdbool.h>
#include <sys/types.h>

/* Whether there is a kind of this name: "none", which harms nothing, and those that do. */
bool mutant_is_known(const char *kind);

/* Starts one in a process of its own; addresses are pairs of where it listens and where it connects
 * to, NULL at the end. Waits until it listens. Aborts on failure. */
pid_t mutant_start(const char *kind, const char *const *addresses);

#endif
