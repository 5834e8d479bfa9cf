/* What clients do: drawn by chance. */
#ifndef CHAOS_PLAN_H
#define CHAOS_PLAN_H

#include "stage.h"

/* Starts the clients that are due by now, at a steady rate. */
void plan_clients(struct stage *stage);

/* Starts so many at once. */
void plan_crowd(struct stage *stage, unsigned upstream, unsigned count);

#endif
