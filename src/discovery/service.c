#include "discovery/service.h"

#include <stdlib.h>

static struct service_target *target_of(struct list *node)
{
    return list_entry(node, struct service_target, node);
}

static void target_free(struct service_target *target)
{
    list_remove(&target->node);
    host_stop(&target->host);
    record_clear(&target->record);
    free(target);
}

/* Starts a target in front of `next`. */
static void target_new(struct service *service, struct list *next, const struct record *record)
{
    struct service_target *target = calloc(1, sizeof *target);
    if (!target || !record_copy(&target->record, record)) {
        free(target);
        return;
    }
    list_append(next, &target->node);
    if (host_start(&target->host, source_scope(&service->srv), record->target, false,
                   record->port) < 0)
        target_free(target);
}

/* Brings the targets in line with the records; both stand in the same order. Without memory a
 * target is missing, until the next answer tries again. */
static void align(struct service *service)
{
    const struct membership *membership = &service->srv.membership;
    struct list *node = service->targets.next;
    for (size_t i = 0; i < membership->count;) {
        const struct record *record = &membership->members[i].record;
        struct service_target *target = node == &service->targets ? NULL : target_of(node);
        int order = target ? record_compare(&target->record, record) : 1;
        if (order > 0) {
            target_new(service, node, record);
            i++;
            continue;
        }
        node = node->next;
        if (order < 0) {
            target_free(target);
            continue;
        }
        target->record.priority = record->priority;
        target->record.weight = record->weight;
        i++;
    }
    while (node != &service->targets) {
        struct service_target *gone = target_of(node);
        node = node->next;
        target_free(gone);
    }
}

static void on_answered(struct source *source, const struct reply *reply, usec_t now)
{
    struct service *service = list_entry(source, struct service, srv);
    struct scope *scope = source_scope(source);
    (void)now;
    bool outer = scope->batching;
    scope->batching = true; /* one change, however many targets have a part in it */
    align(service);
    list_each(node, &service->targets)
        host_offer(&target_of(node)->host, reply->answer, target_of(node)->record.target);
    scope->batching = outer;
}

int service_start(struct service *service, struct scope *scope, const char *name, bool search)
{
    list_init(&service->targets);
    service->srv.answered = on_answered;
    int result = source_start(&service->srv, scope, name, DNS_TYPE_SRV, search);
    if (result == 0)
        align(service);
    return result;
}

void service_stop(struct service *service)
{
    if (!service->targets.next) /* it never started */
        return;
    list_each(node, &service->targets) target_free(target_of(node));
    source_stop(&service->srv);
}

bool service_is_unknown(const struct service *service)
{
    list_each(node, &service->targets)
    {
        if (!host_is_unknown(&target_of(node)->host))
            return false;
    }
    return !list_empty(&service->targets) || membership_changes(&service->srv.membership) == 0;
}

size_t service_count(const struct service *service)
{
    size_t count = 0;
    list_each(node, &service->targets) count += host_count(&target_of(node)->host);
    return count;
}

static int compare_priorities(const void *a, const void *b)
{
    return *(const uint16_t *)a - *(const uint16_t *)b;
}

/* The priorities of all targets, in order, each once. The caller frees them; NULL where there is no
 * memory. */
static uint16_t *priorities_of(const struct service *service, size_t *ret_count)
{
    const struct membership *membership = &service->srv.membership;
    uint16_t *priorities = calloc(membership->count + 1, sizeof *priorities);
    size_t kept = 0;
    for (size_t i = 0; priorities && i < membership->count; i++)
        priorities[i] = membership->members[i].record.priority;
    if (priorities)
        qsort(priorities, membership->count, sizeof *priorities, compare_priorities);
    for (size_t i = 0; priorities && i < membership->count; i++)
        if (kept == 0 || priorities[kept - 1] != priorities[i])
            priorities[kept++] = priorities[i];
    *ret_count = kept;
    return priorities;
}

size_t service_places(const struct service *service, struct place *ret_places)
{
    size_t count = 0, priority_count;
    uint16_t *priorities = priorities_of(service, &priority_count);
    list_each(node, &service->targets)
    {
        const struct service_target *target = target_of(node);
        const uint16_t *tier = priorities
                                   ? bsearch(&target->record.priority, priorities, priority_count,
                                             sizeof *priorities, compare_priorities)
                                   : NULL;
        struct place pattern = {.tier = tier ? (uint32_t)(tier - priorities) : 0,
                                .weight = target->record.weight};
        count += host_places(&target->host, &pattern, ret_places + count);
    }
    free(priorities);
    return count;
}

bool service_connect_failed(struct service *service, const struct address *address, usec_t now)
{
    bool had = false;
    list_each(node, &service->targets)
    {
        struct service_target *target = target_of(node);
        if (!host_connect_failed(&target->host, address, now))
            continue;
        source_connect_failed(&service->srv, &target->record, now);
        had = true;
    }
    if (had)
        align(service);
    return had;
}

void service_hurry(struct service *service)
{
    source_hurry(&service->srv);
    list_each(node, &service->targets) host_hurry(&target_of(node)->host);
}
