#ifndef REDIAL_ADMIN_STATUS_H
#define REDIAL_ADMIN_STATUS_H

#include <jansson.h>

#include "daemon/server.h"
#include "daemon/service.h"

/* What the process does, as JSON; redial(8) describes it field by field. Each function returns a
 * new reference, or NULL without memory. Main thread. */

/* All of it, as GET /status has it. */
json_t *status_json(struct server *server);

/* The story of one upstream, as GET /explain has it. */
json_t *status_explain(const struct service *service);

#endif
