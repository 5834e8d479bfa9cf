#ifndef REDIAL_CTL_READY_H
#define REDIAL_CTL_READY_H

#include "ctl/client.h"

/* The command `ready`: whether every upstream has an address, now or within client->wait. Returns
 * an exit status. */
int ready_run(const struct client *client, char **arguments);

/* The command `healthy`: whether all threads of redial turn, whatever DNS says. Returns an exit
 * status. */
int healthy_run(const struct client *client, char **arguments);

#endif
