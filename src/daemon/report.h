#ifndef REDIAL_DAEMON_REPORT_H
#define REDIAL_DAEMON_REPORT_H

#include <stdbool.h>

#include "base/clock.h"
#include "discovery/answer.h"
#include "discovery/endpoint_set.h"

/* What discovery does, said in the log: each function writes one line. */

/* `previous` NULL: the first set; `ttl` 0: nothing is asked. */
void report_endpoints(const char *upstream, const struct endpoint_set *set,
                      const struct endpoint_set *previous, usec_t ttl);

/* Fits lookup_health(). */
void report_health(void *arg, const char *name, enum dns_type type, enum answer_outcome outcome,
                   bool failing, usec_t retry);

/* Fits resolver_busy(). */
void report_busy(void *arg, unsigned budget);

#endif
