#ifndef REDIAL_CTL_ENDPOINTS_H
#define REDIAL_CTL_ENDPOINTS_H

#include <jansson.h>

#include "ctl/client.h"

/* The command `endpoints [UPSTREAM]`. Returns an exit status. */
int endpoints_run(const struct client *client, char **arguments);

/* Why an endpoint is in the state that it is in, in few words of redial's, or "" where nothing is
 * to be said: of the last ejection while it is out, of DNS where it is named no more. Borrowed. */
const char *endpoints_why(const json_t *endpoint);

#endif
