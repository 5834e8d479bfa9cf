#include "config/config.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "config/options.h"

struct config *config_ref(struct config *config)
{
    atomic_fetch_add_explicit(&config->references, 1, memory_order_relaxed);
    return config;
}

void config_unref(struct config *config)
{
    if (!config || atomic_fetch_sub_explicit(&config->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < config->upstream_count; i++) {
        option_free_all(OPTION_UPSTREAM, &config->upstreams[i].options);
        free(config->upstreams[i].name);
    }
    option_free_all(OPTION_GLOBAL, &config->global);
    free(config->upstreams);
    free(config);
}
