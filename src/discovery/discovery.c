#include "discovery/discovery.h"

#include <errno.h>
#include <stdlib.h>

#include "discovery/service.h"

/* What one target of the configuration stands for. */
struct branch {
    enum target_kind kind;
    union {
        struct address fixed;   /* TARGET_ADDRESS */
        struct host host;       /* TARGET_NAME */
        struct service service; /* TARGET_SERVICE */
    };
};

struct discovery {
    struct scope scope;
    const struct discovery_calls *calls;
    void *arg;
    struct network *preferred; /* the own zone */
    struct endpoint_set *set;
    uint32_t preferred_count;
    uint32_t branch_count : 30;
    uint32_t carried : 1; /* the set is one from before: no address is known yet */
    uint32_t waits : 1;   /* likewise: SRV names others now, of which no address is known yet */
    struct branch branches[];
};

/* --- from places to sets ---------------------------------------------------------------------- */

static size_t branch_room(const struct branch *branch)
{
    switch (branch->kind) {
    case TARGET_NAME:
        return host_count(&branch->host);
    case TARGET_SERVICE:
        return service_count(&branch->service);
    case TARGET_ADDRESS:
        break;
    }
    return 1;
}

static size_t branch_places(const struct branch *branch, struct place *ret_places)
{
    static const struct place pattern = {.weight = 1};
    switch (branch->kind) {
    case TARGET_NAME:
        return host_places(&branch->host, &pattern, ret_places);
    case TARGET_SERVICE:
        return service_places(&branch->service, ret_places);
    case TARGET_ADDRESS:
        break;
    }
    *ret_places = (struct place){.address = branch->fixed, .weight = 1};
    return 1;
}

static bool is_preferred(const struct discovery *discovery, const struct address *address)
{
    for (size_t i = 0; i < discovery->preferred_count; i++)
        if (network_contains(&discovery->preferred[i], address))
            return true;
    return false;
}

/* Within each priority the own zone goes first. */
static void prefer_zone(const struct discovery *discovery, struct place *places, size_t count)
{
    if (discovery->preferred_count == 0)
        return;
    for (size_t i = 0; i < count; i++)
        places[i].tier = places[i].tier * 2 + !is_preferred(discovery, &places[i].address);
}

/* Leaves out who is forbidden. Who is in already was looked at when he came. Returns how many are
 * left. */
static size_t forbid(const struct discovery *discovery, struct place *places, size_t count)
{
    size_t left = 0;
    for (size_t i = 0; i < count; i++) {
        const struct address *address = &places[i].address;
        bool known = discovery->set && endpoint_set_find(discovery->set, address);
        if (known || !discovery->calls->forbids ||
            !discovery->calls->forbids(discovery->arg, address))
            places[left++] = places[i];
    }
    return left;
}

/* All places known now, settled. The caller frees *ret_places. */
static int gather(const struct discovery *discovery, struct place **ret_places, size_t *ret_count)
{
    size_t room = 0, count = 0;
    for (size_t i = 0; i < discovery->branch_count; i++)
        room += branch_room(&discovery->branches[i]);
    struct place *places = calloc(room + 1, sizeof *places);
    if (!places)
        return -ENOMEM;
    for (size_t i = 0; i < discovery->branch_count; i++)
        count += branch_places(&discovery->branches[i], places + count);
    count = forbid(discovery, places, count);
    prefer_zone(discovery, places, count);
    *ret_places = places;
    *ret_count = places_settle(places, count);
    return 0;
}

/* Whether no address of all that is asked for was ever known: then those in the set are of targets
 * that SRV named before, and go when one of the others comes. */
static bool all_are_unknown(const struct discovery *discovery)
{
    bool unknown = true;
    for (size_t i = 0; i < discovery->branch_count; i++) {
        const struct branch *branch = &discovery->branches[i];
        if (branch->kind == TARGET_NAME)
            unknown = unknown && host_is_unknown(&branch->host);
        else if (branch->kind == TARGET_SERVICE)
            unknown = unknown && service_is_unknown(&branch->service);
    }
    return unknown;
}

/* Makes the next set. Returns the previous one, which the caller unrefs, or NULL where nothing
 * changed. Without memory the old set stays, and the next answer tries again. */
