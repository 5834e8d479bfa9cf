#ifndef REDIAL_ADMIN_METRICS_H
#define REDIAL_ADMIN_METRICS_H

#include <stdio.h>

#include "daemon/server.h"

/* Endpoints of one upstream that have labels of their own; the others are summed up as
 * endpoint="other", so that a monitoring system is not flooded. */
#define METRICS_ENDPOINTS_MOST 100

/* Writes what the process counts in Prometheus's text format, version 0.0.4; redial(8) describes
 * each metric. Main thread. */
void metrics_write(struct server *server, FILE *out);

#endif
