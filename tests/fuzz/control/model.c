#include "model.h"

#include <string.h>

#include "../target.h"
#include "config/compare.h"
#include "rig.h"

#define SOURCES_MOST 512
#define LOOKUPS_MOST 256
#define FAILURES_MOST 256
#define SERVICES_MOST 16

struct model_lookup {
    const void *lookup;
    char name[256];
    enum dns_type type;
    struct records ever; /* all that answers named */
    struct records good; /* those that the last one did which named any */
    bool seen;
};

struct failure {
    const struct service *service;
    struct address address;
};

/* A service as it was at the last look. */
struct model_service {
    const struct service *service;
    struct config *config;
    size_t index;
    struct endpoint_set *set;
};

static struct model_source sources[SOURCES_MOST];
static size_t source_count;
static struct model_lookup lookups[LOOKUPS_MOST];
static size_t lookup_count;
static struct model_service services[SERVICES_MOST];
static size_t service_count;
static struct failure failures[FAILURES_MOST]; /* that the main thread has not heard of yet */
static size_t failure_count;
static const struct answer *offering; /* an SRV answer of this step, with what came along */

/* --- what there is ---------------------------------------------------------------------------- */

const struct model_source *model_of(const struct source *source)
{
    for (size_t i = 0; i < source_count; i++)
        if (sources[i].source == source)
            return &sources[i];
    return NULL;
}

static struct model_lookup *lookup_of(const void *lookup)
{
    for (size_t i = 0; i < lookup_count; i++)
        if (lookups[i].lookup == lookup)
            return &lookups[i];
    return NULL;
}

bool model_was_named(const void *lookup, const struct record *record)
{
    const struct model_lookup *found = lookup_of(lookup);
    return found && records_find(&found->ever, record);
}

/* The linker's: the program's first and last byte. */
extern const char __executable_start, _end;

/* A question for AAAA that dozes has members of nobody's, which are never allocated. */
const struct source *model_source_of(const struct explanation *explanation)
{
    uintptr_t members = (uintptr_t)explanation->membership;
    if (members >= (uintptr_t)&__executable_start && members < (uintptr_t)&_end)
        return NULL;
    return list_entry(explanation->membership, struct source, membership);
}

/* --- answers ---------------------------------------------------------------------------------- */

static bool names(const struct answer *answer, const struct record *record)
{
    for (size_t i = 0; i < answer->count; i++)
        if (record_compare(&answer->records[i], record) == 0)
            return true;
    return false;
}

static void put_all(struct records *records, const struct answer *answer, int state)
{
    for (size_t i = 0; i < answer->count; i++)
        records_put(records, &answer->records[i], state);
}

static void keep_named(struct records *records, const struct answer *answer)
{
    for (size_t i = records->count; i-- > 0;)
        if (!names(answer, &records->items[i].record))
            records_remove(records, &records->items[i]);
}

static bool drops_more_than_half(const struct membership *membership, const struct answer *answer)
{
    size_t dropped = 0;
    for (size_t i = 0; i < membership->count; i++)
        dropped += !names(answer, &membership->members[i].record);
    return 2 * dropped > membership->count;
}

static void hear_records(struct model_source *source, const struct answer *answer)
{
    const struct upstream_options *options = &service_config(source->service)->options;
    bool sample = !answer->truncated && answer->count >= options->sample_size;
    bool shrinks = drops_more_than_half(&source->source->membership, answer);
    source->nothing_since = 0;
    for (size_t i = source->needed.count; i-- > 0;) {
        struct known_record *item = &source->needed.items[i];
        if (names(answer, &item->record))
            continue;
        if (answer->truncated)
            item->state = STANDING_DOUBTFUL;
        else if (sample || !shrinks || item->state == STANDING_SUSPECT)
            records_remove(&source->needed, item);
        else
            item->state = STANDING_SUSPECT;
    }
    put_all(&source->needed, answer, STANDING_FIRM);
}

static void hear_nothing(struct model_source *source)
{
    usec_t now = clock_now();
    if (source->nothing_since == 0)
        source->nothing_since = now;
    if (now - source->nothing_since >= service_config(source->service)->options.hold) {
        records_clear(&source->needed);
        source->nothing_since = 0;
    }
    for (size_t i = 0; i < source->needed.count; i++)
        source->needed.items[i].state = STANDING_DOUBTFUL;
}

