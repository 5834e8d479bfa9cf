#include "discovery/lookup.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "discovery/kept.h"

#define BACKOFF_MAX (10 * USEC_PER_SEC) /* and as long at most to notice that DNS is well again */
#define BACKOFF_STARVING_MAX (2 * USEC_PER_SEC)
#define JITTER_MAX (50 * USEC_PER_MSEC)
#define JITTER_DIVISOR 20 /* a twentieth of short spans */

/* An interface may come up at any time, and looking costs no packet. */
#define ROUTE_RETRY (10 * USEC_PER_SEC)

/* An address that comes with every SRV answer is asked for only when that one stays away. */
#define OFFER_GRACE (500 * USEC_PER_MSEC)

/* Several upstreams may hand over the same one. */
#define OFFER_GAP (50 * USEC_PER_MSEC)

struct lookups {
    struct event_base *base;
    struct resolver *resolver;
    lookup_report *report;
    void *report_arg;
    struct list all;
};

struct lookup {
    struct list node;
    struct lookups *lookups;
    struct list subscriptions;
    struct event *timer;
    struct query *query; /* NULL: waiting for the timer */
    struct kept good;    /* the last answer that had records */
    struct history history;
    usec_t asked;      /* when the last question was */
    usec_t due;        /* when the next one is, while none is under way */
    bool hurried;      /* a failed connect wants the next question */
    unsigned failures; /* in a row */
    bool told_failing; /* what was reported last */
    struct question question;
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
    static const bool content;
    struct subscription keen = {.min_ttl = INT64_MAX, .max_ttl = INT64_MAX, .starving = &content};
    list_each(node, &lookup->subscriptions)
    {
        const struct subscription *one = list_entry(node, struct subscription, node);
        if (one->min_ttl < keen.min_ttl)
            keen.min_ttl = one->min_ttl;
        if (one->max_ttl < keen.max_ttl)
            keen.max_ttl = one->max_ttl;
        if (one->ask_by != 0 && (keen.ask_by == 0 || one->ask_by < keen.ask_by))
            keen.ask_by = one->ask_by;
        keen.without_route = keen.without_route || one->without_route;
        if (*one->starving)
            keen.starving = one->starving;
    }
    if (keen.max_ttl < keen.min_ttl)
        keen.max_ttl = keen.min_ttl;
    return keen;
}

