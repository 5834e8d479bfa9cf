#include "admin/endpoints.h"

#include <stdlib.h>

#include "admin/json.h"
#include "proxy/eject.h"
#include "proxy/ranking.h"

/* --- why DNS has them in ------------------------------------------------------------------------
 */

/* Why an address is in. The address is the first member: it is what they are sorted by. */
struct reason {
    struct address address;
    const char *state;
};

struct reasons {
    struct reason *items;
    size_t count, room;
};

static int compare_reasons(const void *a, const void *b)
{
    return address_compare(a, b);
}

static void count_members(void *arg, const struct explanation *explanation)
{
    struct reasons *reasons = arg;
    reasons->room += explanation->membership->count;
}

static void note_members(void *arg, const struct explanation *explanation)
{
    struct reasons *reasons = arg;
    const struct membership *membership = explanation->membership;
    for (size_t i = 0; i < membership->count && reasons->count < reasons->room; i++) {
        const struct member *member = &membership->members[i];
        if (record_is_srv(&member->record))
            continue;
        struct reason *reason = &reasons->items[reasons->count++];
        *reason = (struct reason){record_address(&member->record),
                                  member_state_name((enum member_state)member->state)};
        address_set_port(&reason->address, explanation->port);
    }
}

/* Returns false where there is no memory. */
static bool reasons_make(struct reasons *reasons, const struct discovery *discovery)
{
    discovery_explain(discovery, count_members, reasons);
    reasons->items = calloc(reasons->room + 1, sizeof *reasons->items);
    if (!reasons->items)
        return false;
    discovery_explain(discovery, note_members, reasons);
    qsort(reasons->items, reasons->count, sizeof *reasons->items, compare_reasons);
    return true;
}

static const char *reason_of(const struct reasons *reasons, const struct address *address,
                             const struct discovery *discovery)
{
    const struct reason *found =
        bsearch(address, reasons->items, reasons->count, sizeof *reasons->items, compare_reasons);
    if (found)
        return found->state;
    return discovery_is_carried(discovery) ? "carried" : "static";
}

/* --- what they are ------------------------------------------------------------------------------
 */

const char *endpoint_state(const struct endpoint *endpoint)
{
    unsigned ejected = atomic_load(&endpoint->ejected);
    usec_t fresh_since = atomic_load(&endpoint->fresh_since);
    if (ejected & EJECTED_BY_OPERATOR)
        return "draining";
    if (ejected & EJECTED_BY_STRIKES)
        return "ejected";
    if (ejected & EJECTED_BY_CHECKS)
        return "failing-checks";
    return fresh_since != 0 && clock_now() - fresh_since < FRESH_SPAN ? "fresh" : "up";
}

static json_t *connect_time(const struct endpoint *endpoint)
{
    int64_t span = endpoint_connect_time(endpoint);
    return span > 0 ? json_span(span) : json_null();
}

static uint64_t accepted_by_all(const struct endpoint_set *set)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < set->count; i++)
        sum += atomic_load(&set->endpoints[i]->accepted);
    return sum;
}

static json_t *endpoint_json(const struct endpoint *endpoint, uint64_t all, const char *member)
{
    uint64_t accepted = atomic_load(&endpoint->accepted);
    return json_pack("{so ss so so sI sI sI sf so ss}", "address", json_address(&endpoint->address),
                     "state", endpoint_state(endpoint), "reason", json_text(eject_reason(endpoint)),
                     "back_in", json_until(eject_probe_at(endpoint)), "active",
                     (json_int_t)atomic_load(&endpoint->active), "accepted", (json_int_t)accepted,
                     "failed", (json_int_t)atomic_load(&endpoint->failed), "share",
                     all > 0 ? (double)accepted / (double)all : 0.0, "connect_time",
                     connect_time(endpoint), "member", member);
}

/* Adds what the set says of the endpoint at `index` of a tier. */
static void place(json_t *object, const struct endpoint_set *set, size_t tier, size_t index)
{
    json_put(object, "tier", json_integer((json_int_t)tier));
    json_put(object, "weight", json_integer((json_int_t)set->weights[index]));
}

static json_t *list(const struct endpoint_set *set, const struct reasons *reasons,
                    const struct discovery *discovery)
{
    json_t *array = json_array();
    uint64_t all = accepted_by_all(set);
    for (size_t tier = 0; tier < set->tier_count; tier++)
        for (size_t n = 0; n < set->tiers[tier].count; n++) {
            size_t index = set->tiers[tier].first + n;
            const struct endpoint *endpoint = set->endpoints[index];
            json_t *object =
                endpoint_json(endpoint, all, reason_of(reasons, &endpoint->address, discovery));
            place(object, set, tier, index);
            json_add(array, object);
        }
    return array;
}

json_t *endpoints_json(const struct service *service)
{
    struct reasons reasons = {0};
    json_t *array = NULL; /* without memory for the reasons */
    if (reasons_make(&reasons, service->discovery))
        array = list(discovery_set(service->discovery), &reasons, service->discovery);
    free(reasons.items);
    return array;
}