static void hear(struct model_source *source, const struct answer *answer)
{
    switch (answer->outcome) {
    case ANSWER_RECORDS:
        hear_records(source, answer);
        return;
    case ANSWER_EMPTY:
    case ANSWER_NO_SERVICE:
    case ANSWER_NXDOMAIN:
        hear_nothing(source);
        return;
    default:
        source->nothing_since = 0;
    }
}

/* Whether what came along is taken in depends on what is under way: what it names too is left. */
static void hear_offer(const struct answer *answer)
{
    struct answer offered;
    for (size_t i = 0; i < source_count; i++)
        if (answer_from_extras(answer, sources[i].name, sources[i].type, &offered)) {
            keep_named(&sources[i].needed, &offered);
            answer_clear(&offered);
        }
    for (size_t i = 0; i < lookup_count; i++)
        if (answer_from_extras(answer, lookups[i].name, lookups[i].type, &offered)) {
            keep_named(&lookups[i].good, &offered);
            put_all(&lookups[i].ever, &offered, 0);
            answer_clear(&offered);
        }
}

void model_answer(const struct query *query, const struct answer *answer)
{
    struct model_lookup *lookup = lookup_of(query->arg);
    if (lookup && answer->outcome == ANSWER_RECORDS) {
        put_all(&lookup->ever, answer, 0);
        records_clear(&lookup->good);
        put_all(&lookup->good, answer, 0);
    }
    for (size_t i = 0; i < source_count; i++)
        if (sources[i].lookup == query->arg)
            hear(&sources[i], answer);
    if (query->type == DNS_TYPE_SRV && answer->outcome == ANSWER_RECORDS) {
        hear_offer(answer);
        offering = answer;
    }
}

/* --- failed connects -------------------------------------------------------------------------- */

static void note_failure(const struct service *service, const struct address *address)
{
    expect(failure_count < FAILURES_MOST);
    failures[failure_count++] = (struct failure){service, *address};
}

void model_note(const struct upstream *upstream, const struct endpoint *endpoint,
                enum eject_event event)
{
    const struct service *service = rig_service(upstream);
    bool failed = event == EJECT_REFUSED || event == EJECT_UNREACHABLE ||
                  event == EJECT_TIMED_OUT || event == EJECT_LOST;
    if (service && failed)
        note_failure(service, &endpoint->address);
}

void model_probe_failed(const struct address *address)
{
    list_each(node, &rig.services) note_failure(list_entry(node, struct service, node), address);
}

static void doubt(struct records *records, const struct record *record)
{
    struct known_record *item = records_find(records, record);
    if (item && item->state != STANDING_FIRM)
        records_remove(records, item);
}

/* The targets of SRV that had the address may go as well. */
static void fail_targets(const struct failure *failure, const struct model_source *host)
{
    struct record target = {.type = DNS_TYPE_SRV, .target = (char *)host->name, .port = host->port};
    for (size_t i = 0; i < source_count; i++)
        if (sources[i].service == failure->service && sources[i].type == DNS_TYPE_SRV)
            doubt(&sources[i].needed, &target);
}

static void fail(const struct failure *failure)
{
    const struct record record = record_of(failure->address);
    for (size_t i = 0; i < source_count; i++) {
        struct model_source *source = &sources[i];
        if (source->service != failure->service || source->type != record.type ||
            source->port != address_port(&failure->address))
            continue;
        doubt(&source->needed, &record);
        fail_targets(failure, source);
    }
}

void model_mail_delivered(void)
{
    for (size_t i = 0; i < failure_count; i++)
        fail(&failures[i]);
    failure_count = 0;
}

/* --- keeping up ------------------------------------------------------------------------------- */

static struct model_lookup *add_lookup(const void *lookup, const struct explanation *explanation)
{
    struct answer offered;
    expect(lookup_count < LOOKUPS_MOST);
    struct model_lookup *added = &lookups[lookup_count++];
    *added = (struct model_lookup){.lookup = lookup, .type = explanation->type};
    snprintf(added->name, sizeof added->name, "%s", explanation->name);
    if (offering && answer_from_extras(offering, added->name, added->type, &offered)) {
        put_all(&added->ever, &offered, 0);
        answer_clear(&offered);
    }
    return added;
}

static struct model_lookup *see_lookup(const void *lookup, const struct explanation *explanation)
{
    struct model_lookup *found = lookup_of(lookup);
    if (!found)
        found = add_lookup(lookup, explanation);
    if (explanation->history->entries.count == 0) /* another one, in the place of the old one */
        records_clear(&found->good);
    found->seen = true;
    return found;
}

