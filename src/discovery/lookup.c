#include "discovery/lookup.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"

#define BACKOFF_MAX (30 * USEC_PER_SEC)
#define BACKOFF_STARVING_MAX (2 * USEC_PER_SEC)
#define JITTER_MAX (50 * USEC_PER_MSEC)
#define JITTER_DIVISOR 20 /* a twentieth of short spans */

struct lookups {
    struct event_base *base;
    struct resolver *resolver;
    lookup_health *health;
    void *health_arg;
    struct list all;
};

struct lookup {
    struct list node;
    struct lookups *lookups;
    struct list subscriptions;
    struct event *timer;
    struct query *query; /* NULL: waiting for the timer */
    struct answer good;  /* the last answer that named addresses */
    usec_t asked;        /* when the last question was */
    usec_t due;          /* when the next one is, while none is under way */
    bool hurried;        /* a failed connect wants the next question */
    unsigned failures;   /* in a row */
    bool told_failing;   /* what `health` heard last */
    enum dns_type type;
    char name[];
};

/* --- rules --------------------------------------------------------------------------------- */

usec_t lookup_ttl(uint32_t seconds, usec_t min_ttl, usec_t max_ttl)
{
    usec_t ttl = seconds == ANSWER_TTL_UNKNOWN ? max_ttl : (usec_t)seconds * USEC_PER_SEC;
    if (ttl > max_ttl)
        ttl = max_ttl;
    return ttl < min_ttl ? min_ttl : ttl;
}

usec_t lookup_jitter(usec_t span)
{
    usec_t most = span / JITTER_DIVISOR < JITTER_MAX ? span / JITTER_DIVISOR : JITTER_MAX;
    return span + 1 + random_below((uint32_t)most);
}

usec_t lookup_backoff(unsigned failures, usec_t min_ttl, bool starving)
{
    usec_t most = starving ? BACKOFF_STARVING_MAX : BACKOFF_MAX;
    usec_t wait = starving && min_ttl > USEC_PER_SEC ? USEC_PER_SEC : min_ttl;
    for (unsigned i = 1; i < failures && wait < most; i++)
        wait *= 2;
    if (wait > most)
        wait = most;
    return wait < min_ttl && !starving ? min_ttl : wait;
}

/* --- asking ---------------------------------------------------------------------------------- */

/* What the keenest subscriber wants, over all of them. */
static struct subscription keenest(const struct lookup *lookup)
{
    struct subscription keen = {.min_ttl = INT64_MAX, .max_ttl = INT64_MAX};
    list_each(node, &lookup->subscriptions)
    {
        const struct subscription *one = list_entry(node, struct subscription, node);
        if (one->min_ttl < keen.min_ttl)
            keen.min_ttl = one->min_ttl;
        if (one->max_ttl < keen.max_ttl)
            keen.max_ttl = one->max_ttl;
        if (one->ask_by != 0 && (keen.ask_by == 0 || one->ask_by < keen.ask_by))
            keen.ask_by = one->ask_by;
        keen.starving = keen.starving || one->starving;
    }
    if (keen.max_ttl < keen.min_ttl)
        keen.max_ttl = keen.min_ttl;
    return keen;
}

/* No address of this type is no failure where the type never had one: most names have no AAAA. */
static bool is_failure(const struct lookup *lookup, const struct subscription *keen,
                       enum answer_outcome outcome)
{
    if (outcome == ANSWER_ADDRESSES)
        return false;
    return outcome != ANSWER_EMPTY || lookup->good.count > 0 || keen->starving;
}

static void ask_in(struct lookup *lookup, usec_t wait)
{
    struct timeval span = clock_timeval(wait);
    lookup->due = clock_now() + wait;
    event_add(lookup->timer, &span);
}

void lookup_hurry(struct lookup *lookup)
{
    if (lookup->query)
        return;
    usec_t now = clock_now(), soonest = lookup->asked + keenest(lookup).min_ttl;
    usec_t due = soonest > now ? soonest : now;
    lookup->hurried = true;
    if (due < lookup->due)
        ask_in(lookup, due - now);
}

static void keep_answer(struct lookup *lookup, const struct answer *answer)
{
    struct address *copy = calloc(answer->count, sizeof *copy);
    if (!copy)
        return; /* the old answer serves on */
    memcpy(copy, answer->addresses, answer->count * sizeof *copy);
    answer_clear(&lookup->good);
    lookup->good = *answer;
    lookup->good.addresses = copy;
}

/* A type without addresses is told as a failure only when it stays so: the other type's answer may
 * be on its way. */
static void tell_health(struct lookup *lookup, enum answer_outcome outcome, usec_t retry)
{
    bool failing =
        lookup->failures > (outcome == ANSWER_EMPTY && lookup->good.count == 0 ? 1u : 0u);
    if (failing == lookup->told_failing)
        return;
    lookup->told_failing = failing;
    if (lookup->lookups->health)
        lookup->lookups->health(lookup->lookups->health_arg, lookup->name, lookup->type, outcome,
                                failing, retry);
}

