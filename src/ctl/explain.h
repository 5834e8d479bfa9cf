#ifndef REDIAL_CTL_EXPLAIN_H
#define REDIAL_CTL_EXPLAIN_H

#include "ctl/client.h"

/* The command `explain [UPSTREAM]`: the story of a name. Returns an exit status. */
int explain_run(const struct client *client, char **arguments);

#endif