static struct endpoint_set *advance(struct discovery *discovery)
{
    struct place *places;
    size_t count;
    if (gather(discovery, &places, &count) < 0)
        return NULL;
    struct endpoint_set *next = NULL, *previous = discovery->set;
    discovery->carried = discovery->carried && count == 0;
    discovery->waits = count == 0 && previous && previous->count > 0 && all_are_unknown(discovery);
    if (!previous || !(discovery_is_carried(discovery) || endpoint_set_is(previous, places, count)))
        next = endpoint_set_new(previous, places, count);
    free(places);
    discovery->scope.interest.starving = count == 0;
    if (!next)
        return NULL;
    discovery->set = next;
    return previous;
}

void discovery_hurry(struct discovery *discovery)
{
    for (size_t i = 0; i < discovery->branch_count; i++) {
        struct branch *branch = &discovery->branches[i];
        if (branch->kind == TARGET_NAME)
            host_hurry(&branch->host);
        else if (branch->kind == TARGET_SERVICE)
            service_hurry(&branch->service);
    }
}

/* Makes the next set and tells of it, where it is another one. */
static void publish(struct discovery *discovery, usec_t ttl)
{
    struct endpoint_set *previous = advance(discovery);
    if (!previous)
        return;
    if (discovery->set->count == 0)
        discovery_hurry(discovery); /* whoever was content to be asked late may know somebody */
    discovery->calls->changed(discovery->arg, discovery->set, previous, ttl);
    endpoint_set_unref(previous);
}

static void on_changed(struct scope *scope, usec_t ttl)
{
    if (!scope->batching)
        publish(list_entry(scope, struct discovery, scope), ttl);
}

void discovery_connect_failed(struct discovery *discovery, const struct address *address)
{
    usec_t now = clock_now();
    for (size_t i = 0; i < discovery->branch_count; i++) {
        struct branch *branch = &discovery->branches[i];
        if (branch->kind == TARGET_NAME)
            host_connect_failed(&branch->host, address, now);
        else if (branch->kind == TARGET_SERVICE)
            service_connect_failed(&branch->service, address, now);
    }
    publish(discovery, 0);
}

int discovery_servers(struct resolver *resolver, const struct global_options *global,
                      const struct upstream_options *options, struct servers **ret_servers)
{
    if (options->resolver_count > 0)
        return resolver_servers(resolver, options->resolvers, options->resolver_count, ret_servers);
    return resolver_servers(resolver, global->resolvers, global->resolver_count, ret_servers);
}

/* --- from start to end --------------------------------------------------------------------------
 */

static int start_origin(struct discovery *discovery, const struct target *target)
{
    struct branch *branch = &discovery->branches[discovery->branch_count++];
    bool search = discovery->scope.search && !target->absolute;
    branch->kind = target->kind;
    switch (target->kind) {
    case TARGET_NAME:
        return host_start(&branch->host, &discovery->scope, target->name, search, target->port);
    case TARGET_SERVICE:
        return service_start(&branch->service, &discovery->scope, target->name, search);
    case TARGET_ADDRESS:
        branch->fixed = target->address;
        break;
    }
    return 0;
}

static void stop_origin(struct branch *branch)
{
    if (branch->kind == TARGET_NAME)
        host_stop(&branch->host);
    else if (branch->kind == TARGET_SERVICE)
        service_stop(&branch->service);
}

static struct scope scope_of(struct lookups *lookups, struct servers *servers,
                             const struct upstream_options *options)
{
    return (struct scope){
        .lookups = lookups,
        .servers = servers,
        .rules = {.hold = options->hold, .sample_size = (unsigned)options->sample_size},
        .interest = {.min_ttl = options->min_ttl,
                     .max_ttl = options->max_ttl,
                     .starving = true,
                     .without_route = options->family == FAMILY_IPV6},
        .ipv4 = options->family != FAMILY_IPV6,
        .ipv6 = options->family != FAMILY_IPV4,
        .search = options->search != 0,
        .changed = on_changed,
    };
}

static int copy_preferred(struct discovery *discovery, const struct upstream_options *options)
{
    if (options->preferred_count == 0)
        return 0;
    discovery->preferred = calloc(options->preferred_count, sizeof *discovery->preferred);
    if (!discovery->preferred)
        return -ENOMEM;
    for (; discovery->preferred_count < options->preferred_count; discovery->preferred_count++)
        discovery->preferred[discovery->preferred_count] =
            options->preferred[discovery->preferred_count];
    return 0;
}

