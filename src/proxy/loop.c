#include "proxy/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

static void on_run_tasks(evutil_socket_t fd, short events, void *arg)
{
    struct loop *loop = arg;
    struct list due;
    (void)fd;
    (void)events;
    list_init(&due);
    list_move_all(&due, &loop->tasks); /* what they schedule runs a turn later */
    while (!list_empty(&due)) {
        struct task *task = list_entry(due.next, struct task, node);
        list_remove(&task->node);
        task->run(task);
    }
}

int loop_init(struct loop *loop)
{
    *loop = (struct loop){0};
    list_init(&loop->tasks);
    struct event_config *config = event_config_new();
    if (config) {
        event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
        event_config_require_features(config, EV_FEATURE_ET | EV_FEATURE_O1);
        loop->base = event_base_new_with_config(config);
        event_config_free(config);
    }
    loop->buffer = malloc(LOOP_BUFFER_SIZE);
    if (loop->base)
        loop->run_tasks = evtimer_new(loop->base, on_run_tasks, loop);
    if (loop->base && loop->buffer && loop->run_tasks)
        return 0;
    loop_clear(loop);
    return -ENOMEM;
}

void loop_clear(struct loop *loop)
{
    if (loop->run_tasks)
        event_free(loop->run_tasks);
    if (loop->base)
        event_base_free(loop->base);
    free(loop->buffer);
    pipe_pool_clear(&loop->pipes);
    *loop = (struct loop){0};
}

void loop_later(struct loop *loop, struct task *task)
{
    if (list_empty(&loop->tasks))
        event_add(loop->run_tasks, &(struct timeval){0});
    list_remove(&task->node);
    list_append(&loop->tasks, &task->node);
}
