#include "daemon/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/compare.h"
#include "daemon/known.h"
#include "daemon/report.h"
#include "daemon/service.h"

/* One upstream of the new configuration. */
struct step {
    struct service *service;
    bool fresh;                  /* the service was made for the plan */
    bool changed;                /* some key of it has another value */
    struct sockets sockets;      /* that it is to have */
    struct discovery *discovery; /* that is to take the place of the service's; NULL: none */
};

struct plan {
    struct engine *engine;
    struct config *config;
    struct roster **rosters; /* worker by worker */
    struct list *next;       /* behind the service that was found last */
    size_t count;
    struct step steps[];
};

/* --- making it ---------------------------------------------------------------------------------
 */

static int plan_sockets(struct plan *plan)
{
    int result = 0;
    for (size_t i = 0; i < plan->count; i++) { /* all of them, so that all errors are told */
        int opened = sockets_open(&plan->steps[i].sockets, &plan->config->upstreams[i],
                                  plan->engine->crew_count, &plan->engine->fronts);
        result = opened < 0 ? opened : result;
    }
    return result;
}

static bool is_changed(const struct plan *plan, const struct service *service, size_t index)
{
    const struct upstream_config *now = service_config(service);
    for (size_t i = 0; i < option_count; i++)
        if (option_table[i].scope == OPTION_UPSTREAM &&
            !option_equal(&option_table[i], &now->options, &plan->config->upstreams[index].options))
            return true;
    return false;
}

static void drain_as_before(struct service *service, const struct known *known)
{
    const struct address *drained;
    size_t count = known_drained(known, service_config(service)->name, &drained);
    for (size_t i = 0; i < count; i++)
        service_drain(service, &drained[i], true);
}

static int start_service(struct plan *plan, const struct known *known, size_t index)
{
    struct step *step = &plan->steps[index];
    struct endpoint_set *carried = known_set(known, plan->config->upstreams[index].name);
    step->fresh = true;
    bool same = known_is_same(known, &plan->config->upstreams[index]);
    int result = service_new(plan->engine, plan->config, index, carried, same, &step->service);
    endpoint_set_unref(carried);
    if (result == 0)
        drain_as_before(step->service, known);
    return result;
}

/* Most of them are the same ones as before, in the same order. */
static struct service *find_service(struct plan *plan, const char *name)
{
    struct service *service = NULL;
    if (plan->next != &plan->engine->services)
        service = list_entry(plan->next, struct service, node);
    if (!service || strcmp(service_config(service)->name, name) != 0)
        service = service_find(plan->engine, name);
    if (service)
        plan->next = service->node.next;
    return service;
}

static int plan_service(struct plan *plan, const struct known *known, size_t index)
{
    struct step *step = &plan->steps[index];
    const struct upstream_config *upstream = &plan->config->upstreams[index];
    step->service = find_service(plan, upstream->name);
    if (!step->service)
        return start_service(plan, known, index);
    const struct service *service = step->service;
    step->changed = is_changed(plan, service, index);
    if (same_discovery(&service->config->global, &service_config(service)->options,
                       &plan->config->global, &upstream->options))
        return 0;
    return service_rediscover(step->service, plan->config, index, &step->discovery);
}

static int plan_services(struct plan *plan, const struct known *known)
{
    for (size_t i = 0; i < plan->count; i++) {
        int result = plan_service(plan, known, i);
        if (result < 0) {
            log_error("an upstream could not be started",
                      log_text("upstream", plan->config->upstreams[i].name),
                      log_text("error", result == -EINVAL ? "none of its resolvers can be used"
                                                          : strerror(-result)));
            return result;
        }
    }
    return 0;
}

static struct endpoint_set *set_of(const struct step *step)
{
    return discovery_set(step->discovery ? step->discovery : step->service->discovery);
}

static int add_to_roster(struct plan *plan, struct roster *roster, size_t worker, size_t index)
{
    struct step *step = &plan->steps[index];
    struct assignment *assignment = roster_add(roster, step->service->upstream, index, set_of(step),
                                               sockets_of_worker(&step->sockets, worker));
    if (!assignment)
        return -ENOMEM;
    return step->fresh ? worker_seat(plan->engine->crews[worker].worker, roster, assignment) : 0;
}

