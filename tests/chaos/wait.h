/* How long clients wait for a backend: not long, while one is well that redial knows. */
#ifndef CHAOS_WAIT_H
#define CHAOS_WAIT_H

#include "stage.h"

/* A storm begins: redial knows every backend. */
void wait_begin(struct stage *stage);

/* To be called each turn: who is well. */
void wait_look(struct stage *stage, int64_t now_ms);

/* Looks whether a backend has met the client by now, and whether that took too long. */
void wait_check(struct stage *stage, struct caller *caller);

#endif
