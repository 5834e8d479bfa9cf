#ifndef REDIAL_DAEMON_RELOAD_H
#define REDIAL_DAEMON_RELOAD_H

#include <time.h>

#include "config/errors.h"
#include "daemon/engine.h"
#include "daemon/plan.h"

/* Reads the configuration again: a new reference, or NULL with at least one error. */
typedef struct config *reload_loader(void *arg, struct errors *errors);

struct known;

/* What became of the configurations of this process. Belongs to the main thread. */
struct reload {
    struct engine *engine;
    reload_loader *loader;
    void *arg;
    unsigned generation;  /* of the configuration in use: 1 is that of the start */
    time_t loaded;        /* when it came into use */
    time_t failed;        /* when the last reload failed; 0: it did not */
    struct errors errors; /* why; those of the configuration, or one line that says where to look */
    struct plan *first;   /* that of the start, until it is carried out */
};

/* Prepares the first configuration: everything listens, and nobody is accepted. `known` (or NULL):
 * see plan_new(). Returns 0 or -errno, which the log has been told. */
int reload_prepare(struct reload *reload, struct engine *engine, struct config *config,
                   const struct known *known, reload_loader *loader, void *arg);

/* Brings it into use, once nothing can fail any more. */
void reload_begin(struct reload *reload);

/* Reads the configuration anew and brings it into use, or changes nothing, and says so in the log.
 * Returns 0 with *ret_result filled in, or -errno with why in `errors`: -EINVAL where the
 * configuration has errors, -EBUSY while the process stops. */
int reload_now(struct reload *reload, struct plan_result *ret_result);

/* Before engine_join(). */
void reload_clear(struct reload *reload);

#endif
