/* Between storms everybody comes to an end, and everything is looked at. */
#ifndef CHAOS_REST_H
#define CHAOS_REST_H

#include "flat.h"
#include "stage.h"

/* What is remembered from rest to rest. */
struct rest {
    struct flat flat;
    pid_t process; /* whose counters these are: what they were at the last rest */
    uint64_t opened[STAGE_UPSTREAMS], up[STAGE_UPSTREAMS], down[STAGE_UPSTREAMS];
    uint64_t ended[STAGE_UPSTREAMS][3]; /* closed, client-reset, endpoint-reset */
    uint64_t clients, whole, left, broken, unmet, bytes;
};

/* Waits until redial knows all that DNS names. */
void rest_begin(struct stage *stage, struct rest *rest);

/* Takes the rest; what may not be is a fault of the stage. */
void rest_take(struct stage *stage, struct rest *rest);

#endif
