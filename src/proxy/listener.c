#include "proxy/listener.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "proxy/limit.h"
#include "proxy/session.h"
#include "proxy/socket_options.h"
#include "proxy/stream.h"
#include "proxy/view.h"

/* Clients taken from one socket before others have their turn, at the most: as many as lately
 * waited, so that the call that finds none is seldom made. Of a Unix socket, for which all
 * workers compete, each takes one at a time: the first to wake should not have a whole pool. */
#define ACCEPTS_PER_TURN 16
#define SHARED_ACCEPTS_PER_TURN 1
/* Of a crowd in which nobody is gone, one in so many and one is looked at. */
#define TRUST_MOST 7
/* How long accepting rests before it is tried again, unless one of our sessions ends first. */
#define PAUSE (50 * USEC_PER_MSEC)
/* A pause is over for the log when there was none for so long. */
#define CALM USEC_PER_SEC

struct listener {
    struct list node; /* of the acceptor: active or resting */
    struct acceptor *acceptor;
    struct view *view;
    struct watch watch;
    unsigned crowded_turn; /* the last turn that took a whole batch */
    uint8_t most_per_turn;
    uint8_t batch;    /* as many are taken in a turn now */
    uint8_t unlooked; /* so many of a crowd are served without a look whether they are gone */
    uint8_t trust;    /* what that is after the next look that finds nothing */
    bool stale;       /* while a configuration is applied: not found in it yet */
};

struct acceptor {
    struct loop *loop;
    struct process_limit *process;
    struct list active, resting;
    struct timer resume;
    size_t sessions;
    bool stopping;
    usec_t last_pause; /* 0: none that the log was not told the end of */
    usec_t last_refusal_told;
    unsigned refusals_untold;
    void (*on_drained)(void *arg);
    void *arg;
};

/* Workers that rest now, so that the log hears once of what befalls the whole process. */
static _Atomic unsigned resting_workers;

/* --- sockets --------------------------------------------------------------------------------- */

static int set_options(int fd, const struct listen *listen, bool shared)
{
    int one = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
        (shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) < 0) ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) < 0) /* inherited by accept(2) */
        return -errno;
    if (listen->address.family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) < 0)
        return -errno;
    return 0;
}

