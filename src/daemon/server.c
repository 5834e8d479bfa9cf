#include "daemon/server.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/heritage.h"
#include "daemon/linger.h"
#include "daemon/log_timer.h"
#include "daemon/manager.h"
#include "daemon/service.h"
#include "daemon/upgrade.h"

struct server {
    struct engine engine;
    struct reload reload;
    struct heritage heritage;
    struct manager *manager;
    struct upgrade *upgrade;
    struct lingering *linger;
    struct event *stop_timer, *log_timer;
    struct event *signals[6];
    size_t signal_count;
    void (*superseded)(void *arg);
    void *superseded_arg;
    usec_t started;
    const char *path;
    bool is_superseded;
    bool ending; /* asked to, by a signal: it takes stop-timeout at the most */
    bool aborted;
    unsigned cut; /* connections that were open when it stopped */
};

/* --- stopping --------------------------------------------------------------------------------- */

static void stop_accepting(struct server *server)
{
    if (server->engine.stopping)
        return;
    list_each(node, &server->engine.services)
        sockets_remove_files(&list_entry(node, struct service, node)->sockets);
    engine_stop(&server->engine);
}

static void stop_now(struct server *server)
{
    if (server->aborted)
        return;
    server->aborted = true;
    server->cut = engine_connections(&server->engine);
    stop_accepting(server);
    engine_abort(&server->engine);
}

static void on_stop_timeout(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    stop_now(arg);
}

static void on_drained(void *arg)
{
    struct event_base *base = ((struct server *)arg)->engine.base;
    if (event_base_loopexit(base, NULL) < 0) /* after what else is due; but it takes memory */
        event_base_loopbreak(base);
}

static void on_lingered(void *arg)
{
    stop_accepting(arg);
}

static void begin_to_stop(struct server *server)
{
    const struct global_options *options = &server->engine.config->global;
    struct timeval patience = clock_timeval(options->stop_timeout);
    server->ending = true;
    upgrade_cancel(server->upgrade);
    manager_stopping(server->manager, options->stop_timeout);
    event_add(server->stop_timer, &patience);
    if (options->stop_mode == STOP_LINGER && !server->engine.stopping)
        server->linger = linger_new(&server->engine, on_lingered, server);
    if (!server->linger)
        stop_accepting(server);
}

static void on_stop_signal(evutil_socket_t number, short events, void *arg)
{
    struct server *server = arg;
    (void)events;
    if (server->ending) {
        stop_now(server);
        return;
    }
    log_info("stopping", log_text("signal", number == SIGTERM ? "SIGTERM" : "SIGINT"),
             log_number("connections", engine_connections(&server->engine)));
    begin_to_stop(server);
}

/* --- reload, upgrade ---------------------------------------------------------------------------
 */

int server_reload_now(struct server *server, struct plan_result *ret_result)
{
    manager_reloading(server->manager);
    int result = reload_now(&server->reload, ret_result);
    manager_reloaded(server->manager);
    return result;
}

static void on_hangup(evutil_socket_t number, short events, void *arg)
{
    struct plan_result result;
    (void)number;
    (void)events;
    server_reload_now(arg, &result);
}

/* The listening sockets, and the files of Unix sockets, are the successor's; our connections go on
 * until they end, or a signal comes. */
static void on_superseded(void *arg, pid_t successor)
{
    struct server *server = arg;
    server->is_superseded = true;
    manager_hand_over(server->manager, successor);
    list_each(node, &server->engine.fronts.open)
        front_leave_file(list_entry(node, struct front, node));
    if (server->superseded)
        server->superseded(server->superseded_arg);
    engine_stop(&server->engine);
}

int server_upgrade(struct server *server, char *ret_why, size_t size)
{
    if (server->ending) {
        snprintf(ret_why, size, "redial is stopping");
        return -EBUSY;
    }
    return upgrade_begin(server->upgrade, ret_why, size);
}

const struct upgrade *server_successor(const struct server *server)
{
    return server->upgrade;
}

static void on_upgrade_signal(evutil_socket_t number, short events, void *arg)
{
    char why[256];
    (void)number;
    (void)events;
    if (server_upgrade(arg, why, sizeof why) < 0)
        log_outcome_error("no upgrade", log_text("error", why));
}

/* Whoever is process 1 gets other children than its own, too. */
static void on_child(evutil_socket_t number, short events, void *arg)
{
    struct server *server = arg;
    int status;
    (void)number;
    (void)events;
    for (pid_t child; (child = waitpid(-1, &status, WNOHANG)) > 0;)
        upgrade_child_ended(server->upgrade, child, status);
}

