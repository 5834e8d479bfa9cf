#ifndef REDIAL_CTL_ACTION_H
#define REDIAL_CTL_ACTION_H

#include "ctl/client.h"

/* The commands that are one request, whose answer is lines for a person. Each returns an exit
 * status. */
int action_resolve(const struct client *client, char **arguments);
int action_drain(const struct client *client, char **arguments);
int action_undrain(const struct client *client, char **arguments);
int action_reload(const struct client *client, char **arguments);
int action_log_level(const struct client *client, char **arguments);
int action_config(const struct client *client, char **arguments);

#endif