static int plan_rosters(struct plan *plan)
{
    plan->rosters = calloc(plan->engine->crew_count, sizeof(struct roster *));
    int result = plan->rosters ? 0 : -ENOMEM;
    for (size_t i = 0; i < plan->engine->crew_count && result == 0; i++) {
        plan->rosters[i] = roster_new(plan->config, plan->count);
        result = plan->rosters[i] ? 0 : -ENOMEM;
        for (size_t j = 0; j < plan->count && result == 0; j++)
            result = add_to_roster(plan, plan->rosters[i], i, j);
    }
    return result < 0 ? engine_fail("the workers could not be told", result) : 0;
}

int plan_new(struct engine *engine, struct config *config, const struct known *known,
             struct plan **ret_plan)
{
    struct plan *plan = calloc(1, sizeof *plan + config->upstream_count * sizeof(struct step));
    if (!plan)
        return engine_fail("the configuration could not be applied", -ENOMEM);
    plan->engine = engine;
    plan->next = engine->services.next;
    plan->config = config_ref(config);
    plan->count = config->upstream_count;
    int result = plan_sockets(plan);
    if (result == 0)
        result = plan_services(plan, known);
    if (result == 0)
        result = plan_rosters(plan);
    if (result < 0) {
        plan_free(plan);
        return result;
    }
    *ret_plan = plan;
    return 0;
}

void plan_free(struct plan *plan)
{
    if (!plan)
        return;
    for (size_t i = 0; plan->rosters && i < plan->engine->crew_count; i++)
        roster_free(plan->rosters[i]);
    for (size_t i = 0; i < plan->count; i++) {
        struct step *step = &plan->steps[i];
        sockets_clear(&step->sockets);
        discovery_free(step->discovery);
        if (step->fresh && step->service)
            service_leave(step->service);
    }
    free(plan->rosters);
    config_unref(plan->config);
    free(plan);
}

/* --- carrying it out ----------------------------------------------------------------------------
 */

static void commit_service(struct step *step, struct plan *plan, size_t index,
                           struct plan_result *result)
{
    struct service *service = step->service;
    struct endpoint_set *set = set_of(step);
    if (step->fresh && set->count > 0)
        report_endpoints(service_config(service)->name, set, NULL, 0);
    if (!step->fresh)
        service_change(service, plan->config, index, step->discovery);
    step->discovery = NULL;
    result->added += step->fresh;
    result->changed += step->changed;
    result->kept += !step->fresh && !step->changed;
    step->fresh = false;
}

/* The services that have a place in the new configuration move to a list of their own; whoever is
 * left has none. */
static void sort_services(struct plan *plan, struct plan_result *result)
{
    struct list wanted;
    list_init(&wanted);
    for (size_t i = 0; i < plan->count; i++) {
        struct list *node = &plan->steps[i].service->node;
        list_remove(node);
        list_append(&wanted, node);
    }
    list_each(node, &plan->engine->services)
    {
        struct service *service = list_entry(node, struct service, node);
        log_info("upstream dropped", log_text("upstream", service_config(service)->name));
        service_leave(service);
        result->dropped++;
    }
    list_move_all(&plan->engine->services, &wanted);
}

/* From now on the workers own the sockets. */
static void commit_sockets(struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        struct step *step = &plan->steps[i];
        for (size_t worker = 0; worker < plan->engine->crew_count; worker++)
            sockets_give(&step->sockets, worker, plan->rosters[worker]->assignments[i].sockets);
        sockets_report(&step->sockets, &plan->config->upstreams[i]);
        struct sockets before = step->service->sockets;
        step->service->sockets = step->sockets;
        step->sockets = before;
    }
}

static void commit_rosters(struct plan *plan)
{
    for (size_t i = 0; i < plan->engine->crew_count; i++) {
        worker_assign(plan->engine->crews[i].worker, plan->rosters[i]);
        plan->rosters[i] = NULL;
    }
}

struct plan_result plan_commit(struct plan *plan)
{
    struct plan_result result = {0};
    engine_use(plan->engine, plan->config);
    commit_sockets(plan);
    for (size_t i = 0; i < plan->count; i++)
        commit_service(&plan->steps[i], plan, i, &result);
    sort_services(plan, &result);
    commit_rosters(plan);
    plan_free(plan); /* and with it what the services had before */
    return result;
}
