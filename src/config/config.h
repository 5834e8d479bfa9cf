#ifndef REDIAL_CONFIG_CONFIG_H
#define REDIAL_CONFIG_CONFIG_H

#include <stddef.h>

#include "config/model.h"

struct upstream_config {
    char *name;
    struct upstream_options options;
};

/* A whole valid configuration. Immutable once it is built; shared by reference count. */
struct config {
    _Atomic unsigned references;
    struct global_options global;
    struct upstream_config *upstreams;
    size_t upstream_count;
};

/* Any thread. The last config_unref() frees; NULL is accepted. */
struct config *config_ref(struct config *config);
void config_unref(struct config *config);

#endif
