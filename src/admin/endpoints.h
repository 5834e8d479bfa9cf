#ifndef REDIAL_ADMIN_ENDPOINTS_H
#define REDIAL_ADMIN_ENDPOINTS_H

#include <jansson.h>

#include "daemon/service.h"

/* The endpoints of an upstream, as JSON. Main thread. */

/* What an endpoint is, in one word: "up", "fresh", "ejected", "failing-checks" or "draining". */
const char *endpoint_state(const struct endpoint *endpoint);

/* An array of all, in the order of the set. A new reference, or NULL without memory. */
json_t *endpoints_json(const struct service *service);

#endif
