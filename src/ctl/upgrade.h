#ifndef REDIAL_CTL_UPGRADE_H
#define REDIAL_CTL_UPGRADE_H

#include "ctl/client.h"

/* `redialctl upgrade`: has a successor started, and says how that ended. Returns an exit status. */
int upgrade_run(const struct client *client, char **arguments);

#endif
