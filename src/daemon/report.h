#ifndef REDIAL_DAEMON_REPORT_H
#define REDIAL_DAEMON_REPORT_H

#include "base/clock.h"
#include "discovery/endpoint_set.h"
#include "discovery/lookup.h"

/* What discovery does, said in the log: each function writes one line. */

/* `previous` NULL: the first set; `ttl` 0: nothing is asked. */
void report_endpoints(const char *upstream, const struct endpoint_set *set,
                      const struct endpoint_set *previous, usec_t ttl);

/* Fits lookup_report(): that a name fails and that it is well again, and at debug level each
 * answer.
 */
void report_lookup(void *arg, const struct lookup_news *news);

/* Fits resolver_reread(). */
void report_reread(void *arg, int error);

/* Fits resolver_busy(). */
void report_busy(void *arg, unsigned budget);

#endif
