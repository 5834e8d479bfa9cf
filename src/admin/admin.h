#ifndef REDIAL_ADMIN_ADMIN_H
#define REDIAL_ADMIN_ADMIN_H

#include "daemon/server.h"

/* The admin interface of the process: what redial(8) says of each path. Main thread. */
struct admin;

/* Listens on what [redial] admin names and answers from now on, in the server's loop. Returns 0, or
 * -errno, which the log has been told. */
int admin_start(struct server *server, struct admin **ret_admin);

/* After server_run(): where a successor has taken over, who is being answered still gets his
 * answer, within some seconds. Turns the server's loop. */
void admin_finish(struct admin *admin);

/* Closes everything. Accepts NULL. */
void admin_free(struct admin *admin);

#endif
