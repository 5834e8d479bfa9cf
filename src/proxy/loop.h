#ifndef REDIAL_PROXY_LOOP_H
#define REDIAL_PROXY_LOOP_H

#include <stddef.h>

#include "base/list.h"

struct event;
struct event_base;

/* Bytes that pass through here in one piece. One buffer serves all sessions of a thread. */
#define LOOP_BUFFER_SIZE ((size_t)64 * 1024)

/* What one worker thread's sockets run in: its event_base, and what they share. Only that thread
 * touches it. */
struct loop {
    struct event_base *base;
    char *buffer;
    struct list tasks;
    struct event *run_tasks;
};

/* Work that goes on in the next turn, after other sockets had theirs. Embedded in its owner. */
struct task {
    struct list node;
    void (*run)(struct task *task);
};

/* A loop of a base that somebody else runs, without buffer and tasks: enough to connect in. It has
 * nothing to clear. */
static inline struct loop loop_around(struct event_base *base)
{
    return (struct loop){.base = base};
}

/* Returns 0 or -errno. */
int loop_init(struct loop *loop);
void loop_clear(struct loop *loop);

/* Runs the task once, in the next turn. A task that waits already is not doubled. */
void loop_later(struct loop *loop, struct task *task);

static inline void task_init(struct task *task, void (*run)(struct task *task))
{
    list_init(&task->node);
    task->run = run;
}

static inline void task_cancel(struct task *task)
{
    list_remove(&task->node);
}

#endif
