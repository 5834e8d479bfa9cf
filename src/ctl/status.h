#ifndef REDIAL_CTL_STATUS_H
#define REDIAL_CTL_STATUS_H

#include <jansson.h>

#include "ctl/client.h"
#include "ctl/style.h"

/* The command `status`. Returns an exit status. */
int status_run(const struct client *client, char **arguments);

/* How many endpoints, as /status has them, get new connections. */
size_t status_in_rotation(const json_t *endpoints);

/* Adds the names of all upstreams, a blank before each. */
void status_add_names(struct text *line, const json_t *upstreams);

/* `3 up`, `2 of 3 up`, `none`, and how that looks. */
#define STATUS_ENDPOINTS_MAX 48
const char *status_endpoints(const json_t *endpoints, char text[STATUS_ENDPOINTS_MAX],
                             enum style *ret_style);

#endif
