#include "daemon/server.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cpus.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mailbox.h"
#include "config/config.h"
#include "daemon/descriptors.h"
#include "daemon/log_timer.h"
#include "daemon/report.h"
#include "daemon/sockets.h"
#include "discovery/discovery.h"
#include "proxy/health.h"
#include "proxy/worker.h"

struct server;

/* One upstream in the main thread. */
struct service {
    struct server *server;
    const char *name; /* of the configuration */
    struct upstream *upstream;
    struct discovery *discovery;
    struct ward *ward;
    struct sockets sockets;
    struct message turned;
    _Atomic bool turn_told; /* the message is on its way */
};

/* One worker in the main thread. */
struct crew {
    struct server *server;
    struct worker *worker;
    struct message drained;
};

struct server {
    struct config *config;
    struct event_base *base;
    struct mailbox *mailbox;
    struct event *mail;
    struct resolver *resolver;
    struct lookups *lookups;
    struct health *health;
    struct limit limit;
    struct service *services;
    size_t service_count;
    struct crew *crews;
    size_t crew_count;
    size_t crews_drained;
    struct event *sigterm, *sigint, *sighup;
    struct event *stop_timer;
    struct event *log_timer;
    bool stopping, aborted;
    unsigned cut;
};

/* --- stopping --------------------------------------------------------------------------------- */

static unsigned connections_open(const struct server *server)
{
    return atomic_load(&server->limit.open);
}

static void stop_now(struct server *server)
{
    if (server->aborted)
        return;
    server->aborted = true;
    server->cut = connections_open(server);
    for (size_t i = 0; i < server->crew_count; i++)
        worker_abort(server->crews[i].worker);
}

static void on_stop_timeout(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    stop_now(arg);
}

static void deliver_drained(struct message *message, void *owner)
{
    struct server *server = owner;
    (void)message;
    if (++server->crews_drained == server->crew_count)
        event_base_loopexit(server->base, NULL);
}

/* On the worker's own thread. */
static void on_drained(void *arg)
{
    struct crew *crew = arg;
    crew->drained.deliver = deliver_drained;
    mailbox_post(crew->server->mailbox, &crew->drained);
}

static void on_stop_signal(evutil_socket_t number, short events, void *arg)
{
    struct server *server = arg;
    (void)events;
    if (server->stopping) {
        stop_now(server);
        return;
    }
    server->stopping = true;
    log_info("stopping", log_text("signal", number == SIGTERM ? "SIGTERM" : "SIGINT"),
             log_number("connections", connections_open(server)));
    for (size_t i = 0; i < server->service_count; i++)
        sockets_remove_files(&server->services[i].sockets);
    for (size_t i = 0; i < server->crew_count; i++)
        worker_stop(server->crews[i].worker);
    struct timeval patience = clock_timeval(server->config->global.stop_timeout);
    event_add(server->stop_timer, &patience);
}

static void on_hangup(evutil_socket_t number, short events, void *arg)
{
    (void)number;
    (void)events;
    (void)arg;
    log_warning("SIGHUP is ignored: this version reads its configuration at start only");
}

static int catch_signals(struct server *server)
{
    server->sigterm = evsignal_new(server->base, SIGTERM, on_stop_signal, server);
    server->sigint = evsignal_new(server->base, SIGINT, on_stop_signal, server);
    server->sighup = evsignal_new(server->base, SIGHUP, on_hangup, server);
    server->stop_timer = evtimer_new(server->base, on_stop_timeout, server);
    if (!server->sigterm || !server->sigint || !server->sighup || !server->stop_timer ||
        event_add(server->sigterm, NULL) < 0 || event_add(server->sigint, NULL) < 0 ||
        event_add(server->sighup, NULL) < 0)
        return -ENOMEM;
    signal(SIGPIPE, SIG_IGN);
    return 0;
}

/* --- starting --------------------------------------------------------------------------------- */

static int fail(const char *what, int error)
{
    log_error(what, log_text("error", strerror(-error)));
    return error;
}

static void on_libevent_log(int severity, const char *message)
{
    if (severity >= EVENT_LOG_WARN)
        log_warning("libevent", log_text("says", message));
}

static void on_mail(evutil_socket_t fd, short events, void *arg)
{
    struct server *server = arg;
    (void)fd;
    (void)events;
    mailbox_deliver(server->mailbox);
}

static int open_mailbox(struct server *server)
{
    int result = mailbox_new(server, &server->mailbox);
    if (result < 0)
        return result;
    server->mail =
        event_new(server->base, mailbox_fd(server->mailbox), EV_READ | EV_PERSIST, on_mail, server);
    return server->mail && event_add(server->mail, NULL) == 0 ? 0 : -ENOMEM;
}