int discovery_new(struct lookups *lookups, struct servers *servers,
                  const struct upstream_options *options, struct endpoint_set *carried, bool same,
                  const struct discovery_calls *calls, void *arg, struct discovery **ret_discovery)
{
    struct discovery *discovery =
        calloc(1, sizeof *discovery + options->target_count * sizeof(struct branch));
    if (!discovery)
        return -ENOMEM;
    discovery->scope = scope_of(lookups, servers, options);
    discovery->calls = calls;
    discovery->arg = arg;
    if (carried) {
        discovery->set = endpoint_set_ref(carried);
        discovery->carried = true;
    }
    int result = copy_preferred(discovery, options);
    for (size_t i = 0; i < options->target_count && result == 0; i++)
        result = start_origin(discovery, &options->targets[i]);
    for (size_t i = 0; i < discovery->branch_count && carried && same && result == 0; i++)
        if (discovery->branches[i].kind == TARGET_NAME)
            host_found(&discovery->branches[i].host, carried);
    if (result == 0) {
        endpoint_set_unref(advance(discovery));
        result = discovery->set ? 0 : -ENOMEM;
    }
    if (result < 0) {
        discovery_free(discovery);
        return result;
    }
    *ret_discovery = discovery;
    return 0;
}

void discovery_free(struct discovery *discovery)
{
    if (!discovery)
        return;
    for (size_t i = 0; i < discovery->branch_count; i++)
        stop_origin(&discovery->branches[i]);
    endpoint_set_unref(discovery->set);
    free(discovery->preferred);
    free(discovery);
}

struct endpoint_set *discovery_set(const struct discovery *discovery)
{
    return discovery->set;
}

bool discovery_is_carried(const struct discovery *discovery)
{
    return discovery->carried || discovery->waits;
}

/* --- explaining ---------------------------------------------------------------------------------
 */

static void explain_source(const struct source *source, uint16_t port,
                           discovery_explainer *explainer, void *arg)
{
    if (!source_started(source))
        return;
    const struct lookup *lookup = source->subscription.lookup;
    struct explanation explanation = {
        .name = lookup_name(lookup),
        .type = lookup_type(lookup),
        .due = lookup_due(lookup),
        .history = lookup_history(lookup),
        .membership = &source->membership,
        .held_until = membership_held_until(&source->membership, &source_scope(source)->rules),
        .port = port,
    };
    explainer(arg, &explanation);
}

/* Beside an A there is an AAAA that nobody asks. */
static void explain_dozer(const struct host *host, discovery_explainer *explainer, void *arg)
{
    static const struct membership nobody;
    const struct dozers *dozers = lookups_dozers(source_scope(&host->a)->lookups);
    struct history_entry entry;
    bool looked = dozer_story(dozers, &host->dozer, &entry);
    const struct history history = {.entries = {.items = &entry, .count = looked, .room = 1}};
    const struct explanation explanation = {
        .name = lookup_name(host->a.subscription.lookup),
        .type = DNS_TYPE_AAAA,
        .due = dozer_due(dozers, &host->dozer),
        .history = &history,
        .membership = &nobody,
        .port = host->port,
    };
    explainer(arg, &explanation);
}

static void explain_host(const struct host *host, discovery_explainer *explainer, void *arg)
{
    explain_source(&host->a, host->port, explainer, arg);
    if (host_aaaa(host))
        explain_source(host_aaaa(host), host->port, explainer, arg);
    else if (host->dozes)
        explain_dozer(host, explainer, arg);
}

static void explain_service(const struct service *service, discovery_explainer *explainer,
                            void *arg)
{
    explain_source(&service->srv, 0, explainer, arg);
    list_each(node, &service->targets)
        explain_host(&list_entry(node, struct service_target, node)->host, explainer, arg);
}

void discovery_explain(const struct discovery *discovery, discovery_explainer *explainer, void *arg)
{
    for (size_t i = 0; i < discovery->branch_count; i++) {
        const struct branch *branch = &discovery->branches[i];
        if (branch->kind == TARGET_NAME)
            explain_host(&branch->host, explainer, arg);
        else if (branch->kind == TARGET_SERVICE)
            explain_service(&branch->service, explainer, arg);
    }
}
