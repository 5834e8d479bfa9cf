#ifndef REDIAL_PROXY_LOOP_H
#define REDIAL_PROXY_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/timer.h"
#include "proxy/pipe.h"
#include "proxy/spare.h"

/* Bytes that pass through here in one piece. One buffer serves all sessions of a thread. */
#define LOOP_BUFFER_SIZE ((size_t)64 * 1024)

/* Events that one wait brings at the most. */
#define LOOP_EVENTS 128

/* A descriptor that is waited for. Embedded in its owner, which sets both fields. */
struct watch {
    int fd;
    void (*ready)(struct watch *watch, uint32_t events); /* those of epoll_ctl(2) */
};

/* What one worker thread's sockets run in: epoll(7) itself and not a library above it, since what
 * epoll tells apart, data and a reset, must reach the streams apart. Only that thread touches it.
 */
struct loop {
    int epoll;
    char *buffer;
    struct pipe_pool pipes;
    struct spares spares;
    struct timers timers;
    struct list tasks;
    struct watch *due[LOOP_EVENTS]; /* of this turn; NULL: forgotten meanwhile */
    int due_count, due_next;
    unsigned turns; /* begun so far */
    bool stopped;
};

/* Work that goes on in the next turn, after other sockets had theirs. Embedded in its owner. */
struct task {
    struct list node;
    void (*run)(struct task *task);
};

/* Returns 0 or -errno. */
int loop_init(struct loop *loop);
void loop_clear(struct loop *loop);

/* Turns until loop_stop(). */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* One turn: waits for an event, a timer or a task, but no longer than `most` (negative: as long as
 * it takes), and serves what there is. */
void loop_turn(struct loop *loop, usec_t most);

/* Waits for `events` of the descriptor from now on. Returns 0 or -errno. */
int loop_watch(struct loop *loop, struct watch *watch, uint32_t events);

/* Ends that; `ready` is not called any more. With loop_forget() the caller closes the descriptor
 * next, which no other descriptor may share: the kernel then forgets it without being told. */
void loop_unwatch(struct loop *loop, struct watch *watch);
void loop_forget(struct loop *loop, struct watch *watch);

/* While a child of this process has copies of all descriptors, between fork(2) and execve(2), the
 * kernel does not forget one that is closed here alone: then loop_forget() must tell it. To be on
 * before the fork for so long that every loop has turned once. Any thread. */
void loop_descriptors_are_shared(bool on);

/* Starts the timer, or moves it, to a time so long from now. */
void loop_timer(struct loop *loop, struct timer *timer, usec_t span);

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
