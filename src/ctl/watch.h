#ifndef REDIAL_CTL_WATCH_H
#define REDIAL_CTL_WATCH_H

#include "ctl/client.h"

/* The command `watch`: a picture a second on a terminal, a line a second elsewhere. Returns an exit
 * status; a signal that ends it ends the process as that signal does. */
int watch_run(const struct client *client, char **arguments);

#endif