/* How long to wait for the next question, after this answer. */
static usec_t next_wait(const struct lookup *lookup, const struct subscription *keen,
                        const struct answer *answer, usec_t now)
{
    bool urgent = keen->starving || keen->ask_by != 0;
    usec_t wait = lookup->failures > 0 ? lookup_backoff(lookup->failures, keen->min_ttl, urgent)
                                       : lookup_ttl(answer->ttl, keen->min_ttl, keen->max_ttl);
    if (keen->ask_by != 0 && keen->ask_by < now + wait)
        wait = keen->ask_by > now + keen->min_ttl ? keen->ask_by - now : keen->min_ttl;
    return lookup_jitter(wait);
}

static void on_answer(void *arg, const struct answer *answer, const struct address *server)
{
    struct lookup *lookup = arg;
    usec_t now = clock_now();
    lookup->query = NULL;
    lookup->hurried = false;
    if (answer->outcome == ANSWER_ADDRESSES)
        keep_answer(lookup, answer);
    /* First the subscribers, who then know what they need. */
    list_each(node, &lookup->subscriptions)
    {
        struct subscription *one = list_entry(node, struct subscription, node);
        one->answered(one, answer, server, now);
    }
    struct subscription keen = keenest(lookup);
    lookup->failures = is_failure(lookup, &keen, answer->outcome) ? lookup->failures + 1 : 0;
    usec_t wait = next_wait(lookup, &keen, answer, now);
    ask_in(lookup, wait);
    tell_health(lookup, answer->outcome, wait);
}

static void on_timer(evutil_socket_t fd, short events, void *arg)
{
    struct lookup *lookup = arg;
    (void)fd;
    (void)events;
    lookup->asked = clock_now();
    if (resolver_ask(lookup->lookups->resolver, lookup->name, lookup->type, lookup->hurried,
                     on_answer, lookup, &lookup->query) < 0)
        ask_in(lookup, USEC_PER_SEC); /* no memory: what is known serves on */
}

/* --- subscribing ------------------------------------------------------------------------------ */

struct lookups *lookups_new(struct event_base *base, struct resolver *resolver,
                            lookup_health *health, void *arg)
{
    struct lookups *lookups = calloc(1, sizeof *lookups);
    if (!lookups)
        return NULL;
    *lookups =
        (struct lookups){.base = base, .resolver = resolver, .health = health, .health_arg = arg};
    list_init(&lookups->all);
    return lookups;
}

void lookups_free(struct lookups *lookups)
{
    free(lookups);
}

static void lookup_free(struct lookup *lookup)
{
    list_remove(&lookup->node);
    query_cancel(lookup->query);
    if (lookup->timer)
        event_free(lookup->timer);
    answer_clear(&lookup->good);
    free(lookup);
}

static struct lookup *lookup_new(struct lookups *lookups, const char *name, enum dns_type type)
{
    size_t size = strlen(name) + 1;
    struct lookup *lookup = calloc(1, sizeof *lookup + size);
    if (!lookup)
        return NULL;
    lookup->lookups = lookups;
    lookup->type = type;
    memcpy(lookup->name, name, size);
    list_init(&lookup->subscriptions);
    list_append(&lookups->all, &lookup->node);
    lookup->timer = evtimer_new(lookups->base, on_timer, lookup);
    if (!lookup->timer) {
        lookup_free(lookup);
        return NULL;
    }
    ask_in(lookup, 0);
    return lookup;
}

/* A subscriber that came later may be keener than those before. */
static void suit_newcomer(struct lookup *lookup)
{
    struct subscription keen = keenest(lookup);
    if (lookup->query || lookup->failures > 0 || lookup->asked == 0)
        return;
    usec_t now = clock_now();
    usec_t due = lookup->asked + lookup_ttl(lookup->good.ttl, keen.min_ttl, keen.max_ttl);
    if (due < lookup->due)
        ask_in(lookup, due > now ? due - now : 0);
}

int lookups_subscribe(struct lookups *lookups, const char *name, enum dns_type type,
                      struct subscription *subscription)
{
    struct lookup *found = NULL;
    list_each(node, &lookups->all)
    {
        struct lookup *one = list_entry(node, struct lookup, node);
        if (one->type == type && strcmp(one->name, name) == 0)
            found = one;
    }
    if (!found && !(found = lookup_new(lookups, name, type)))
        return -ENOMEM;
    subscription->lookup = found;
    list_append(&found->subscriptions, &subscription->node);
    suit_newcomer(found);
    return 0;
}

void lookups_unsubscribe(struct subscription *subscription)
{
    struct lookup *lookup = subscription->lookup;
    if (!lookup)
        return;
    list_remove(&subscription->node);
    subscription->lookup = NULL;
    if (list_empty(&lookup->subscriptions))
        lookup_free(lookup);
}

const struct answer *lookup_answer(const struct lookup *lookup)
{
    return &lookup->good;
}
