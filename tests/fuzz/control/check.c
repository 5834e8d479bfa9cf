#include "check.h"

#include <string.h>

#include "../set_check.h"
#include "../target.h"
#include "clients.h"
#include "model.h"
#include "probes.h"
#include "rig.h"
#include "settings.h"
#include "virtual_time.h"
#include "workers.h"

#define WATCHED_MOST 16
#define PLACES_MOST 4096
#define DRAINED_MOST 64

/* A question waits no longer than this beyond its TTL or back-off: jitter, and the grace of what an
 * SRV answer brought along. */
#define SLACK (600 * USEC_PER_MSEC)
#define BACKOFF_MOST (10 * USEC_PER_SEC)
#define LOCAL_FAULT_PAUSE USEC_PER_SEC

/* One service, as it was at the last look. */
static struct watched {
    const struct service *service;
    uint32_t serial; /* of its set */
    bool has_address;
    struct records known; /* all that its sets ever had */
    bool seen;
} watched[WATCHED_MOST];
static size_t watched_count;

static struct drained {
    const struct service *service;
    struct address address;
} drained[DRAINED_MOST];
static size_t drained_count;

static struct watched *watched_of(const struct service *service)
{
    for (size_t i = 0; i < watched_count; i++)
        if (watched[i].service == service)
            return &watched[i];
    expect(watched_count < WATCHED_MOST);
    watched[watched_count] = (struct watched){.service = service};
    return &watched[watched_count++];
}

static void forget_unseen(void)
{
    for (size_t i = watched_count; i-- > 0;)
        if (!watched[i].seen) {
            records_clear(&watched[i].known);
            watched[i] = watched[--watched_count];
        }
}

void check_begin(void)
{
    expect(watched_count == 0);
    drained_count = 0;
}

void check_end(void)
{
    for (size_t i = 0; i < watched_count; i++)
        watched[i].seen = false;
    forget_unseen();
}

/* --- what an upstream's questions come to ----------------------------------------------------- */

static struct gathered {
    struct service *service;
    struct watched *watched;
    struct address addresses[PLACES_MOST];
    size_t count;
    const struct source *srv; /* the one whose targets come now; NULL: those of no other */
    size_t targets;           /* of them that came so far */
} gathered;

static void gather(const struct address *address)
{
    expect(gathered.count < PLACES_MOST);
    gathered.addresses[gathered.count++] = *address;
}

static bool is_gathered(const struct address *address)
{
    for (size_t i = 0; i < gathered.count; i++)
        if (address_equal(&gathered.addresses[i], address))
            return true;
    return false;
}

static bool is_own(const struct address *address)
{
    struct address own;
    expect(address_parse_ip(SETTINGS_OWN_ADDRESS, address_port(address), &own));
    return address_equal(&own, address);
}

/* Names go by the search list where the upstream wants that, unless they end with a dot. */
static void check_search(const struct query *query, uint16_t port)
{
    const struct upstream_options *options = &service_config(gathered.service)->options;
    for (size_t i = 0; i < options->target_count; i++) {
        const struct target *target = &options->targets[i];
        if (target->kind == TARGET_SERVICE)
            return; /* whose targets' names are whole */
        if (target->kind == TARGET_NAME && target->port == port &&
            strcmp(target->name, query->name) == 0)
            expect(query->search == (options->search && !target->absolute));
    }
}

/* No longer than it may take is nobody asked. */
static void check_waiting(const struct explanation *explanation, const struct source *source)
{
    const struct upstream_options *options = &service_config(gathered.service)->options;
    usec_t most = options->max_ttl > options->min_ttl ? options->max_ttl : options->min_ttl;
    if (most < BACKOFF_MOST)
        most = BACKOFF_MOST;
    expect(explanation->due <= clock_now() + most + SLACK);
    if (!source) { /* it dozes */
        expect(virtual_has(lookups_dozers(rig.lookups), explanation->due));
        return;
    }
    const struct query *query = questions_of(source->subscription.lookup);
    expect((query != NULL) == (explanation->due == 0));
    expect(query || virtual_has(rig.lookups, explanation->due));
    if (query)
        check_search(query, explanation->port);
}