/* --- signals ---------------------------------------------------------------------------------- */

static int catch_signals(struct server *server)
{
    static const struct {
        int number;
        void (*handler)(evutil_socket_t number, short events, void *arg);
    } handlers[] = {{SIGTERM, on_stop_signal},
                    {SIGINT, on_stop_signal},
                    {SIGHUP, on_hangup},
                    {SIGUSR2, on_upgrade_signal},
                    {SIGCHLD, on_child}};
    struct event_base *base = server->engine.base;
    for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++) {
        struct event *event = evsignal_new(base, handlers[i].number, handlers[i].handler, server);
        if (!event)
            return -ENOMEM;
        server->signals[server->signal_count++] = event;
        if (event_add(event, NULL) < 0)
            return -ENOMEM;
    }
    server->stop_timer = evtimer_new(base, on_stop_timeout, server);
    signal(SIGPIPE, SIG_IGN);
    return server->stop_timer ? 0 : -ENOMEM;
}

/* A signal that comes once it is over would meet the default action, and look like a death. */
static void let_signals_wait(void)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
}

static void forget_signals(struct server *server)
{
    let_signals_wait();
    for (size_t i = 0; i < server->signal_count; i++)
        event_free(server->signals[i]);
    if (server->stop_timer)
        event_free(server->stop_timer);
}

/* --- from start to end --------------------------------------------------------------------------
 */

static int make_parts(struct server *server, char *const *argv)
{
    struct engine *engine = &server->engine;
    int result = catch_signals(server);
    server->manager = manager_new(engine);
    server->upgrade = upgrade_new(engine, argv, on_superseded, server);
    if (result == 0 && server->manager && server->upgrade)
        return 0;
    return engine_fail("the server could not be made", -ENOMEM);
}

static int start(struct server *server, const struct server_setup *setup)
{
    struct engine *engine = &server->engine;
    engine_init(engine);
    engine->on_drained = on_drained;
    engine->arg = server;
    int result = heritage_open(&server->heritage);
    if (result == 0)
        result = engine_start(engine, setup->config);
    engine->fronts.inherited = server->heritage.inherited;
    if (result == 0)
        result = make_parts(server, setup->argv);
    if (result == 0)
        result = reload_prepare(&server->reload, engine, setup->config, server->heritage.known,
                                setup->loader, setup->arg);
    return result;
}

struct server *server_start(const struct server_setup *setup)
{
    struct server *server = calloc(1, sizeof *server);
    if (!server) {
        engine_fail("the server could not be made", -ENOMEM);
        return NULL;
    }
    server->started = clock_now();
    server->path = setup->path;
    if (start(server, setup) < 0) {
        server_free(server);
        return NULL;
    }
    return server;
}

void server_on_superseded(struct server *server, void (*superseded)(void *arg), void *arg)
{
    server->superseded = superseded;
    server->superseded_arg = arg;
}

bool server_is_superseded(const struct server *server)
{
    return server->is_superseded;
}

void server_run(struct server *server)
{
    struct engine *engine = &server->engine;
    engine->fronts.inherited = NULL;
    reload_begin(&server->reload);
    server->log_timer = log_timer_new(engine->base); /* clients can come, and with them a storm */
    log_info("ready", log_number("upstreams", engine->config->upstream_count),
             log_number("threads", engine->crew_count),
             log_number("max-connections", engine->clients.limit.most),
             log_number("pid", getpid()));
    int predecessor = heritage_take_over(&server->heritage);
    list_each(node, &engine->fronts.open) front_claim_file(list_entry(node, struct front, node));
    heritage_settle(&server->heritage);
    manager_serve(server->manager, predecessor);
    event_base_dispatch(engine->base);
    log_timer_free(server->log_timer);
    log_info("stopped", log_number("connections_cut", server->cut));
}

void server_free(struct server *server)
{
    if (!server)
        return;
    struct engine *engine = &server->engine;
    reload_clear(&server->reload);
    engine_join(engine);
    list_each(node, &engine->services) service_leave(list_entry(node, struct service, node));
    linger_free(server->linger);
    upgrade_free(server->upgrade);
    manager_free(server->manager);
    forget_signals(server);
    engine_clear(engine);
    heritage_clear(&server->heritage);
    free(server);
    libevent_global_shutdown();
}

usec_t server_started(const struct server *server)
{
    return server->started;
}

const char *server_path(const struct server *server)
{
    return server->path;
}

struct engine *server_engine(struct server *server)
{
    return &server->engine;
}

struct reload *server_reload(struct server *server)
{
    return &server->reload;
}
