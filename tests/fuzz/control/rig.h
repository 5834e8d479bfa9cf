/* The control plane of a process that opens nothing: the main thread's engine with workers,
 * questions and probes of the input's. rig.c takes the place of daemon/engine, front and
 * sockets. */
#ifndef FUZZ_CONTROL_RIG_H
#define FUZZ_CONTROL_RIG_H

#include "../input.h"
#include "daemon/plan.h"
#include "daemon/service.h"

extern struct engine rig;

/* Begins with the configuration, whose reference it takes over, and the addresses that a
 * predecessor's text names. Returns whether it could; otherwise only rig_end() is due. */
bool rig_begin(struct config *config, const struct input *known);

/* The next sockets that are to be opened cannot be. */
void rig_lack_sockets(void);

/* Another configuration, whose reference it takes over, comes into use; or, not committed, is
 * planned and given up. */
void rig_reload(struct config *config, bool commit);

/* The service whose upstream it is; NULL: it has left. */
struct service *rig_service(const struct upstream *upstream);

/* All services and workers end. No session may be left. */
void rig_end(void);

#endif
