/* What GET /status of redial says. */
#ifndef CHAOS_STATUS_H
#define CHAOS_STATUS_H

#include "fleet.h"

#include <jansson.h>

/* An upstream, or NULL. */
const json_t *status_upstream(const json_t *status, const char *name);

/* A backend as an endpoint of the upstream; NULL: it is none. */
const json_t *status_endpoint(const json_t *upstream, const struct backend *backend);

#endif
