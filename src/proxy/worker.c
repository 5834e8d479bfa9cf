#include "proxy/worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mailbox.h"
#include "proxy/listener.h"
#include "proxy/loop.h"
#include "proxy/roster.h"
#include "proxy/sessions.h"
#include "proxy/sweep.h"
#include "proxy/view.h"

struct worker {
    pthread_t thread;
    size_t number;
    struct loop loop;
    struct mailbox *mailbox;
    struct watch mail;
    struct acceptor *acceptor;
    struct list views;
    struct timer sweep;
    usec_t sweep_every; /* 0: no upstream needs it */
    /* These three cannot fail for want of memory, since stopping must not. */
    struct message stop, abort, exit;
};

/* --- messages -------------------------------------------------------------------------------- */

static struct view *find_view(const struct worker *worker, const struct upstream *upstream)
{
    list_each(node, &worker->views)
    {
        struct view *view = list_entry(node, struct view, node);
        if (view->upstream == upstream)
            return view;
    }
    return NULL;
}

static void arm_sweep(struct worker *worker)
{
    loop_timer(&worker->loop, &worker->sweep, worker->sweep_every);
}

static void on_sweep(struct timer *timer)
{
    struct worker *worker = list_entry(timer, struct worker, sweep);
    usec_t now = clock_now();
    list_each(node, &worker->views) sweep_view(list_entry(node, struct view, node), now);
    arm_sweep(worker);
}

/* As often as the view wants it that wants it most. */
static void set_sweep(struct worker *worker)
{
    worker->sweep_every = 0;
    list_each(node, &worker->views)
    {
        usec_t every = sweep_interval(&list_entry(node, struct view, node)->options->options);
        if (every > 0 && (worker->sweep_every == 0 || every < worker->sweep_every))
            worker->sweep_every = every;
    }
    if (worker->sweep_every > 0)
        arm_sweep(worker);
    else
        timer_stop(&worker->loop.timers, &worker->sweep);
}

/* A roster may have been on its way for longer than what a worker heard meanwhile. */
static bool use_set(struct view *view, struct endpoint_set *set)
{
    if (!endpoint_set_is_newer(set, view->set))
        return false;
    view_set_endpoints(view, endpoint_set_ref(set));
    sessions_follow_set(view, clock_now());
    return true;
}

/* The view that the assignment is for, brought up to date. */
static struct view *assigned_view(struct worker *worker, const struct roster *roster,
                                  struct assignment *assignment)
{
    struct view *view = assignment->view;
    assignment->view = NULL;
    if (view) {
        list_append(&worker->views, &view->node);
        return view;
    }
    view = find_view(worker, assignment->upstream);
    view->stale = false;
    view_configure(view, roster->config, assignment->index);
    use_set(view, assignment->set);
    return view;
}

static void listen_for(struct worker *worker, struct view *view, struct assignment *assignment)
{
    for (size_t i = 0; i < assignment->socket_count; i++) {
        listener_assign(worker->acceptor, view, assignment->sockets[i], assignment->blanks[i]);
        assignment->blanks[i] = NULL;
    }
}

static void deliver_roster(struct message *message, void *owner)
{
    struct worker *worker = owner;
    struct roster *roster = (struct roster *)message;
    list_each(node, &worker->views) list_entry(node, struct view, node)->stale = true;
    acceptor_begin_change(worker->acceptor);
    for (size_t i = 0; i < roster->count; i++) {
        struct assignment *assignment = &roster->assignments[i];
        listen_for(worker, assigned_view(worker, roster, assignment), assignment);
    }
    acceptor_end_change(worker->acceptor);
    list_each(node, &worker->views)
    {
        struct view *view = list_entry(node, struct view, node);
        if (view->stale && !view->leaving)
            view_leave(view);
    }
    set_sweep(worker);
    roster_free(roster);
}

/* That of the seat is gone with the upstream's last reference, maybe ours. */
static void deliver_news(struct message *message, void *owner)
{
    struct worker *worker = owner;
    struct seat *seat = list_entry(message, struct seat, news);
    struct upstream *upstream = list_entry(seat - worker->number, struct upstream, seats);
    atomic_store(&seat->told, false); /* before the look: what comes after it is told again */
    struct endpoint_set *set = atomic_exchange(&seat->set, NULL);
    struct view *view = find_view(worker, upstream);
    if (view && !(set && use_set(view, set)))
        view_tell(view);
    endpoint_set_unref(set);
    upstream_unref(upstream);
}

