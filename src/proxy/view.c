#include "proxy/view.h"

#include <assert.h>
#include <stdlib.h>

struct view *view_new(struct loop *loop, struct upstream *upstream, struct config *config,
                      size_t index, struct endpoint_set *set)
{
    struct view *view = calloc(1, sizeof *view);
    if (!view)
        return NULL;
    *view = (struct view){.loop = loop,
                          .upstream = upstream_ref(upstream),
                          .config = config_ref(config),
                          .options = &config->upstreams[index],
                          .set = endpoint_set_ref(set)};
    list_init(&view->node);
    list_init(&view->waiters);
    list_init(&view->sessions);
    return view;
}

void view_free(struct view *view)
{
    if (!view)
        return;
    assert(list_empty(&view->waiters) && list_empty(&view->sessions));
    list_remove(&view->node);
    endpoint_set_unref(view->set);
    config_unref(view->config);
    upstream_unref(view->upstream);
    free(view);
}

void view_set_endpoints(struct view *view, struct endpoint_set *set)
{
    struct list awake;
    endpoint_set_unref(view->set);
    view->set = set;
    if (set->count == 0)
        return;
    list_init(&awake);
    list_move_all(&awake, &view->waiters);
    while (!list_empty(&awake)) {
        struct waiter *waiter = list_entry(awake.next, struct waiter, node);
        list_remove(&waiter->node);
        waiter->wake(waiter);
    }
}
