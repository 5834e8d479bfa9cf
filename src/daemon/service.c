#include "daemon/service.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/compare.h"
#include "config/options.h"
#include "daemon/report.h"

const struct upstream_config *service_config(const struct service *service)
{
    return &service->config->upstreams[service->index];
}

struct service *service_find(const struct engine *engine, const char *name)
{
    list_each(node, &engine->services)
    {
        struct service *service = list_entry(node, struct service, node);
        if (strcmp(service_config(service)->name, name) == 0)
            return service;
    }
    return NULL;
}

/* --- its endpoints ------------------------------------------------------------------------------
 */

static void use_endpoints(struct service *service, struct endpoint_set *set)
{
    const struct upstream_config *config = service_config(service);
    if (balancer_use(&service->upstream->balancer, (enum balance_policy)config->options.balance,
                     set) < 0)
        log_error("no memory to balance over the new endpoints",
                  log_text("upstream", config->name));
    health_set_endpoints(service->ward, set);
}

static void on_endpoints(void *arg, struct endpoint_set *set, const struct endpoint_set *previous,
                         usec_t ttl)
{
    struct service *service = arg;
    struct engine *engine = service->engine;
    const char *name = service_config(service)->name;
    use_endpoints(service, set);
    report_endpoints(name, set, previous, ttl);
    for (size_t i = 0; i < engine->crew_count; i++)
        worker_set_endpoints(engine->crews[i].worker, service->upstream, set);
}

/* Said once a service: DNS is asked again and again. */
static bool is_own_listener(void *arg, const struct address *address)
{
    struct service *service = arg;
    char text[ADDRESS_TEXT_MAX];
    if (!fronts_reached(&service->engine->fronts, address))
        return false;
    if (!service->loop_told)
        log_warning("dns names an address that redial itself listens on: it is passed over",
                    log_text("upstream", service_config(service)->name),
                    log_text("endpoint", address_format(address, text)));
    service->loop_told = true;
    return true;
}

static const struct discovery_calls calls = {on_endpoints, is_own_listener};

static int discover(struct service *service, struct config *config, size_t index,
                    struct endpoint_set *carried, bool same, struct discovery **ret_discovery)
{
    struct engine *engine = service->engine;
    const struct upstream_options *options = &config->upstreams[index].options;
    struct servers *servers;
    int result = discovery_servers(engine->resolver, &config->global, options, &servers);
    if (result < 0)
        return result;
    return discovery_new(engine->lookups, servers, options, carried, same, &calls, service,
                         ret_discovery);
}

int service_rediscover(struct service *service, struct config *config, size_t index,
                       struct discovery **ret_discovery)
{
    const struct config_option *target = option_find("upstream", "target");
    bool same =
        option_equal(target, &service_config(service)->options, &config->upstreams[index].options);
    return discover(service, config, index, discovery_set(service->discovery), same, ret_discovery);
}

bool service_drain(struct service *service, const struct address *endpoint, bool on)
{
    struct endpoint_set *set = discovery_set(service->discovery);
    const struct finding finding = {.endpoint = endpoint_set_find(set, endpoint),
                                    .event = on ? EJECT_DRAINED : EJECT_UNDRAINED,
                                    .started = clock_now()};
    if (!finding.endpoint)
        return false;
    upstream_note(service->upstream, service_config(service), set, &finding);
    return true;
}

/* --- what workers say --------------------------------------------------------------------------
 */

/* That a connect failed. */
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
    if (failure->service->discovery)
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
    mailbox_post(service->engine->mailbox, &failure->message);
}

/* Endpoints left the rotation or came back: that is probed, and who dials is told. */
static void deliver_turned(struct message *message, void *owner)
{
    struct service *service = list_entry(message, struct service, turned);
    struct engine *engine = owner;
    atomic_store(&service->turn_told, false);
    if (!service->discovery)
        return;
    health_look(service->ward);
    for (size_t i = 0; i < engine->crew_count; i++)
        worker_tell(engine->crews[i].worker, service->upstream);
}

/* On any thread. The message is part of the service, so that no want of memory can lose it. */
static void on_turn(void *arg)
{
    struct service *service = arg;
    if (!atomic_exchange(&service->turn_told, true))
        mailbox_post(service->engine->mailbox, &service->turned);
}

/* Nobody has the upstream any more, so nothing refers to the service: what was posted by others
 * came before this. */
static void deliver_gone(struct message *message, void *owner)
{
    struct service *service = list_entry(message, struct service, gone);
    (void)owner;
    list_remove(&service->node);
    config_unref(service->config);
    free(service);
}

/* On any thread. */
static void on_gone(void *arg)
{
    struct service *service = arg;
    mailbox_post(service->engine->mailbox, &service->gone);
}

/* --- from start to end --------------------------------------------------------------------------
 */

int service_new(struct engine *engine, struct config *config, size_t index,
                struct endpoint_set *carried, bool same, struct service **ret_service)
{
    struct service *service = calloc(1, sizeof *service);
    if (!service)
        return -ENOMEM;
    const struct upstream_config *upstream = &config->upstreams[index];
    const struct upstream_watcher watcher = {on_failure, on_turn, on_gone, service};
    service->upstream =
        upstream_new((uint32_t)upstream->options.max_connections, engine->crew_count, &watcher);
    if (!service->upstream) {
        free(service);
        return -ENOMEM;
    }
    service->engine = engine;
    service->config = config_ref(config);
    service->index = index;
    service->turned.deliver = deliver_turned;
    service->gone.deliver = deliver_gone;
    list_init(&service->node);
    int result = discover(service, config, index, carried, same, &service->discovery);
    if (result == 0) {
        struct endpoint_set *set = discovery_set(service->discovery);
        service->ward = health_add(engine->health, service->upstream, upstream, set);
        result = service->ward ? 0 : -ENOMEM;
    }
    if (result < 0) {
        service_leave(service);
        return result;
    }
    use_endpoints(service, discovery_set(service->discovery));
    *ret_service = service;
    return 0;
}

/* The endpoints of another discovery, which may know others already. */
static void take_discovery(struct service *service, struct discovery *discovery)
{
    struct endpoint_set *previous = endpoint_set_ref(discovery_set(service->discovery));
    discovery_free(service->discovery);
    service->discovery = discovery;
    if (discovery_set(discovery) != previous)
        report_endpoints(service_config(service)->name, discovery_set(discovery), previous, 0);
    endpoint_set_unref(previous);
}

void service_change(struct service *service, struct config *config, size_t index,
                    struct discovery *discovery)
{
    struct config *before = service->config;
    service->config = config_ref(config);
    service->index = index;
    upstream_set_limit(service->upstream,
                       (uint32_t)service_config(service)->options.max_connections);
    health_configure(service->ward, service_config(service));
    if (discovery)
        take_discovery(service, discovery);
    use_endpoints(service, discovery_set(service->discovery));
    config_unref(before);
}

void service_leave(struct service *service)
{
    struct upstream *upstream = service->upstream;
    discovery_free(service->discovery);
    service->discovery = NULL;
    health_remove(service->ward);
    service->ward = NULL;
    sockets_clear(&service->sockets);
    list_remove(&service->node);
    list_append(&service->engine->leaving, &service->node);
    service->upstream = NULL;
    upstream_unref(upstream); /* the last one calls on_gone() */
}
