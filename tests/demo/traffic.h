/* Requests through redial, a new connection each, and who answered them. */
#ifndef DEMO_TRAFFIC_H
#define DEMO_TRAFFIC_H

#include "stage.h"

struct traffic {
    unsigned served[STAGE_BACKENDS + 1]; /* by the backend's number */
    unsigned failed;
    unsigned sent;
};

/* Sends one request and counts it. */
void traffic_request(struct traffic *traffic, const struct stage *stage);

/* Sends count requests, evenly over ms milliseconds, and draws who answered. */
void traffic_send(struct traffic *traffic, const struct stage *stage, unsigned count, int ms);

/* Sends requests until this backend has answered one, for ms milliseconds at most: how many
 * milliseconds that took, -1 when the time was over. */
int traffic_send_until(struct traffic *traffic, const struct stage *stage, int number, int ms);

#endif