static void deliver_stop(struct message *message, void *owner)
{
    (void)message;
    acceptor_stop(((struct worker *)owner)->acceptor);
}

static void abort_sessions(struct worker *worker)
{
    list_each(node, &worker->views) sessions_abort(list_entry(node, struct view, node));
}

static void deliver_abort(struct message *message, void *owner)
{
    (void)message;
    abort_sessions(owner);
}

static void deliver_exit(struct message *message, void *owner)
{
    struct worker *worker = owner;
    (void)message;
    abort_sessions(worker);
    loop_stop(&worker->loop);
}

int worker_seat(struct worker *worker, struct roster *roster, struct assignment *assignment)
{
    assignment->view = view_new(&worker->loop, worker->number, assignment->upstream, roster->config,
                                assignment->index, assignment->set);
    return assignment->view ? 0 : -ENOMEM;
}

void worker_assign(struct worker *worker, struct roster *roster)
{
    roster->message.deliver = deliver_roster;
    mailbox_post(worker->mailbox, &roster->message);
}

void worker_set_endpoints(struct worker *worker, struct upstream *upstream,
                          struct endpoint_set *set)
{
    struct seat *seat = &upstream->seats[worker->number];
    endpoint_set_unref(atomic_exchange(&seat->set, endpoint_set_ref(set)));
    worker_tell(worker, upstream);
}

void worker_tell(struct worker *worker, struct upstream *upstream)
{
    struct seat *seat = &upstream->seats[worker->number];
    if (atomic_exchange(&seat->told, true))
        return;
    seat->news.deliver = deliver_news;
    upstream_ref(upstream);
    mailbox_post(worker->mailbox, &seat->news);
}

void worker_post(struct worker *worker, struct message *message)
{
    mailbox_post(worker->mailbox, message);
}

void worker_stop(struct worker *worker)
{
    worker->stop.deliver = deliver_stop;
    mailbox_post(worker->mailbox, &worker->stop);
}

void worker_abort(struct worker *worker)
{
    worker->abort.deliver = deliver_abort;
    mailbox_post(worker->mailbox, &worker->abort);
}

/* --- thread ------------------------------------------------------------------------------------
 */

static void on_mail(struct watch *watch, uint32_t events)
{
    (void)events;
    mailbox_deliver(list_entry(watch, struct worker, mail)->mailbox);
}

static void *run(void *arg)
{
    struct worker *worker = arg;
    loop_run(&worker->loop);
    return NULL;
}

static void worker_free(struct worker *worker)
{
    mailbox_free(worker->mailbox);
    acceptor_free(worker->acceptor);
    list_each(node, &worker->views) view_free(list_entry(node, struct view, node));
    loop_clear(&worker->loop);
    free(worker);
}

int worker_start(size_t number, struct process_limit *process, void (*on_drained)(void *arg),
                 void *arg, struct worker **ret_worker)
{
    struct worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return -ENOMEM;
    worker->number = number;
    list_init(&worker->views);
    int result = loop_init(&worker->loop);
    if (result < 0) {
        free(worker);
        return result;
    }
    timer_init(&worker->sweep, on_sweep);
    worker->acceptor = acceptor_new(&worker->loop, process, on_drained, arg);
    result = worker->acceptor ? mailbox_new(worker, &worker->mailbox) : -ENOMEM;
    if (result == 0) {
        worker->mail = (struct watch){mailbox_fd(worker->mailbox), on_mail};
        result = loop_watch(&worker->loop, &worker->mail, EPOLLIN);
    }
    if (result == 0)
        result = -pthread_create(&worker->thread, NULL, run, worker);
    if (result < 0) {
        worker_free(worker);
        return result;
    }
    *ret_worker = worker;
    return 0;
}

void worker_join(struct worker *worker)
{
    if (!worker)
        return;
    worker->exit.deliver = deliver_exit;
    mailbox_post(worker->mailbox, &worker->exit);
    pthread_join(worker->thread, NULL);
    worker_free(worker);
}
