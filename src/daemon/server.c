#include "daemon/server.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/log_timer.h"
#include "daemon/service.h"

struct server {
    struct engine engine;
    struct reload reload;
    struct event *sigterm, *sigint, *sighup;
    struct event *stop_timer;
    struct event *log_timer;
    usec_t started;
    const char *path;
    bool aborted;
    unsigned cut; /* connections that were open when it stopped */
};

/* --- stopping --------------------------------------------------------------------------------- */

static void stop_now(struct server *server)
{
    if (server->aborted)
        return;
    server->aborted = true;
    server->cut = engine_connections(&server->engine);
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
    struct server *server = arg;
    event_base_loopexit(server->engine.base, NULL);
}

static void on_stop_signal(evutil_socket_t number, short events, void *arg)
{
    struct server *server = arg;
    struct engine *engine = &server->engine;
    (void)events;
    if (engine->stopping) {
        stop_now(server);
        return;
    }
    log_info("stopping", log_text("signal", number == SIGTERM ? "SIGTERM" : "SIGINT"),
             log_number("connections", engine_connections(engine)));
    list_each(node, &engine->services)
        sockets_remove_files(&list_entry(node, struct service, node)->sockets);
    engine_stop(engine);
    struct timeval patience = clock_timeval(engine->config->global.stop_timeout);
    event_add(server->stop_timer, &patience);
}

/* --- signals ---------------------------------------------------------------------------------- */

static void on_hangup(evutil_socket_t number, short events, void *arg)
{
    struct server *server = arg;
    struct plan_result result;
    (void)number;
    (void)events;
    reload_now(&server->reload, &result);
}

static int catch_signals(struct server *server)
{
    struct event_base *base = server->engine.base;
    server->sigterm = evsignal_new(base, SIGTERM, on_stop_signal, server);
    server->sigint = evsignal_new(base, SIGINT, on_stop_signal, server);
    server->sighup = evsignal_new(base, SIGHUP, on_hangup, server);
    server->stop_timer = evtimer_new(base, on_stop_timeout, server);
    if (!server->sigterm || !server->sigint || !server->sighup || !server->stop_timer ||
        event_add(server->sigterm, NULL) < 0 || event_add(server->sigint, NULL) < 0 ||
        event_add(server->sighup, NULL) < 0)
        return engine_fail("signals cannot be caught", -ENOMEM);
    signal(SIGPIPE, SIG_IGN);
    return 0;
}

/* A signal that comes once it is over would meet the default action, and look like a death. */
static void let_signals_wait(void)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
}

static void free_event(struct event *event)
{
    if (event)
        event_free(event);
}

static void forget_signals(struct server *server)
{
    let_signals_wait();
    free_event(server->sigterm);
    free_event(server->sigint);
    free_event(server->sighup);
    free_event(server->stop_timer);
}

/* --- from start to end --------------------------------------------------------------------------
 */

static int start(struct server *server, struct config *config, reload_loader *loader, void *arg)
{
    struct engine *engine = &server->engine;
    engine->on_drained = on_drained;
    engine->arg = server;
    int result = engine_start(engine, config);
    if (result == 0)
        result = catch_signals(server);
    if (result == 0)
        result = reload_start(&server->reload, engine, config, loader, arg);
    if (result < 0)
        return result;
    server->log_timer = log_timer_new(engine->base); /* clients can come, and with them a storm */
    log_info("ready", log_number("upstreams", config->upstream_count),
             log_number("threads", engine->crew_count),
             log_number("max-connections", engine->limit.most), log_number("pid", getpid()));
    return 0;
}

struct server *server_start(struct config *config, const char *path, reload_loader *loader,
                            void *arg)
{
    struct server *server = calloc(1, sizeof *server);
    if (!server) {
        engine_fail("the server could not be made", -ENOMEM);
        return NULL;
    }
    server->started = clock_now();
    server->path = path;
    if (start(server, config, loader, arg) < 0) {
        server_free(server);
        return NULL;
    }
    return server;
}

void server_run(struct server *server)
{
    event_base_dispatch(server->engine.base);
    log_timer_free(server->log_timer);
    server->log_timer = NULL;
    log_info("stopped", log_number("connections_cut", server->cut));
}

void server_free(struct server *server)
{
    if (!server)
        return;
    struct engine *engine = &server->engine;
    engine_join(engine);
    list_each(node, &engine->services) service_leave(list_entry(node, struct service, node));
    forget_signals(server);
    engine_clear(engine);
    reload_clear(&server->reload);
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