int listener_open(const struct listen *where, bool shared)
{
    int fd = socket(where->address.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int result = set_options(fd, where, shared);
    if (result == 0 && (bind(fd, &where->address.sa, address_length(&where->address)) < 0 ||
                        listen(fd, SOMAXCONN) < 0))
        result = -errno;
    if (result < 0) {
        close(fd);
        return result;
    }
    return fd;
}

/* --- resting --------------------------------------------------------------------------------- */

static void arm_resume(struct acceptor *acceptor)
{
    loop_timer(acceptor->loop, &acceptor->resume, PAUSE);
}

static void rest(struct listener *listener, const char *reason)
{
    struct acceptor *acceptor = listener->acceptor;
    loop_unwatch(acceptor->loop, &listener->watch);
    list_remove(&listener->node);
    list_append(&acceptor->resting, &listener->node);
    if (acceptor->stopping)
        return;
    if (acceptor->last_pause == 0 && atomic_fetch_add(&resting_workers, 1) == 0)
        log_warning("accepting paused", log_text("reason", reason));
    acceptor->last_pause = clock_now();
    arm_resume(acceptor);
}

static void wake_resting(struct acceptor *acceptor)
{
    while (!list_empty(&acceptor->resting)) {
        struct listener *listener = list_entry(acceptor->resting.next, struct listener, node);
        if (loop_watch(acceptor->loop, &listener->watch, EPOLLIN) < 0) {
            arm_resume(acceptor);
            return;
        }
        list_remove(&listener->node);
        list_append(&acceptor->active, &listener->node);
    }
}

static void end_pause(struct acceptor *acceptor)
{
    if (acceptor->last_pause == 0)
        return;
    acceptor->last_pause = 0;
    if (atomic_fetch_sub(&resting_workers, 1) == 1 && !acceptor->stopping)
        log_info("accepting resumed");
}

static void on_resume(struct timer *timer)
{
    struct acceptor *acceptor = list_entry(timer, struct acceptor, resume);
    wake_resting(acceptor);
    if (clock_now() - acceptor->last_pause < CALM)
        arm_resume(acceptor);
    else
        end_pause(acceptor);
}

/* --- accepting ---------------------------------------------------------------------------------
 */

static bool may_connect(const struct view *view, const struct address *client)
{
    const struct upstream_options *options = &view->options->options;
    if (client->family == AF_UNSPEC)
        return true; /* over a Unix socket, whose permissions have decided already */
    if (options->allowed_count == 0)
        return address_is_loopback(client);
    for (size_t i = 0; i < options->allowed_count; i++)
        if (network_contains(&options->allowed[i], client))
            return true;
    return false;
}

static void check_drained(struct acceptor *acceptor)
{
    if (acceptor->stopping && acceptor->sessions == 0)
        acceptor->on_drained(acceptor->arg);
}

static void on_session_end(struct view *view)
{
    struct acceptor *acceptor = view->acceptor;
    atomic_fetch_sub_explicit(&acceptor->process->served, 1, memory_order_relaxed);
    limit_give(&view->upstream->limit);
    limit_give(&acceptor->process->limit);
    acceptor->sessions--;
    view_session_ended(view);
    wake_resting(acceptor);
    check_drained(acceptor);
}

/* Room for one more connection in both limits, or the reason why there is none. */
static const char *take_room(const struct listener *listener)
{
    struct process_limit *process = listener->acceptor->process;
    if (!limit_take(&process->limit))
        return atomic_load(&process->by_files) ? "the limit of open files is reached"
                                               : "max-connections of the process is reached";
    if (limit_take(&listener->view->upstream->limit))
        return NULL;
    limit_give(&process->limit);
    return "max-connections of an upstream is reached";
}

static void give_room(const struct listener *listener)
{
    limit_give(&listener->view->upstream->limit);
    limit_give(&listener->acceptor->process->limit);
}

/* One line a second at the most: whoever can reach the socket could fill the log otherwise. */
static void log_refusal(const struct listener *listener, const struct address *client)
{
    struct acceptor *acceptor = listener->acceptor;
    usec_t now = clock_now();
    char text[ADDRESS_TEXT_MAX];
    if (acceptor->last_refusal_told != 0 && now - acceptor->last_refusal_told < USEC_PER_SEC) {
        acceptor->refusals_untold++;
        return;
    }
    log_warning("client refused: its address is not in allow",
                log_text("upstream", listener->view->options->name),
                log_text("client", address_format(client, text)),
                log_number("untold", acceptor->refusals_untold));
    acceptor->last_refusal_told = now;
    acceptor->refusals_untold = 0;
}

/* Where a crowd waits, many may have given up before their turn comes, and a dial for each of them
 * would hold up the others. A lone client is spared the call, and most of a crowd that stays. */
static bool is_gone(struct listener *listener, int fd)
{
    if (listener->batch == 1)
        return false;
    if (listener->unlooked > 0) {
        listener->unlooked--;
        return false;
    }
    bool gone = socket_is_broken(fd);
    listener->unlooked = gone ? 0 : listener->trust;
    if (gone)
        listener->trust = 0;
    else if (listener->trust < TRUST_MOST)
        listener->trust = (uint8_t)(2 * listener->trust + 1);
    return gone;
}

static void serve(struct listener *listener, int fd, const struct address *client)
{
    if (!may_connect(listener->view, client)) {
        give_room(listener);
        socket_reset(fd);
        log_refusal(listener, client);
        return;
    }
    if (is_gone(listener, fd)) {
        give_room(listener);
        session_forgo(listener->view, fd, client);
        return;
    }
    int result = session_start(listener->view, fd, client, on_session_end);
    if (result == 0) {
        atomic_fetch_add_explicit(&listener->acceptor->process->served, 1, memory_order_relaxed);
        listener->acceptor->sessions++;
        return;
    }
    give_room(listener);
    log_error("client dropped", log_text("upstream", listener->view->options->name),
              log_text("error", strerror(-result)));
}

/* Accepts one client. Returns 0, -EAGAIN where none waits, or another -errno. */
static int accept_one(struct listener *listener)
{
    struct sockaddr_storage name;
    socklen_t length = sizeof name;
    int fd = accept4(listener->watch.fd, (struct sockaddr *)&name, &length,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        int error = -errno;
        give_room(listener);
        return error;
    }
    struct address client = address_from_sockaddr((struct sockaddr *)&name, length);
    client = address_unmapped(&client); /* a socket for both families may have been handed over */
    serve(listener, fd, &client);
    return 0;
}

/* Whether accept(2) failed because this host lacks something, and not because of one client. */
static bool is_lack(int error)
{
    return error == -EMFILE || error == -ENFILE || error == -ENOBUFS || error == -ENOMEM;
}

/* Returns how many were accepted; fewer than `most` mean that no other waits, or may be taken. */
static int accept_some(struct listener *listener, int most)
{
    for (int i = 0; i < most; i++) {
        const char *full = take_room(listener);
        if (full) {
            /* Only the first one is known to wait; if there are more, the loop says so. */
            if (i == 0)
                rest(listener, full);
            return i;
        }
        int result = accept_one(listener);
        if (result == -EAGAIN)
            return i;
        if (is_lack(result)) {
            rest(listener, strerror(-result));
            return i;
        }
    }
    return most;
}

/* A lone client is taken alone. If others wait still, the loop says so in its next turn, and then
 * twice as many are taken. */
static void on_accept(struct watch *watch, uint32_t events)
{
    struct listener *listener = list_entry(watch, struct listener, watch);
    unsigned turn = listener->acceptor->loop->turns;
    (void)events;
    if (listener->crowded_turn + 1 == turn && listener->batch <= listener->most_per_turn / 2)
        listener->batch = (uint8_t)(listener->batch * 2);
    int accepted = accept_some(listener, listener->batch);
    if (accepted == listener->batch)
        listener->crowded_turn = turn;
    else
        listener->batch = accepted > 0 ? (uint8_t)accepted : 1;
}

/* --- from start to stop
 * --------------------------------------------------------------------------- */

struct acceptor *acceptor_new(struct loop *loop, struct process_limit *process,
                              void (*on_drained)(void *arg), void *arg)
{
    struct acceptor *acceptor = calloc(1, sizeof *acceptor);
    if (!acceptor)
        return NULL;
    *acceptor =
        (struct acceptor){.loop = loop, .process = process, .on_drained = on_drained, .arg = arg};
    list_init(&acceptor->active);
    list_init(&acceptor->resting);
    timer_init(&acceptor->resume, on_resume);
    return acceptor;
}

static void listener_free(struct listener *listener)
{
    list_remove(&listener->node);
    loop_unwatch(listener->acceptor->loop, &listener->watch);
    close(listener->watch.fd);
    free(listener);
}

static void free_listeners(struct list *listeners)
{
    while (!list_empty(listeners))
        listener_free(list_entry(listeners->next, struct listener, node));
}

void acceptor_free(struct acceptor *acceptor)
{
    if (!acceptor)
        return;
    free_listeners(&acceptor->active);
    free_listeners(&acceptor->resting);
    timer_stop(&acceptor->loop->timers, &acceptor->resume);
    free(acceptor);
}

static struct address address_of(int fd)
{
    struct sockaddr_storage name = {0};
    socklen_t length = sizeof name;
    if (getsockname(fd, (struct sockaddr *)&name, &length) < 0)
        length = 0;
    return address_from_sockaddr((struct sockaddr *)&name, length);
}

/* The listener is the view's from now on. */
static void assign(struct listener *listener, struct view *view)
{
    struct address address = address_of(listener->watch.fd);
    bool is_unix = address.family == AF_UNSPEC;
    listener->view = view;
    listener->stale = false;
    listener->most_per_turn = is_unix ? SHARED_ACCEPTS_PER_TURN : ACCEPTS_PER_TURN;
    view->acceptor = listener->acceptor;
    if (!is_unix && !address_is_loopback(&address)) /* one of this host cannot vanish untold */
        socket_probe_peer(listener->watch.fd, &view->options->options);
}

static struct listener *find(struct list *listeners, int fd)
{
    list_each(node, listeners)
    {
        struct listener *listener = list_entry(node, struct listener, node);
        if (listener->watch.fd == fd)
            return listener;
    }
    return NULL;
}

struct listener *listener_blank(void)
{
    return malloc(sizeof(struct listener));
}

void listener_blank_free(struct listener *blank)
{
    free(blank);
}

static void add(struct listener *listener, struct acceptor *acceptor, struct view *view, int fd)
{
    *listener = (struct listener){.acceptor = acceptor,
                                  .watch = {fd, on_accept},
                                  .batch = 1,
                                  .crowded_turn = acceptor->loop->turns - 1};
    list_append(&acceptor->active, &listener->node);
    assign(listener, view);
    int result = loop_watch(acceptor->loop, &listener->watch, EPOLLIN);
    if (result < 0)
        rest(listener, strerror(-result));
}

void listener_assign(struct acceptor *acceptor, struct view *view, int fd, struct listener *blank)
{
    struct listener *listener = find(&acceptor->active, fd);
    if (!listener)
        listener = find(&acceptor->resting, fd);
    if (listener) {
        assign(listener, view);
        listener_blank_free(blank);
    } else {
        add(blank, acceptor, view, fd);
    }
}

static void mark(struct list *listeners)
{
    list_each(node, listeners) list_entry(node, struct listener, node)->stale = true;
}

void acceptor_begin_change(struct acceptor *acceptor)
{
    mark(&acceptor->active);
    mark(&acceptor->resting);
}

/* Who waits in a socket that closes would be reset by the kernel: they are served first. */
static void drop_stale(struct list *listeners)
{
    list_each(node, listeners)
    {
        struct listener *listener = list_entry(node, struct listener, node);
        if (!listener->stale)
            continue;
        accept_some(listener, SOMAXCONN);
        listener_free(listener);
    }
}

void acceptor_end_change(struct acceptor *acceptor)
{
    drop_stale(&acceptor->resting);
    drop_stale(&acceptor->active);
}

void acceptor_stop(struct acceptor *acceptor)
{
    wake_resting(acceptor);
    acceptor->stopping = true;
    acceptor->sessions++; /* not drained before the last socket is closed */
    list_each(node, &acceptor->active)
        accept_some(list_entry(node, struct listener, node), SOMAXCONN);
    free_listeners(&acceptor->active);
    free_listeners(&acceptor->resting);
    timer_stop(&acceptor->loop->timers, &acceptor->resume);
    if (acceptor->last_pause > 0)
        end_pause(acceptor);
    acceptor->sessions--;
    check_drained(acceptor);
}
