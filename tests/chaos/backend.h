/* A backend: a process of its own, so that it can be killed and frozen for real. */
#ifndef CHAOS_BACKEND_H
#define CHAOS_BACKEND_H

/* Serves until it is killed. Words: LISTENER LEDGER INDEX SEED, all numbers; the first two are
 * descriptors. */
int backend_main(char **words);

#endif
