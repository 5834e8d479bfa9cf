#include "proxy/loop.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

int loop_init(struct loop *loop)
{
    *loop = (struct loop){.epoll = epoll_create1(EPOLL_CLOEXEC)};
    int error = errno;
    list_init(&loop->tasks);
    if (loop->epoll < 0)
        return -error;
    loop->buffer = malloc(LOOP_BUFFER_SIZE);
    if (loop->buffer)
        return 0;
    loop_clear(loop);
    return -ENOMEM;
}

void loop_clear(struct loop *loop)
{
    if (loop->epoll >= 0)
        close(loop->epoll);
    free(loop->buffer);
    pipe_pool_clear(&loop->pipes);
    spares_clear(&loop->spares);
    *loop = (struct loop){.epoll = -1};
}

/* --- descriptors ---------------------------------------------------------------------------------
 */

int loop_watch(struct loop *loop, struct watch *watch, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};
    return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, watch->fd, &event) < 0 ? -errno : 0;
}

static _Atomic bool are_shared;

void loop_descriptors_are_shared(bool on)
{
    atomic_store(&are_shared, on);
}

static void drop_due(struct loop *loop, const struct watch *watch)
{
    for (int i = loop->due_next; i < loop->due_count; i++)
        if (loop->due[i] == watch)
            loop->due[i] = NULL;
}

void loop_forget(struct loop *loop, struct watch *watch)
{
    if (atomic_load_explicit(&are_shared, memory_order_relaxed))
        epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
    drop_due(loop, watch);
}

void loop_unwatch(struct loop *loop, struct watch *watch)
{
    epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
    drop_due(loop, watch);
}

static void serve(struct loop *loop, const struct epoll_event *events, int count)
{
    for (int i = 0; i < count; i++)
        loop->due[i] = events[i].data.ptr;
    loop->due_count = count;
    for (int i = 0; i < count; i++) {
        struct watch *watch = loop->due[i];
        loop->due_next = i + 1;
        if (watch)
            watch->ready(watch, events[i].events);
    }
    loop->due_count = loop->due_next = 0;
}

/* --- turns
 * ----------------------------------------------------------------------------------------- */

void loop_timer(struct loop *loop, struct timer *timer, usec_t span)
{
    timer_start(&loop->timers, timer, clock_now() + span);
}

void loop_later(struct loop *loop, struct task *task)
{
    list_remove(&task->node);
    list_append(&loop->tasks, &task->node);
}

static void run_tasks(struct loop *loop)
{
    struct list due;
    list_init(&due);
    list_move_all(&due, &loop->tasks); /* what they schedule runs a turn later */
    while (!list_empty(&due)) {
        struct task *task = list_entry(due.next, struct task, node);
        list_remove(&task->node);
        task->run(task);
    }
}

/* Milliseconds to wait, rounded up so that the timer is due then; -1: until something happens. */
static int patience(const struct loop *loop, usec_t most)
{
    usec_t due = timers_due(&loop->timers);
    if (!list_empty(&loop->tasks))
        return 0;
    if (due != 0) {
        usec_t now = clock_now(), left = due > now ? due - now : 0;
        if (most < 0 || left < most)
            most = left;
    }
    if (most < 0)
        return -1;
    usec_t msec = (most + USEC_PER_MSEC - 1) / USEC_PER_MSEC;
    return msec < INT_MAX ? (int)msec : INT_MAX;
}

void loop_turn(struct loop *loop, usec_t most)
{
    struct epoll_event events[LOOP_EVENTS];
    int count = epoll_wait(loop->epoll, events, LOOP_EVENTS, patience(loop, most));
    loop->turns++;
    serve(loop, events, count); /* none after a signal */
    if (timers_due(&loop->timers) != 0)
        timers_run(&loop->timers, clock_now());
    run_tasks(loop);
}

void loop_run(struct loop *loop)
{
    while (!loop->stopped)
        loop_turn(loop, -1);
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
}
