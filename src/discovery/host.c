#include "discovery/host.h"

#include <stdlib.h>

/* --- AAAA, which many hosts cannot use ----------------------------------------------------------
 */

/* A host that has a question for AAAA alone asks it in any case; this one has one for A, too. */
static const char *name_of(const struct host *host)
{
    return lookup_name(host->a.subscription.lookup);
}

static bool look(struct dozer *dozer);

/* Without memory it dozes on. */
static void wake(struct host *host)
{
    struct scope *scope = source_scope(&host->a);
    struct dozers *dozers = lookups_dozers(scope->lookups);
    struct dozer dozer = host->dozer;
    struct history_entry before;
    dozer_wake(&host->dozer);
    host->aaaa = (struct source){.answered = NULL};
    host->dozes = source_start(&host->aaaa, scope, name_of(host), DNS_TYPE_AAAA, host->search) < 0;
    if (host->dozes) {
        host->dozer = dozer;
        dozers_add(dozers, &host->dozer, look);
    } else if (dozer_story(dozers, &dozer, &before)) {
        lookup_recall(host->aaaa.subscription.lookup, &before);
    }
}

static bool may_ask(const struct scope *scope, const char *name, bool search)
{
    const struct question question = {
        .servers = scope->servers, .name = name, .type = DNS_TYPE_AAAA, .search = search};
    return lookups_may_ask(scope->lookups, &question);
}

static bool look(struct dozer *dozer)
{
    struct host *host = list_entry(dozer, struct host, dozer);
    struct scope *scope = source_scope(&host->a);
    if (may_ask(scope, name_of(host), host->search))
        wake(host);
    if (host->dozes)
        lookups_tell_not_asked(scope->lookups, name_of(host), dozer->looks == 0);
    else if (host->aaaa.membership.count > 0) /* somebody else's answer is known already */
        scope->changed(scope, 0);
    return host->dozes;
}

const struct source *host_aaaa(const struct host *host)
{
    return host->dozes || !source_started(&host->aaaa) ? NULL : &host->aaaa;
}

/* --- from start to end --------------------------------------------------------------------------
 */

int host_start(struct host *host, struct scope *scope, const char *name, bool search, uint16_t port)
{
    int result = 0;
    host->port = port;
    host->search = search;
    if (scope->ipv4)
        result = source_start(&host->a, scope, name, DNS_TYPE_A, search);
    if (result < 0 || !scope->ipv6)
        return result;
    if (scope->interest.without_route || may_ask(scope, name, search))
        return source_start(&host->aaaa, scope, name, DNS_TYPE_AAAA, search);
    host->dozes = true;
    dozers_add(lookups_dozers(scope->lookups), &host->dozer, look);
    return 0;
}

void host_stop(struct host *host)
{
    source_stop(&host->a);
    if (host->dozes)
        dozer_wake(&host->dozer);
    else
        source_stop(&host->aaaa);
    host->dozes = false;
}

/* --- what is known from before ------------------------------------------------------------------
 */

static void found(struct source *source, const struct endpoint_set *set, sa_family_t family,
                  uint16_t port)
{
    struct answer known = {.records = calloc(set->count + 1, sizeof(struct record))};
    for (size_t i = 0; known.records && i < set->count; i++) {
        const struct address *address = &set->endpoints[i]->address;
        if (address->family == family && address_port(address) == port)
            known.records[known.count++] = record_of(*address);
    }
    if (known.count > 0) {
        answer_sort(&known);
        membership_found(&source->membership, &known, clock_now());
        source->subscription.had = true;
    }
    answer_clear(&known);
}

void host_found(struct host *host, const struct endpoint_set *set)
{
    if (source_started(&host->a))
        found(&host->a, set, AF_INET, host->port);
    if (!host->dozes && source_started(&host->aaaa))
        found(&host->aaaa, set, AF_INET6, host->port);
}

/* --- what it comes to ---------------------------------------------------------------------------
 */

bool host_is_unknown(const struct host *host)
{
    const struct source *aaaa = host_aaaa(host);
    return membership_changes(&host->a.membership) == 0 &&
           (!aaaa || membership_changes(&aaaa->membership) == 0);
}

size_t host_count(const struct host *host)
{
    const struct source *aaaa = host_aaaa(host);
    return host->a.membership.count + (aaaa ? aaaa->membership.count : 0);
}

static size_t source_places(const struct source *source, const struct place *pattern, uint16_t port,
                            struct place *ret_places)
{
    for (size_t i = 0; i < source->membership.count; i++) {
        ret_places[i] = *pattern;
        ret_places[i].address = record_address(&source->membership.members[i].record);
        address_set_port(&ret_places[i].address, port);
    }
    return source->membership.count;
}

size_t host_places(const struct host *host, const struct place *pattern, struct place *ret_places)
{
    size_t count = source_places(&host->a, pattern, host->port, ret_places);
    if (host_aaaa(host))
        count += source_places(&host->aaaa, pattern, host->port, ret_places + count);
    return count;
}

bool host_connect_failed(struct host *host, const struct address *address, usec_t now)
{
    const struct record record = record_of(*address);
    struct source *source = address->family == AF_INET6 ? &host->aaaa : &host->a;
    bool asked = source == &host->a || !host->dozes;
    return asked && address_port(address) == host->port &&
           source_connect_failed(source, &record, now);
}

static void offer(struct source *source, const struct answer *offered)
{
    if (source_started(source))
        lookup_offer(source->subscription.lookup, offered);
}

void host_offer(struct host *host, const struct answer *answer, const char *name)
{
    struct answer offered;
    if (answer_from_extras(answer, name, DNS_TYPE_A, &offered)) {
        offer(&host->a, &offered);
        answer_clear(&offered);
    }
    if (answer_from_extras(answer, name, DNS_TYPE_AAAA, &offered)) {
        if (host->dozes)
            wake(host);
        if (!host->dozes)
            offer(&host->aaaa, &offered);
        answer_clear(&offered);
    }
}

void host_hurry(struct host *host)
{
    source_hurry(&host->a);
    if (host->dozes)
        dozers_hurry(lookups_dozers(source_scope(&host->a)->lookups), &host->dozer);
    else
        source_hurry(&host->aaaa);
}