static void check_source(const struct explanation *explanation, const struct source *source)
{
    const struct membership *membership = &source->membership;
    const struct model_source *model = model_of(source);
    expect(model && model->lookup == source->subscription.lookup);
    for (size_t i = 0; i < model->needed.count; i++)
        expect(membership_find(membership, &model->needed.items[i].record));
    for (size_t i = 0; i < membership->count; i++) {
        const struct record *record = &membership->members[i].record;
        if (record_is_srv(record)) {
            expect(model_was_named(model->lookup, record));
            continue;
        }
        struct address address = record_address(record);
        expect(model_was_named(model->lookup, record) ||
               records_find(&gathered.watched->known, record));
        address_set_port(&address, explanation->port);
        gather(&address);
    }
}

/* Each target of an SRV answer is looked up, by whatever families are wanted. */
static void end_service(void)
{
    const enum dns_family family = service_config(gathered.service)->options.family;
    unsigned questions = family == FAMILY_ANY ? 2 : 1;
    if (gathered.srv)
        expect(gathered.targets == questions * gathered.srv->membership.count);
    gathered.srv = NULL;
}

static bool is_target(const struct explanation *explanation)
{
    struct record target = {
        .type = DNS_TYPE_SRV, .target = (char *)explanation->name, .port = explanation->port};
    return membership_find(&gathered.srv->membership, &target);
}

static bool is_configured(const struct explanation *explanation)
{
    const struct upstream_options *options = &service_config(gathered.service)->options;
    for (size_t i = 0; i < options->target_count; i++)
        if (options->targets[i].kind == TARGET_NAME &&
            options->targets[i].port == explanation->port &&
            strcmp(options->targets[i].name, explanation->name) == 0)
            return true;
    return false;
}

static void on_explanation(void *arg, const struct explanation *explanation)
{
    const struct source *source = model_source_of(explanation);
    (void)arg;
    check_waiting(explanation, source);
    if (explanation->type == DNS_TYPE_SRV) {
        end_service();
        gathered.srv = source;
        gathered.targets = 0;
    } else if (gathered.srv && is_target(explanation)) {
        gathered.targets++;
    } else {
        expect(is_configured(explanation));
    }
    if (source)
        check_source(explanation, source);
}

/* --- and the set ------------------------------------------------------------------------------ */

/* The port does not count: it is the configuration's. */
static void know_all(const struct endpoint_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct record record = record_of(set->endpoints[i]->address);
        records_put(&gathered.watched->known, &record, 0);
    }
}

/* As long as no address is known the set from before serves, whatever it is. */
static void check_carried(const struct endpoint_set *set)
{
    for (size_t i = 0; i < gathered.count; i++)
        expect(is_own(&gathered.addresses[i]));
    expect(gathered.watched->serial == 0 || gathered.watched->serial == set->serial);
}

static void check_named(const struct endpoint_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        expect(is_gathered(&set->endpoints[i]->address));
    for (size_t i = 0; i < gathered.count; i++) {
        const struct record record = record_of(gathered.addresses[i]);
        bool known = records_find(&gathered.watched->known, &record);
        bool in = endpoint_set_find(set, &gathered.addresses[i]);
        expect(is_own(&gathered.addresses[i]) ? !in || known : in);
    }
}

static bool is_preferred(const struct upstream_options *options, const struct address *address)
{
    for (size_t i = 0; i < options->preferred_count; i++)
        if (network_contains(&options->preferred[i], address))
            return true;
    return false;
}

/* Without SRV there are two tiers at the most: the own zone, and the rest. */
static void check_zone(const struct endpoint_set *set, const struct upstream_options *options)
{
    for (size_t i = 0; i < options->target_count; i++)
        if (options->targets[i].kind == TARGET_SERVICE)
            return;
    expect(set->tier_count <= 2);
    for (size_t t = 0; t < set->tier_count; t++)
        for (size_t i = 0; i < set->tiers[t].count; i++) {
            const struct endpoint *endpoint = set->endpoints[set->tiers[t].first + i];
            bool first = options->preferred_count == 0 || set->tier_count == 1
                             ? t == 0
                             : is_preferred(options, &endpoint->address) == (t == 0);
            expect(first);
        }
}

static void check_set(const struct service *service)
{
    const struct endpoint_set *set = discovery_set(service->discovery);
    const struct upstream_options *options = &service_config(service)->options;
    set_check_shape(set);
    for (size_t i = 0; i < options->target_count; i++)
        if (options->targets[i].kind == TARGET_ADDRESS)
            gather(&options->targets[i].address);
    if (discovery_is_carried(service->discovery)) {
        check_carried(set);
    } else {
        check_named(set);
        check_zone(set, options);
    }
    expect(service->upstream->balancer.set == set);
    know_all(set);
    gathered.watched->serial = set->serial;
    gathered.watched->has_address = set->count > 0;
}

