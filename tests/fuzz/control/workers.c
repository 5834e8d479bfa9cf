#include "workers.h"

#include <sys/epoll.h>

#include "../target.h"
#include "base/mailbox.h"
#include "proxy/listener.h"
#include "proxy/sessions.h"
#include "proxy/sweep.h"

struct acceptor {
    struct view *views[VIEWS_MOST];
    size_t count;
};

/* What each of them has, in the order in which they were started. */
static struct bench {
    struct worker *worker;
    struct loop *loop;
    struct watch *mail;
    struct acceptor acceptor;
} benches[WORKERS];
static size_t bench_count;
static struct process_limit process;

/* --- as proxy/loop.h says --------------------------------------------------------------------- */

int loop_init(struct loop *loop)
{
    *loop = (struct loop){.epoll = -1};
    list_init(&loop->tasks);
    benches[bench_count].loop = loop;
    return 0;
}

void loop_clear(struct loop *loop)
{
    expect(list_empty(&loop->tasks));
}

/* On the worker's thread, which has no more to do than this. */
void loop_run(struct loop *loop)
{
    expect(loop->epoll == -1);
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
}

int loop_watch(struct loop *loop, struct watch *watch, uint32_t events)
{
    expect(loop == benches[bench_count].loop && events == EPOLLIN);
    benches[bench_count].mail = watch;
    return 0;
}

void loop_timer(struct loop *loop, struct timer *timer, usec_t span)
{
    timer_start(&loop->timers, timer, clock_now() + span);
}

void loop_later(struct loop *loop, struct task *task)
{
    if (list_empty(&task->node))
        list_append(&loop->tasks, &task->node);
}

static void run_tasks(struct loop *loop)
{
    struct list due;
    list_init(&due);
    list_move_all(&due, &loop->tasks);
    while (!list_empty(&due)) {
        struct task *task = list_entry(due.next, struct task, node);
        list_remove(&task->node);
        task->run(task);
    }
}

/* --- as proxy/listener.h, sessions.h and sweep.h say ------------------------------------------ */

struct acceptor *acceptor_new(struct loop *loop, struct process_limit *limit,
                              void (*on_drained)(void *arg), void *arg)
{
    (void)on_drained;
    (void)arg;
    expect(loop == benches[bench_count].loop && limit == &process);
    return &benches[bench_count].acceptor;
}

void acceptor_free(struct acceptor *acceptor)
{
    expect(acceptor->count == 0);
}

void acceptor_begin_change(struct acceptor *acceptor)
{
    acceptor->count = 0;
}

void acceptor_end_change(struct acceptor *acceptor)
{
    for (size_t i = 0; i < acceptor->count; i++)
        expect(!acceptor->views[i]->leaving);
}

void acceptor_stop(struct acceptor *acceptor)
{
    acceptor->count = 0;
}

void listener_assign(struct acceptor *acceptor, struct view *view, int fd, struct listener *blank)
{
    (void)fd;
    expect(acceptor->count < VIEWS_MOST);
    acceptor->views[acceptor->count++] = view;
    listener_blank_free(blank);
}

struct listener *listener_blank(void)
{
    return malloc(1);
}

void listener_blank_free(struct listener *blank)
{
    free(blank);
}

void sessions_follow_set(struct view *view, usec_t now)
{
    expect(view->set && now == clock_now());
}

void sessions_abort(struct view *view)
{
    expect(list_empty(&view->sessions));
}

usec_t sweep_interval(const struct upstream_options *options)
{
    (void)options;
    return 0;
}

void sweep_view(struct view *view, usec_t now)
{
    expect(view->set && now == clock_now());
}

/* --- for the input ---------------------------------------------------------------------------- */

static void on_drained(void *arg)
{
    (void)arg;
}

static void end_workers(void)
{
    for (size_t i = 0; i < WORKERS; i++)
        worker_join(benches[i].worker);
}

void workers_start(struct worker *ret_workers[WORKERS])
{
    for (; bench_count < WORKERS; bench_count++) {
        struct bench *bench = &benches[bench_count];
        expect(worker_start(bench_count, &process, on_drained, NULL, &bench->worker) == 0);
        if (bench_count + 1 == WORKERS)
            atexit(end_workers);
    }
    for (size_t i = 0; i < WORKERS; i++)
        ret_workers[i] = benches[i].worker;
}

void workers_turn(size_t worker)
{
    struct bench *bench = &benches[worker];
    bench->mail->ready(bench->mail, EPOLLIN);
    run_tasks(bench->loop);
}

size_t workers_views(size_t worker, struct view *const **ret_views)
{
    *ret_views = benches[worker].acceptor.views;
    return benches[worker].acceptor.count;
}
