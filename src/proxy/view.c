#include "proxy/view.h"

#include <assert.h>
#include <stdlib.h>

static void on_end(struct task *task)
{
    view_free(list_entry(task, struct view, end));
}

struct view *view_new(struct loop *loop, size_t worker, struct upstream *upstream,
                      struct config *config, size_t index, struct endpoint_set *set)
{
    struct view *view = calloc(1, sizeof *view);
    if (!view)
        return NULL;
    *view = (struct view){.loop = loop,
                          .upstream = upstream_ref(upstream),
                          .worker = (uint32_t)worker,
                          .config = config_ref(config),
                          .options = &config->upstreams[index],
                          .set = endpoint_set_ref(set)};
    list_init(&view->node);
    list_init(&view->waiters);
    list_init(&view->sessions);
    task_init(&view->end, on_end);
    return view;
}

void view_configure(struct view *view, struct config *config, size_t index)
{
    config_ref(config);
    config_unref(view->config);
    view->config = config;
    view->options = &config->upstreams[index];
}

void view_session_ended(struct view *view)
{
    if (view->leaving && list_empty(&view->sessions))
        loop_later(view->loop, &view->end);
}

void view_leave(struct view *view)
{
    view->leaving = true;
    view_session_ended(view);
}

void view_free(struct view *view)
{
    if (!view)
        return;
    assert(list_empty(&view->waiters) && list_empty(&view->sessions));
    task_cancel(&view->end);
    list_remove(&view->node);
    endpoint_set_unref(view->set);
    config_unref(view->config);
    upstream_unref(view->upstream);
    free(view);
}

/* Each is told once, however the list changes meanwhile: who is told may go, or stay on it. */
void view_tell(struct view *view)
{
    struct list told;
    list_init(&told);
    list_move_all(&told, &view->waiters);
    while (!list_empty(&told)) {
        struct waiter *waiter = list_entry(told.next, struct waiter, node);
        list_remove(&waiter->node);
        list_append(&view->waiters, &waiter->node);
        waiter->news(waiter);
    }
}

void view_set_endpoints(struct view *view, struct endpoint_set *set)
{
    endpoint_set_unref(view->set);
    view->set = set;
    view_tell(view);
}

void view_note(struct view *view, struct endpoint *endpoint, enum eject_event event, usec_t started)
{
    const struct finding finding = {endpoint, event, started};
    upstream_note(view->upstream, view->options, view->set, &finding);
}