static const struct model_service *service_before(const struct service *service)
{
    for (size_t i = 0; i < service_count; i++)
        if (services[i].service == service)
            return &services[i];
    return NULL;
}

static bool has_same_targets(const struct service *service, const struct model_service *before)
{
    const struct upstream_options *options = &service_config(service)->options;
    for (size_t i = 0; i < options->target_count; i++)
        if (options->targets[i].kind == TARGET_SERVICE)
            return false; /* whose addresses are those of the targets' names */
    return option_equal(option_find("upstream", "target"), options,
                        &before->config->upstreams[before->index].options);
}

/* Another discovery of the same targets goes on with the addresses that there were. */
static void add_found(struct model_source *source)
{
    const struct model_service *before = service_before(source->service);
    if (!before || before->config == source->service->config ||
        !has_same_targets(source->service, before))
        return;
    for (size_t i = 0; i < before->set->count; i++) {
        const struct address *address = &before->set->endpoints[i]->address;
        const struct record record = record_of(*address);
        if (record.type == source->type && address_port(address) == source->port)
            records_put(&source->needed, &record, STANDING_FIRM);
    }
}

/* It knows at once what its question knows. */
static void add_source(const struct service *service, const struct source *source,
                       const struct explanation *explanation)
{
    expect(source_count < SOURCES_MOST);
    struct model_source *added = &sources[source_count++];
    *added = (struct model_source){.source = source,
                                   .service = service,
                                   .lookup = source->subscription.lookup,
                                   .type = explanation->type,
                                   .port = explanation->port,
                                   .seen = true};
    snprintf(added->name, sizeof added->name, "%s", explanation->name);
    const struct model_lookup *lookup = lookup_of(added->lookup);
    for (size_t i = 0; i < lookup->good.count; i++)
        records_put(&added->needed, &lookup->good.items[i].record, STANDING_FIRM);
    add_found(added);
}

static void see(void *arg, const struct explanation *explanation)
{
    const struct source *source = model_source_of(explanation);
    if (!source)
        return;
    see_lookup(source->subscription.lookup, explanation);
    for (size_t i = 0; i < source_count; i++)
        if (sources[i].source == source && sources[i].service == arg &&
            sources[i].lookup == source->subscription.lookup &&
            sources[i].type == explanation->type && sources[i].port == explanation->port &&
            strcmp(sources[i].name, explanation->name) == 0) {
            sources[i].seen = true;
            return;
        }
    add_source(arg, source, explanation);
}

static void forget_unseen(void)
{
    for (size_t i = source_count; i-- > 0;)
        if (!sources[i].seen) {
            records_clear(&sources[i].needed);
            sources[i] = sources[--source_count];
        }
    for (size_t i = lookup_count; i-- > 0;)
        if (!lookups[i].seen) {
            records_clear(&lookups[i].ever);
            records_clear(&lookups[i].good);
            lookups[i] = lookups[--lookup_count];
        }
}

static void forget_services(void)
{
    while (service_count > 0) {
        endpoint_set_unref(services[--service_count].set);
        config_unref(services[service_count].config);
    }
}

static void remember_services(void)
{
    forget_services();
    list_each(node, &rig.services)
    {
        const struct service *service = list_entry(node, struct service, node);
        expect(service_count < SERVICES_MOST);
        services[service_count++] =
            (struct model_service){service, config_ref(service->config), service->index,
                                   endpoint_set_ref(discovery_set(service->discovery))};
    }
}

void model_look(void)
{
    for (size_t i = 0; i < source_count; i++)
        sources[i].seen = false;
    for (size_t i = 0; i < lookup_count; i++)
        lookups[i].seen = false;
    list_each(node, &rig.services)
    {
        struct service *service = list_entry(node, struct service, node);
        discovery_explain(service->discovery, see, service);
    }
    forget_unseen();
    remember_services();
    offering = NULL;
}

void model_begin(void)
{
    expect(source_count == 0 && lookup_count == 0);
    failure_count = 0;
}

void model_end(void)
{
    for (size_t i = 0; i < source_count; i++)
        sources[i].seen = false;
    for (size_t i = 0; i < lookup_count; i++)
        lookups[i].seen = false;
    forget_unseen();
    forget_services();
}
