#include "discovery/discovery.h"

#include <errno.h>
#include <stdlib.h>

#include "discovery/membership.h"

/* What one target asks; a static address asks nothing. */
struct source {
    struct subscription subscription;
    struct discovery *discovery;
    struct membership membership;
    uint16_t port;
};

struct discovery {
    struct lookups *lookups;
    discovery_callback *callback;
    void *arg;
    struct membership_rules rules;
    struct endpoint_set *set;
    struct address *fixed;
    size_t fixed_count;
    size_t source_count;
    struct source sources[];
};

static int compare_by_address(const void *a, const void *b)
{
    const struct place *one = a, *other = b;
    int order = address_compare(&one->address, &other->address);
    return order != 0 ? order : place_compare(a, b);
}

/* Each address once, at its best place; in the order that a set wants. Returns how many are left.
 */
static size_t settle(struct place *places, size_t count)
{
    size_t kept = 0;
    qsort(places, count, sizeof *places, compare_by_address);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || !address_equal(&places[kept - 1].address, &places[i].address))
            places[kept++] = places[i];
    qsort(places, kept, sizeof *places, place_compare);
    return kept;
}

/* All places known now, settled. The caller frees *ret_places. */
static int gather(const struct discovery *discovery, struct place **ret_places, size_t *ret_count)
{
    size_t most = discovery->fixed_count, count = 0;
    for (size_t i = 0; i < discovery->source_count; i++)
        most += discovery->sources[i].membership.count;
    struct place *places = calloc(most + 1, sizeof *places);
    if (!places)
        return -ENOMEM;
    for (; count < discovery->fixed_count; count++)
        places[count] = (struct place){.address = discovery->fixed[count], .weight = 1};
    for (size_t i = 0; i < discovery->source_count; i++) {
        const struct source *source = &discovery->sources[i];
        for (size_t j = 0; j < source->membership.count; j++) {
            places[count] =
                (struct place){.address = source->membership.members[j].address, .weight = 1};
            address_set_port(&places[count++].address, source->port);
        }
    }
    *ret_places = places;
    *ret_count = settle(places, count);
    return 0;
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
    if (!previous || !endpoint_set_is(previous, places, count))
        next = endpoint_set_new(previous, places, count);
    free(places);
    if (!next)
        return NULL;
    discovery->set = next;
    for (size_t i = 0; i < discovery->source_count; i++)
        discovery->sources[i].subscription.starving = count == 0;
    return previous;
}

/* Nobody is left: whoever was content to be asked late may know somebody. */
static void hurry_all(struct discovery *discovery)
{
    for (size_t i = 0; i < discovery->source_count; i++)
        lookup_hurry(discovery->sources[i].subscription.lookup);
}

/* Makes the next set and tells of it, where it is another one. */
static void publish(struct discovery *discovery, usec_t ttl)
{
    struct endpoint_set *previous = advance(discovery);
    if (!previous)
        return;
    if (discovery->set->count == 0)
        hurry_all(discovery);
    discovery->callback(discovery->arg, discovery->set, previous, ttl);
    endpoint_set_unref(previous);
}

/* When the question must be asked again to confirm what the last answer claimed. */
static usec_t ask_by(const struct source *source, usec_t now)
{
    if (membership_unconfirmed(&source->membership))
        return now + source->subscription.min_ttl;
    return membership_held_until(&source->membership, &source->discovery->rules);
}

static void on_answered(struct subscription *subscription, const struct answer *answer,
                        const struct address *server, usec_t now)
{
    struct source *source = list_entry(subscription, struct source, subscription);
    (void)server;
    enum membership_verdict verdict =
        membership_take(&source->membership, &source->discovery->rules, answer, now);
    /* Who does not know cannot confirm: then the back-off goes before what is unsettled. */
    subscription->ask_by = verdict == MEMBERSHIP_KEEP ? 0 : ask_by(source, now);
    bool good = answer->outcome == ANSWER_ADDRESSES;
    publish(source->discovery,
            good ? lookup_ttl(answer->ttl, subscription->min_ttl, subscription->max_ttl) : 0);
}

void discovery_connect_failed(struct discovery *discovery, const struct address *address)
{
    struct address bare = *address;
    address_set_port(&bare, 0);
    for (size_t i = 0; i < discovery->source_count; i++) {
        struct source *source = &discovery->sources[i];
        if (source->port != address_port(address))
            continue;
        if (!membership_has(&source->membership, &bare))
            continue;
        membership_connect_failed(&source->membership, &bare);
        lookup_hurry(source->subscription.lookup);
    }
    publish(discovery, 0);
}

static int subscribe(struct discovery *discovery, const struct target *target, enum dns_type type,
                     const struct upstream_options *options)
{
    struct source *source = &discovery->sources[discovery->source_count];
    source->discovery = discovery;
    source->port = target->port;
    source->subscription.answered = on_answered;
    source->subscription.min_ttl = options->min_ttl;
    source->subscription.max_ttl = options->max_ttl;
    source->subscription.starving = true;
    int result = lookups_subscribe(discovery->lookups, target->name, type, &source->subscription);
    if (result < 0)
        return result;
    discovery->source_count++;
    const struct answer *known = lookup_answer(source->subscription.lookup);
    if (known->count > 0)
        membership_take(&source->membership, &discovery->rules, known, clock_now());
    return 0;
}

static int add_target(struct discovery *discovery, const struct target *target,
                      const struct upstream_options *options)
{
    int result = 0;
    if (target->kind == TARGET_ADDRESS) {
        discovery->fixed[discovery->fixed_count++] = target->address;
        return 0;
    }
    if (options->family != FAMILY_IPV6)
        result = subscribe(discovery, target, DNS_TYPE_A, options);
    if (result == 0 && options->family != FAMILY_IPV4)
        result = subscribe(discovery, target, DNS_TYPE_AAAA, options);
    return result;
}

int discovery_new(struct lookups *lookups, const struct upstream_options *options,
                  discovery_callback *callback, void *arg, struct discovery **ret_discovery)
{
    size_t sources = options->target_count * 2; /* A and AAAA */
    struct discovery *discovery = calloc(1, sizeof *discovery + sources * sizeof(struct source));
    if (!discovery)
        return -ENOMEM;
    discovery->lookups = lookups;
    discovery->callback = callback;
    discovery->arg = arg;
    discovery->rules = (struct membership_rules){.hold = options->hold,
                                                 .sample_size = (unsigned)options->sample_size};
    discovery->fixed = calloc(options->target_count, sizeof *discovery->fixed);
    int result = discovery->fixed ? 0 : -ENOMEM;
    for (size_t i = 0; i < options->target_count && result == 0; i++)
        result = add_target(discovery, &options->targets[i], options);
    if (result == 0) {
        advance(discovery);
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
    for (size_t i = 0; i < discovery->source_count; i++) {
        lookups_unsubscribe(&discovery->sources[i].subscription);
        membership_clear(&discovery->sources[i].membership);
    }
    endpoint_set_unref(discovery->set);
    free(discovery->fixed);
    free(discovery);
}

struct endpoint_set *discovery_set(const struct discovery *discovery)
{
    return discovery->set;
}
