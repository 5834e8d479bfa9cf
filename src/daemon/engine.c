#include "daemon/engine.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpus.h"
#include "base/log.h"
#include "daemon/descriptors.h"
#include "daemon/pulse.h"
#include "daemon/report.h"

/* Of fewer connections that may be open, it is said that they are few. */
#define FEW_CONNECTIONS 100

int engine_fail(const char *what, int error)
{
    log_error(what, log_text("error", strerror(-error)));
    return error;
}

/* --- the main thread's loop --------------------------------------------------------------------
 */

static void on_libevent_log(int severity, const char *message)
{
    if (severity >= EVENT_LOG_WARN)
        log_warning("libevent", log_text("says", message));
}

static void on_mail(evutil_socket_t fd, short events, void *arg)
{
    struct engine *engine = arg;
    (void)fd;
    (void)events;
    mailbox_deliver(engine->mailbox);
}

static int open_mailbox(struct engine *engine)
{
    int result = mailbox_new(engine, &engine->mailbox);
    if (result < 0)
        return result;
    engine->mail =
        event_new(engine->base, mailbox_fd(engine->mailbox), EV_READ | EV_PERSIST, on_mail, engine);
    return engine->mail && event_add(engine->mail, NULL) == 0 ? 0 : -ENOMEM;
}

static int start_loop(struct engine *engine)
{
    event_set_log_callback(on_libevent_log);
    struct event_config *config = event_config_new();
    if (config) {
        event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
        engine->base = event_base_new_with_config(config);
        event_config_free(config);
    }
    int result = engine->base ? open_mailbox(engine) : -ENOMEM;
    return result < 0 ? engine_fail("the event loop could not be made", result) : 0;
}

static int start_dns(struct engine *engine)
{
    int result =
        resolver_new(engine->base, (unsigned)engine->config->global.dns_budget, &engine->resolver);
    if (result == 0) {
        resolver_on_busy(engine->resolver, report_busy, engine);
        resolver_on_reread(engine->resolver, report_reread, engine);
        engine->lookups = lookups_new(engine->base, engine->resolver, report_lookup, engine);
    }
    engine->health = health_new(engine->base);
    return engine->lookups && engine->health
               ? 0
               : engine_fail("discovery could not be started", -ENOMEM);
}

/* --- workers ------------------------------------------------------------------------------------
 */

static void deliver_drained(struct message *message, void *owner)
{
    struct engine *engine = owner;
    (void)message;
    if (++engine->crews_drained == engine->crew_count)
        engine->on_drained(engine->arg);
}

/* On the worker's own thread. */
static void on_drained(void *arg)
{
    struct crew *crew = arg;
    crew->drained.deliver = deliver_drained;
    mailbox_post(crew->engine->mailbox, &crew->drained);
}

static const char *advice_on_threads(int error)
{
    switch (error) {
    case -EMFILE:
    case -ENFILE:
        return "raise the limit of open files (LimitNOFILE=, or ulimit -Hn), or set fewer threads";
    case -EAGAIN:
        return "raise the limit of tasks (TasksMax=, or ulimit -Hu), or set fewer threads";
    default:
        return NULL;
    }
}

static int fail_worker(int error)
{
    log_error("a worker thread could not be started", log_text("error", strerror(-error)),
              log_text("advice", advice_on_threads(error)));
    return error;
}

/* The workers' threads inherit the mask: signals are for the main thread alone. */
static int start_workers(struct engine *engine)
{
    sigset_t all, before;
    int64_t threads = engine->config->global.threads;
    size_t wanted = threads > 0 ? (size_t)threads : cpus_usable();
    int result = 0;
    engine->crews = calloc(wanted, sizeof *engine->crews);
    engine->pulse = pulse_new(engine->mailbox, wanted);
    if (!engine->crews || !engine->pulse)
        return fail_worker(-ENOMEM);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (; engine->crew_count < wanted && result == 0; engine->crew_count += result == 0) {
        struct crew *crew = &engine->crews[engine->crew_count];
        crew->engine = engine;
        result =
            worker_start(engine->crew_count, &engine->clients, on_drained, crew, &crew->worker);
        if (result == 0)
            pulse_add(engine->pulse, crew->worker);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result < 0 ? fail_worker(result) : 0;
}

void engine_stop(struct engine *engine)
{
    engine->stopping = true;
    for (size_t i = 0; i < engine->crew_count; i++)
        worker_stop(engine->crews[i].worker);
}

void engine_abort(struct engine *engine)
{
    for (size_t i = 0; i < engine->crew_count; i++)
        worker_abort(engine->crews[i].worker);
}

unsigned engine_connections(const struct engine *engine)
{
    return atomic_load(&engine->clients.served);
}

void engine_join(struct engine *engine)
{
    for (size_t i = 0; i < engine->crew_count; i++)
        worker_join(engine->crews[i].worker);
    engine->crew_count = 0;
    pulse_stop(engine->pulse);
}

/* --- from start to end --------------------------------------------------------------------------
 */

/* What the limit of open files carries besides everything else. */
static uint32_t connections_carried(const struct engine *engine, uint64_t descriptors)
{
    size_t admins = engine->config->global.admin_count;
    size_t fixed = engine->crew_count * 4 + (admins > 0 ? admins + DESCRIPTORS_FOR_ADMIN : 0);
    for (size_t i = 0; i < engine->config->upstream_count; i++)
        fixed += engine->crew_count * engine->config->upstreams[i].options.listen_count;
    return descriptors_connections(descriptors, fixed);
}

/* Decides how many connections the process carries. */
static void set_limit(struct engine *engine)
{
    uint64_t descriptors = descriptors_raise_limit();
    uint32_t carried = connections_carried(engine, descriptors);
    int64_t wanted = engine->config->global.max_connections;
    bool as_wanted = wanted > 0 && wanted <= (int64_t)carried;
    atomic_store(&engine->clients.limit.most, as_wanted ? (uint32_t)wanted : carried);
    atomic_store(&engine->clients.by_files, !as_wanted);
    if (wanted > (int64_t)carried)
        log_warning("max-connections is lowered to what the limit of open files carries",
                    log_number("wanted", wanted), log_number("carried", carried),
                    log_number("open-files", descriptors));
    else if (!as_wanted && carried < FEW_CONNECTIONS)
        log_warning("the limit of open files carries few connections",
                    log_number("carried", carried), log_number("open-files", descriptors),
                    log_text("advice", "raise the hard limit: LimitNOFILE=, or ulimit -Hn"));
}

void engine_use(struct engine *engine, struct config *config)
{
    config_ref(config);
    config_unref(engine->config);
    engine->config = config;
    resolver_set_budget(engine->resolver, (unsigned)config->global.dns_budget);
    set_limit(engine);
}

void engine_init(struct engine *engine)
{
    list_init(&engine->fronts.open);
    list_init(&engine->services);
    list_init(&engine->leaving);
}

int engine_start(struct engine *engine, struct config *config)
{
    engine->config = config_ref(config);
    descriptors_raise_limit(); /* all that follows needs some */
    int result = start_loop(engine);
    if (result == 0)
        result = start_dns(engine);
    if (result == 0)
        result = start_workers(engine);
    return result;
}

void engine_clear(struct engine *engine)
{
    if (engine->mail)
        event_free(engine->mail);
    mailbox_free(engine->mailbox);
    lookups_free(engine->lookups);
    health_free(engine->health);
    resolver_free(engine->resolver);
    if (engine->base)
        event_base_free(engine->base);
    pulse_free(engine->pulse);
    free(engine->crews);
    config_unref(engine->config);
}