/* --- endpoints -------------------------------------------------------------------------------- */

static struct drained *drained_of(const struct service *service, const struct address *address)
{
    for (size_t i = 0; i < drained_count; i++)
        if (drained[i].service == service && address_equal(&drained[i].address, address))
            return &drained[i];
    return NULL;
}

void check_drained(const struct service *service, const struct address *address, bool on)
{
    struct drained *found = drained_of(service, address);
    if (found && !on)
        *found = drained[--drained_count];
    else if (!found && on && drained_count < DRAINED_MOST)
        drained[drained_count++] = (struct drained){service, *address};
}

/* Who left is another one when he comes back. */
static void forget_drained(void)
{
    for (size_t i = drained_count; i-- > 0;) {
        const struct drained *one = &drained[i];
        bool in = false;
        list_each(node, &rig.services)
        {
            const struct service *service = list_entry(node, struct service, node);
            in = in || (service == one->service &&
                        endpoint_set_find(discovery_set(service->discovery), &one->address));
        }
        if (!in)
            drained[i] = drained[--drained_count];
    }
}

static void check_endpoint(const struct service *service, const struct endpoint *endpoint,
                           bool mail_delivered)
{
    bool by_operator = endpoint->ejected & EJECTED_BY_OPERATOR;
    expect(endpoint->active == clients_at(endpoint));
    expect(by_operator == (drained_of(service, &endpoint->address) != NULL) ||
           drained_count == DRAINED_MOST);
    if (!(endpoint->ejected & EJECTED_BY_STRIKES))
        return;
    /* redial looks itself whether it is back. */
    usec_t probe_at = eject_probe_at(endpoint), now = clock_now();
    expect(probe_at != 0 && service_config(service)->options.eject_base > 0);
    expect(
        !mail_delivered || probes_has(&endpoint->address) ||
        virtual_has_for(&endpoint->address, (probe_at > now ? probe_at : now) + LOCAL_FAULT_PAUSE));
}

/* --- all of it -------------------------------------------------------------------------------- */

static void check_service(struct service *service, bool mail_delivered)
{
    const struct endpoint_set *set = discovery_set(service->discovery);
    gathered.service = service;
    gathered.watched = watched_of(service);
    gathered.watched->seen = true;
    gathered.count = 0;
    gathered.srv = NULL;
    if (discovery_is_carried(service->discovery) && gathered.watched->serial == 0)
        know_all(set); /* a predecessor's */
    discovery_explain(service->discovery, on_explanation, NULL);
    end_service();
    check_set(service);
    for (size_t i = 0; i < set->count; i++)
        check_endpoint(service, set->endpoints[i], mail_delivered);
    expect(service->upstream->limit.open == clients_of(service->upstream));
}

void check_all(bool mail_delivered)
{
    for (size_t i = 0; i < watched_count; i++)
        watched[i].seen = false;
    clients_check();
    forget_drained();
    list_each(node, &rig.services)
        check_service(list_entry(node, struct service, node), mail_delivered);
    forget_unseen();
}

void check_reloaded(void)
{
    list_each(node, &rig.services)
    {
        const struct service *service = list_entry(node, struct service, node);
        expect(discovery_set(service->discovery)->count > 0 || !watched_of(service)->has_address);
    }
    check_all(false);
}

static const struct view *view_of(size_t worker, const struct upstream *upstream)
{
    struct view *const *views;
    size_t count = workers_views(worker, &views), i = 0;
    while (i < count && views[i]->upstream != upstream)
        i++;
    expect(i < count);
    return views[i];
}

void check_settled(void)
{
    size_t services = 0;
    list_each(node, &rig.services)
    {
        const struct service *service = list_entry(node, struct service, node);
        const struct endpoint_set *set = discovery_set(service->discovery);
        expect(service->index == services++ && service->config == rig.config);
        for (size_t i = 0; i < WORKERS; i++) {
            const struct view *view = view_of(i, service->upstream);
            expect(view->set == set && view->config == rig.config && !view->leaving);
            expect(view->options == service_config(service));
            expect(service->upstream->seats[i].set == NULL);
        }
        /* The service's, the ward's, and the views'. */
        expect(service->upstream->references == 2 + WORKERS);
        /* The discovery's, the balancer's, the ward's, the model's, and the views'. */
        expect(set->references == 4 + WORKERS);
    }
    expect(services == rig.config->upstream_count);
    list_each(node, &rig.leaving)
    {
        const struct service *service = list_entry(node, struct service, node);
        expect(!service->discovery && !service->upstream);
    }
}
