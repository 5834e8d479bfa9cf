#include "view_rig.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/load.h"
#include "plain_set.h"

struct config *one_upstream_config(const char *settings)
{
    struct errors errors = {0};
    struct config *config =
        config_load(&(struct config_sources){.environment_upstreams = "127.0.0.1:1=name.test:1",
                                             .environment_set = settings},
                    &errors);
    if (!config) {
        fprintf(stderr, "%s\n", errors.lines[0]);
        abort();
    }
    return config;
}

void ignore_failure(void *arg, struct endpoint *endpoint)
{
    (void)arg;
    (void)endpoint;
}

static void tell_balancer(struct view_rig *rig, struct endpoint_set *set)
{
    if (balancer_use(&rig->upstream->balancer,
                     (enum balance_policy)rig->config->upstreams[0].options.balance, set) < 0)
        abort();
}

void view_rig_use(struct view_rig *rig, struct endpoint_set *set)
{
    tell_balancer(rig, set);
    view_set_endpoints(rig->view, set);
}

void view_rig_open(struct view_rig *rig, const char *settings, const struct address *endpoints,
                   size_t count)
{
    log_setup(open("/dev/null", O_WRONLY | O_CLOEXEC), LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT, false);
    if (loop_init(&rig->loop) < 0)
        abort();
    struct endpoint_set *set = plain_set(NULL, endpoints, count);
    rig->config = one_upstream_config(settings);
    rig->upstream = upstream_new((uint32_t)rig->config->upstreams[0].options.max_connections, 1,
                                 &(struct upstream_watcher){.on_failure = ignore_failure});
    tell_balancer(rig, set);
    rig->view = view_new(&rig->loop, 0, rig->upstream, rig->config, 0, set);
    endpoint_set_unref(set);
}

void view_rig_close(struct view_rig *rig)
{
    for (size_t i = 0; i < rig->view->set->count; i++)
        if (rig->view->set->endpoints[i]->active > 0 ||
            rig->view->set->endpoints[i]->references != 1)
            abort();
    view_free(rig->view);
    if (rig->upstream->references != 1 || rig->config->references != 1)
        abort();
    upstream_unref(rig->upstream);
    config_unref(rig->config);
    loop_clear(&rig->loop);
}