/* No address of this type is no failure where the type never had one: most names have no AAAA. */
static bool is_failure(const struct lookup *lookup, const struct subscription *keen,
                       enum answer_outcome outcome)
{
    if (outcome == ANSWER_RECORDS || outcome == ANSWER_NOT_ASKED)
        return false;
    return outcome != ANSWER_EMPTY || lookup->good.count > 0 || *keen->starving;
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

struct wait {
    usec_t span;
    enum wait_reason reason;
};

/* How long to wait for the next question after this answer, if nothing presses. */
static struct wait calm_wait(const struct lookup *lookup, const struct subscription *keen,
                             const struct answer *answer)
{
    bool urgent = *keen->starving || keen->ask_by != 0;
    if (answer->outcome == ANSWER_NOT_ASKED)
        return (struct wait){ROUTE_RETRY, WAIT_ROUTE};
    if (lookup->failures > 0)
        return (struct wait){lookup_backoff(lookup->failures, keen->min_ttl, urgent), WAIT_BACKOFF};
    usec_t span = lookup_ttl(answer->ttl, keen->min_ttl, keen->max_ttl);
    usec_t said =
        answer->ttl == ANSWER_TTL_UNKNOWN ? INT64_MAX : (usec_t)answer->ttl * USEC_PER_SEC;
    enum wait_reason reason = span > said ? WAIT_MIN_TTL : span < said ? WAIT_MAX_TTL : WAIT_TTL;
    return (struct wait){span, reason};
}

static struct wait next_wait(const struct lookup *lookup, const struct subscription *keen,
                             const struct answer *answer, usec_t now)
{
    struct wait wait = calm_wait(lookup, keen, answer);
    if (keen->ask_by != 0 && keen->ask_by < now + wait.span) {
        wait.span = keen->ask_by > now + keen->min_ttl ? keen->ask_by - now : keen->min_ttl;
        wait.reason = WAIT_CONFIRMATION;
    }
    return wait;
}

/* A type without addresses is told as a failure only when it stays so: the other type's answer may
 * be on its way. */
static void tell(struct lookup *lookup, const struct reply *reply, struct wait wait, bool fresh)
{
    bool patient = reply->answer->outcome == ANSWER_EMPTY && lookup->good.count == 0;
    bool failing = lookup->failures > (patient ? 1u : 0u);
    struct lookup_news news = {
        .name = lookup->name,
        .type = lookup->question.type,
        .reply = reply,
        .wait = wait.span,
        .reason = wait.reason,
        .failing = failing,
        .turned = failing != lookup->told_failing,
        .fresh = fresh,
    };
    lookup->told_failing = failing;
    if (lookup->lookups->report)
        lookup->lookups->report(lookup->lookups->report_arg, &news);
}

static void take_reply(struct lookup *lookup, const struct reply *reply, usec_t grace)
{
    const struct answer *answer = reply->answer;
    usec_t now = clock_now();
    lookup->hurried = false;
    if (answer->outcome == ANSWER_RECORDS)
        kept_take(&lookup->good, lookup->question.type, answer);
    /* First the subscribers, who then know what they need. */
    list_each(node, &lookup->subscriptions)
    {
        struct subscription *one = list_entry(node, struct subscription, node);
        one->answered(one, reply, now);
    }
    struct subscription keen = keenest(lookup);
    lookup->failures = is_failure(lookup, &keen, answer->outcome) ? lookup->failures + 1 : 0;
    struct wait wait = next_wait(lookup, &keen, answer, now);
    ask_in(lookup, lookup_jitter(wait.span) + grace);
    bool fresh = history_note(&lookup->history, reply, wait.span, wait.reason, now);
    tell(lookup, reply, wait, fresh);
}

static void on_reply(void *arg, const struct reply *reply)
{
    struct lookup *lookup = arg;
    lookup->query = NULL;
    take_reply(lookup, reply, 0);
}

void lookup_offer(struct lookup *lookup, const struct answer *answer)
{
    struct reply reply = {.answer = answer, .source = REPLY_EXTRAS, .asked = lookup->name};
    usec_t now = clock_now();
    bool repeated = lookup->asked != 0 && lookup->good.count > 0 && now - lookup->asked < OFFER_GAP;
    if (lookup->query || repeated)
        return;
    lookup->asked = now;
    take_reply(lookup, &reply, OFFER_GRACE);
}

static void on_timer(evutil_socket_t fd, short events, void *arg)
{
    struct lookup *lookup = arg;
    (void)fd;
    (void)events;
    lookup->asked = clock_now();
    lookup->question.urgent = lookup->hurried;
    lookup->question.needs_route = !keenest(lookup).without_route;
    if (resolver_ask(lookup->lookups->resolver, &lookup->question, on_reply, lookup,
                     &lookup->query) < 0)
        ask_in(lookup, USEC_PER_SEC); /* no memory: what is known serves on */
}

/* --- subscribing ------------------------------------------------------------------------------ */

struct lookups *lookups_new(struct event_base *base, struct resolver *resolver,
                            lookup_report *report, void *arg)
{
    struct lookups *lookups = calloc(1, sizeof *lookups);
    if (!lookups)
        return NULL;
    *lookups =
        (struct lookups){.base = base, .resolver = resolver, .report = report, .report_arg = arg};
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
    kept_clear(&lookup->good, lookup->question.type);
    history_clear(&lookup->history);
    free(lookup);
}

static struct lookup *lookup_new(struct lookups *lookups, const struct question *question)
{
    size_t size = strlen(question->name) + 1;
    struct lookup *lookup = calloc(1, sizeof *lookup + size);
    if (!lookup)
        return NULL;
    lookup->lookups = lookups;
    lookup->question = *question;
    memcpy(lookup->name, question->name, size);
    lookup->question.name = lookup->name;
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

static bool asks(const struct lookup *lookup, const struct question *question)
{
    const struct question *own = &lookup->question;
    return own->servers == question->servers && own->type == question->type &&
           own->search == question->search && strcmp(lookup->name, question->name) == 0;
}

int lookups_subscribe(struct lookups *lookups, const struct question *question,
                      struct subscription *subscription)
{
    struct lookup *found = NULL;
    list_each(node, &lookups->all)
    {
        struct lookup *one = list_entry(node, struct lookup, node);
        if (asks(one, question))
            found = one;
    }
    if (!found && !(found = lookup_new(lookups, question)))
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

struct resolver *lookups_resolver(const struct lookups *lookups)
{
    return lookups->resolver;
}

const char *lookup_name(const struct lookup *lookup)
{
    return lookup->name;
}

enum dns_type lookup_type(const struct lookup *lookup)
{
    return lookup->question.type;
}

const struct history *lookup_history(const struct lookup *lookup)
{
    return &lookup->history;
}

usec_t lookup_due(const struct lookup *lookup)
{
    return lookup->query ? 0 : lookup->due;
}

bool lookup_answer(const struct lookup *lookup, struct answer *ret_answer)
{
    return kept_answer(&lookup->good, lookup->question.type, ret_answer);
}