static int start_loop(struct server *server)
{
    event_set_log_callback(on_libevent_log);
    struct event_config *config = event_config_new();
    if (config) {
        event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
        server->base = event_base_new_with_config(config);
        event_config_free(config);
    }
    int result = server->base ? open_mailbox(server) : -ENOMEM;
    if (result == 0)
        result = catch_signals(server);
    return result < 0 ? fail("the event loop could not be made", result) : 0;
}

static int start_dns(struct server *server)
{
    int result =
        resolver_new(server->base, (unsigned)server->config->global.dns_budget, &server->resolver);
    if (result == 0) {
        resolver_on_busy(server->resolver, report_busy, server);
        resolver_on_reread(server->resolver, report_reread, server);
        server->lookups = lookups_new(server->base, server->resolver, report_lookup, server);
    }
    server->health = health_new(server->base);
    return server->lookups && server->health ? 0 : fail("discovery could not be started", -ENOMEM);
}

static int use_endpoints(struct service *service, struct endpoint_set *set)
{
    const struct upstream_config *config =
        &service->server->config->upstreams[service - service->server->services];
    return balancer_use(&service->upstream->balancer, (enum balance_policy)config->options.balance,
                        set);
}

static void on_endpoints(void *arg, struct endpoint_set *set, const struct endpoint_set *previous,
                         usec_t ttl)
{
    struct service *service = arg;
    struct server *server = service->server;
    if (use_endpoints(service, set) < 0)
        log_error("no memory to balance over the new endpoints",
                  log_text("upstream", service->name));
    health_set_endpoints(service->ward, set);
    report_endpoints(service->name, set, previous, ttl);
    for (size_t i = 0; i < server->crew_count; i++)
        if (worker_set_endpoints(server->crews[i].worker, service->upstream, set) < 0)
            log_error("no memory to tell a worker of the new endpoints",
                      log_text("upstream", service->name));
}

/* A worker's word that a connect failed. */
struct failure_message {
    struct message message;
    struct service *service;
    struct endpoint *endpoint;
};

static void deliver_failure(struct message *message, void *owner)
{
    struct failure_message *failure = (struct failure_message *)message;
    (void)owner;
    atomic_store(&failure->endpoint->failure_told, false);
    if (failure->service->discovery) /* not while stopping */
        discovery_connect_failed(failure->service->discovery, &failure->endpoint->address);
    endpoint_unref(failure->endpoint);
    free(failure);
}

/* On a worker's thread. */
static void on_failure(void *arg, struct endpoint *endpoint)
{
    struct service *service = arg;
    struct failure_message *failure = calloc(1, sizeof *failure);
    if (!failure) { /* the next failure tells */
        atomic_store(&endpoint->failure_told, false);
        return;
    }
    failure->message.deliver = deliver_failure;
    failure->service = service;
    failure->endpoint = endpoint_ref(endpoint);
    mailbox_post(service->server->mailbox, &failure->message);
}

/* Endpoints left the rotation or came back: that is probed, and who dials is told. */
static void deliver_turned(struct message *message, void *owner)
{
    struct service *service = list_entry(message, struct service, turned);
    struct server *server = owner;
    atomic_store(&service->turn_told, false);
    if (!service->discovery) /* while stopping */
        return;
    health_look(service->ward);
    for (size_t i = 0; i < server->crew_count; i++)
        worker_tell(server->crews[i].worker, service->upstream);
}

/* On any thread. The message is part of the service, so that no want of memory can lose it. */
static void on_turn(void *arg)
{
    struct service *service = arg;
    if (!atomic_exchange(&service->turn_told, true))
        mailbox_post(service->server->mailbox, &service->turned);
}

/* Opens the sockets of every upstream, and says of each that cannot be opened why. */
static int open_sockets(struct server *server)
{
    int result = 0;
    for (size_t i = 0; i < server->config->upstream_count; i++) {
        const struct upstream_config *upstream = &server->config->upstreams[i];
        int opened = sockets_open(&server->services[i].sockets, upstream, server->crew_count);
        result = opened < 0 ? opened : result;
    }
    return result;
}

static int start_discovery(struct service *service, const struct upstream_options *options)
{
    struct server *server = service->server;
    struct servers *servers;
    int result = discovery_servers(server->resolver, &server->config->global, options, &servers);
    if (result < 0)
        return result;
    return discovery_new(server->lookups, servers, options, on_endpoints, service,
                         &service->discovery);
}

