#ifndef REDIAL_ADMIN_ACTIONS_H
#define REDIAL_ADMIN_ACTIONS_H

#include "admin/request.h"
#include "daemon/service.h"

/* What an operator can have done. Each fits an admin_route, of which the context is the server.
 * Main thread. */

void action_reload(struct admin_request *request, void *server);
void action_upgrade(struct admin_request *request, void *server);
void action_resolve(struct admin_request *request, void *server);
void action_drain(struct admin_request *request, void *server);
void action_undrain(struct admin_request *request, void *server);
void action_log_level(struct admin_request *request, void *server);

/* The upstream that the request names, or the only one where it names none. NULL: then the request
 * has been answered. */
struct service *action_find_service(struct admin_request *request, void *server);

#endif
