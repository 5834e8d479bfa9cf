#include "rig.h"

#include <errno.h>
#include <unistd.h>

#include "../memory_file.h"
#include "../target.h"
#include "daemon/known.h"
#include "daemon/report.h"
#include "probes.h"
#include "questions.h"
#include "settings.h"
#include "virtual_time.h"
#include "workers.h"

struct engine rig;
static struct crew crews[WORKERS];
static char base; /* of libevent's, whose functions are in virtual_time.c */
static bool lacks_sockets;
static size_t open_sockets;

/* --- as daemon/engine.h says ------------------------------------------------------------------ */

int engine_fail(const char *what, int error)
{
    expect(what && error < 0);
    return error;
}

void engine_use(struct engine *engine, struct config *config)
{
    config_ref(config);
    config_unref(engine->config);
    engine->config = config;
    resolver_set_budget(engine->resolver, (unsigned)config->global.dns_budget);
}

/* --- as daemon/front.h and sockets.h say ------------------------------------------------------ */

bool fronts_reached(const struct fronts *fronts, const struct address *address)
{
    struct address own;
    expect(fronts == &rig.fronts &&
           address_parse_ip(SETTINGS_OWN_ADDRESS, address_port(address), &own));
    return address_equal(&own, address);
}

int sockets_open(struct sockets *sockets, const struct upstream_config *upstream, size_t workers,
                 struct fronts *fronts)
{
    expect(upstream && workers == WORKERS && fronts == &rig.fronts && sockets->count == 0);
    if (lacks_sockets) {
        lacks_sockets = false;
        return -EADDRINUSE;
    }
    sockets->count = 1;
    open_sockets++;
    return 0;
}

void sockets_report(struct sockets *sockets, const struct upstream_config *upstream)
{
    expect(sockets->count == 1 && upstream);
}

size_t sockets_of_worker(const struct sockets *sockets, size_t worker)
{
    expect(worker < WORKERS);
    return sockets->count;
}

void sockets_give(struct sockets *sockets, size_t worker, int *ret_descriptors)
{
    expect(sockets->count == 1 && worker < WORKERS);
    ret_descriptors[0] = -1;
}

void sockets_clear(struct sockets *sockets)
{
    open_sockets -= sockets->count;
    sockets->count = 0;
}

/* --- from begin to end ------------------------------------------------------------------------ */

static void start_engine(struct config *config)
{
    struct worker *workers[WORKERS];
    workers_start(workers);
    rig = (struct engine){.config = config_ref(config),
                          .base = (struct event_base *)(void *)&base,
                          .crews = crews,
                          .crew_count = WORKERS};
    for (size_t i = 0; i < WORKERS; i++)
        crews[i] = (struct crew){.engine = &rig, .worker = workers[i]};
    list_init(&rig.fronts.open);
    list_init(&rig.services);
    list_init(&rig.leaving);
    expect(mailbox_new(&rig, &rig.mailbox) == 0);
    expect(resolver_new(rig.base, (unsigned)config->global.dns_budget, &rig.resolver) == 0);
    rig.lookups = lookups_new(rig.base, rig.resolver, report_lookup, &rig);
    rig.health = health_new(rig.base);
    expect(rig.lookups && rig.health);
}

static bool apply(struct config *config, const struct known *known, bool commit)
{
    struct plan *plan;
    if (plan_new(&rig, config, known, &plan) < 0)
        return false;
    if (!commit) {
        plan_free(plan);
        return false;
    }
    struct plan_result result = plan_commit(plan);
    expect(result.kept + result.changed + result.added == config->upstream_count);
    return true;
}

bool rig_begin(struct config *config, const struct input *text)
{
    static struct memory_file file;
    struct known *known = NULL;
    lacks_sockets = false;
    start_engine(config);
    if (text->left > 0) {
        memory_file_write(&file, text);
        expect(known_read(file.fd, &known) == 0);
    }
    bool serves = apply(config, known, true);
    known_free(known);
    config_unref(config);
    return serves;
}

void rig_lack_sockets(void)
{
    lacks_sockets = true;
}

void rig_reload(struct config *config, bool commit)
{
    apply(config, NULL, commit);
    config_unref(config);
    lacks_sockets = false;
}

struct service *rig_service(const struct upstream *upstream)
{
    list_each(node, &rig.services)
    {
        struct service *service = list_entry(node, struct service, node);
        if (service->upstream == upstream)
            return service;
    }
    return NULL;
}

/* As often as one tells the other something. */
static void deliver_all(void)
{
    for (int i = 0; i < 3; i++) {
        mailbox_deliver(rig.mailbox);
        for (size_t worker = 0; worker < WORKERS; worker++)
            workers_turn(worker);
    }
    mailbox_deliver(rig.mailbox);
}

void rig_end(void)
{
    for (size_t i = 0; i < WORKERS; i++) {
        struct roster *roster = roster_new(rig.config, 0);
        expect(roster);
        worker_assign(crews[i].worker, roster);
    }
    list_each(node, &rig.services) service_leave(list_entry(node, struct service, node));
    deliver_all();
    expect(list_empty(&rig.services) && list_empty(&rig.leaving));
    expect(open_sockets == 0 && questions_count() == 0 && probes_count() == 0);
    lookups_free(rig.lookups);
    health_free(rig.health);
    mailbox_free(rig.mailbox);
    resolver_free(rig.resolver);
    config_unref(rig.config);
    expect(virtual_pending() == 0);
}