static int start_service(struct server *server, size_t index)
{
    struct service *service = &server->services[index];
    const struct upstream_config *config = &server->config->upstreams[index];
    service->upstream = upstream_new((uint32_t)config->options.max_connections, server->crew_count,
                                     on_failure, service);
    if (!service->upstream)
        return -ENOMEM;
    service->turned.deliver = deliver_turned;
    upstream_on_turn(service->upstream, on_turn);
    int result = start_discovery(service, &config->options);
    if (result < 0)
        return result;
    struct endpoint_set *set = discovery_set(service->discovery);
    result = use_endpoints(service, set);
    service->ward = health_add(server->health, service->upstream, config, set);
    if (!service->ward)
        return -ENOMEM;
    if (set->count > 0)
        report_endpoints(service->name, set, NULL, 0);
    for (size_t i = 0; i < server->crew_count && result == 0; i++) {
        result = worker_add_upstream(server->crews[i].worker, service->upstream, server->config,
                                     index, set, sockets_of_worker(&service->sockets, i),
                                     service->sockets.per_worker);
        sockets_forget(&service->sockets, i);
    }
    return result;
}

static int start_services(struct server *server)
{
    for (size_t i = 0; i < server->service_count; i++) {
        int result = start_service(server, i);
        if (result < 0)
            return fail("an upstream could not be started", result);
    }
    return 0;
}

/* The workers' threads inherit the mask: signals are for the main thread alone. */
static int start_workers(struct server *server)
{
    sigset_t all, before;
    int result = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (size_t i = 0; i < server->crew_count && result == 0; i++) {
        server->crews[i].server = server;
        result = worker_start(i, &server->limit, on_drained, &server->crews[i],
                              &server->crews[i].worker);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result < 0 ? fail("a worker thread could not be started", result) : 0;
}

/* Decides how many connections the process carries. */
static void set_limit(struct server *server)
{
    uint64_t descriptors = descriptors_raise_limit();
    size_t fixed = server->crew_count * 4;
    for (size_t i = 0; i < server->service_count; i++)
        fixed += server->crew_count * server->config->upstreams[i].options.listen_count;
    uint32_t carried = descriptors_connections(descriptors, fixed);
    int64_t wanted = server->config->global.max_connections;
    server->limit.most = wanted > 0 && wanted < (int64_t)carried ? (uint32_t)wanted : carried;
    if (wanted > (int64_t)carried)
        log_warning("max-connections is lowered to what the limit of open files carries",
                    log_number("wanted", wanted), log_number("carried", carried),
                    log_number("open-files", descriptors));
}

static int allocate(struct server *server)
{
    int64_t threads = server->config->global.threads;
    server->crew_count = threads > 0 ? (size_t)threads : cpus_usable();
    server->service_count = server->config->upstream_count;
    server->crews = calloc(server->crew_count, sizeof *server->crews);
    server->services = calloc(server->service_count, sizeof *server->services);
    if (!server->crews || !server->services)
        return fail("the server could not be made", -ENOMEM);
    for (size_t i = 0; i < server->service_count; i++) {
        server->services[i].server = server;
        server->services[i].name = server->config->upstreams[i].name;
    }
    return 0;
}

static int start(struct server *server)
{
    int result = allocate(server);
    if (result == 0)
        result = start_loop(server);
    if (result == 0)
        set_limit(server);
    if (result == 0)
        result = open_sockets(server);
    if (result == 0)
        result = start_dns(server);
    if (result == 0)
        result = start_workers(server);
    if (result == 0)
        result = start_services(server);
    if (result < 0)
        return result;
    server->log_timer = log_timer_new(server->base); /* clients can come, and with them a storm */
    log_info("ready", log_number("upstreams", server->service_count),
             log_number("threads", server->crew_count),
             log_number("max-connections", server->limit.most), log_number("pid", getpid()));
    return result;
}

/* --- the end ------------------------------------------------------------------------------------
 */

static void free_event(struct event *event)
{
    if (event)
        event_free(event);
}

/* A signal that comes once it is over would meet the default action, and look like a death. */
static void let_signals_wait(void)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
}

static void clear(struct server *server)
{
    for (size_t i = 0; server->crews && i < server->crew_count; i++)
        worker_join(server->crews[i].worker);
    for (size_t i = 0; server->services && i < server->service_count; i++) {
        discovery_free(server->services[i].discovery);
        server->services[i].discovery = NULL;
        health_remove(server->services[i].ward);
        upstream_unref(server->services[i].upstream);
        sockets_close(&server->services[i].sockets);
    }
    free_event(server->mail);
    mailbox_free(server->mailbox); /* may hold failures still, so before the services go */
    lookups_free(server->lookups);
    health_free(server->health);
    resolver_free(server->resolver);
    let_signals_wait();
    free_event(server->sigterm);
    free_event(server->sigint);
    free_event(server->sighup);
    free_event(server->stop_timer);
    if (server->base)
        event_base_free(server->base);
    free(server->crews);
    free(server->services);
    config_unref(server->config);
}

int server_run(struct config *config)
{
    struct server server = {.config = config_ref(config)};
    int result = start(&server);
    if (result == 0) {
        event_base_dispatch(server.base);
        log_timer_free(server.log_timer);
        log_info("stopped", log_number("connections_cut", server.cut));
    }
    clear(&server);
    libevent_global_shutdown();
    return result == 0 ? 0 : 1;
}
