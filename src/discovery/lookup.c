#include "discovery/lookup.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/timer.h"
#include "discovery/kept.h"

#define BACKOFF_MAX (10 * USEC_PER_SEC) /* and as long at most to notice that DNS is well again */
#define BACKOFF_STARVING_MAX (2 * USEC_PER_SEC)
#define JITTER_MAX (50 * USEC_PER_MSEC)
#define JITTER_DIVISOR 20 /* a twentieth of short spans */

/* An address that comes with every SRV answer is asked for only when that one stays away. */
#define OFFER_GRACE (500 * USEC_PER_MSEC)

/* libevent's clock lags behind ours by so much, so the alarm may ring that much early. */
#define ALARM_EARLY (4 * USEC_PER_MSEC)

/* Several upstreams may hand over the same one. */
#define OFFER_GAP (50 * USEC_PER_MSEC)

struct lookups {
    struct event_base *base;
    struct resolver *resolver;
    lookup_report *report;
    void *report_arg;
    struct list all;
    struct timers timers; /* an event of libevent's for each would be larger than the lookup */
    struct event *alarm;  /* for the first of them */
    struct dozers *dozers;
    size_t aaaa_count; /* lookups for AAAA */
};

struct lookup {
    struct list node;
    struct lookups *lookups;
    struct list subscriptions;
    struct timer timer;  /* for the next question, while none is under way */
    struct query *query; /* NULL: waiting for the timer */
    struct kept good;    /* the last answer that had records */
    struct history history;
    usec_t asked; /* when the last question was */
    struct servers *servers;
    unsigned failures; /* in a row */
    uint8_t type;      /* enum dns_type */
    bool search;
    bool hurried;      /* a failed connect wants the next question */
    bool told_failing; /* what was reported last */
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
struct keen {
    usec_t min_ttl, max_ttl, ask_by;
    bool starving, without_route, had;
};

static struct keen keenest(const struct lookup *lookup)
{
    struct keen keen = {.min_ttl = INT64_MAX, .max_ttl = INT64_MAX};
    list_each(node, &lookup->subscriptions)
    {
        const struct subscription *one = list_entry(node, struct subscription, node);
        const struct interest *interest = one->interest;
        if (interest->min_ttl < keen.min_ttl)
            keen.min_ttl = interest->min_ttl;
        if (interest->max_ttl < keen.max_ttl)
            keen.max_ttl = interest->max_ttl;
        if (one->ask_by != 0 && (keen.ask_by == 0 || one->ask_by < keen.ask_by))
            keen.ask_by = one->ask_by;
        keen.had = keen.had || one->had;
        keen.without_route = keen.without_route || interest->without_route;
        keen.starving = keen.starving || interest->starving;
    }
    if (keen.max_ttl < keen.min_ttl)
        keen.max_ttl = keen.min_ttl;
    return keen;
}

/* No address of this type is no failure where the type never had one: most names have no AAAA. */
static bool is_failure(const struct lookup *lookup, const struct keen *keen,
                       enum answer_outcome outcome)
{
    if (outcome == ANSWER_RECORDS || outcome == ANSWER_NOT_ASKED)
        return false;
    return outcome != ANSWER_EMPTY || lookup->good.count > 0 || keen->had || keen->starving;
}

static void set_alarm(struct lookups *lookups)
{
    usec_t due = timers_due(&lookups->timers), now = clock_now();
    struct timeval span = clock_timeval(due > now ? due - now : 0);
    if (due == 0)
        event_del(lookups->alarm);
    else if (event_add(lookups->alarm, &span) < 0) /* no memory: once more in the next turn */
        event_active(lookups->alarm, EV_TIMEOUT, 0);
}

static void ask_in(struct lookup *lookup, usec_t wait)
{
    struct lookups *lookups = lookup->lookups;
    timer_start(&lookups->timers, &lookup->timer, clock_now() + wait);
    if (lookups->timers.first == &lookup->timer)
        set_alarm(lookups);
}

void lookup_hurry(struct lookup *lookup)
{
    if (lookup->query)
        return;
    usec_t now = clock_now(), soonest = lookup->asked + keenest(lookup).min_ttl;
    usec_t due = soonest > now ? soonest : now;
    lookup->hurried = true;
    if (due < lookup->timer.due)
        ask_in(lookup, due - now);
}

struct wait {
    usec_t span;
    enum wait_reason reason;
};

/* How long to wait for the next question after this answer, if nothing presses. */
static struct wait calm_wait(const struct lookup *lookup, const struct keen *keen,
                             const struct answer *answer)
{
    bool urgent = keen->starving || keen->ask_by != 0;
    if (answer->outcome == ANSWER_NOT_ASKED)
        return (struct wait){WAIT_FOR_ROUTE, WAIT_ROUTE};
    if (lookup->failures > 0)
        return (struct wait){lookup_backoff(lookup->failures, keen->min_ttl, urgent), WAIT_BACKOFF};
    usec_t span = lookup_ttl(answer->ttl, keen->min_ttl, keen->max_ttl);
    usec_t said =
        answer->ttl == ANSWER_TTL_UNKNOWN ? INT64_MAX : (usec_t)answer->ttl * USEC_PER_SEC;
    enum wait_reason reason = span > said ? WAIT_MIN_TTL : span < said ? WAIT_MAX_TTL : WAIT_TTL;
    return (struct wait){span, reason};
}

static struct wait next_wait(const struct lookup *lookup, const struct keen *keen,
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
        .type = lookup_type(lookup),
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
        kept_take(&lookup->good, lookup_type(lookup), answer);
    /* First the subscribers, who then know what they need. */
    list_each(node, &lookup->subscriptions)
    {
        struct subscription *one = list_entry(node, struct subscription, node);
        one->interest->answered(one, reply, now);
    }
    struct keen keen = keenest(lookup);
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

static void on_timer(struct timer *timer)
{
    struct lookup *lookup = list_entry(timer, struct lookup, timer);
    const struct question question = {
        .servers = lookup->servers,
        .name = lookup->name,
        .type = lookup_type(lookup),
        .search = lookup->search,
        .needs_route = !keenest(lookup).without_route,
        .urgent = lookup->hurried,
    };
    lookup->asked = clock_now();
    if (resolver_ask(lookup->lookups->resolver, &question, on_reply, lookup, &lookup->query) < 0)
        ask_in(lookup, USEC_PER_SEC); /* no memory: what is known serves on */
}

static void on_alarm(evutil_socket_t fd, short events, void *arg)
{
    struct lookups *lookups = arg;
    (void)fd;
    (void)events;
    timers_run(&lookups->timers, clock_now() + ALARM_EARLY);
    set_alarm(lookups);
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
    lookups->alarm = evtimer_new(base, on_alarm, lookups);
    lookups->dozers = dozers_new(base);
    if (lookups->alarm && lookups->dozers)
        return lookups;
    lookups_free(lookups);
    return NULL;
}

void lookups_free(struct lookups *lookups)
{
    if (!lookups)
        return;
    if (lookups->alarm)
        event_free(lookups->alarm);
    dozers_free(lookups->dozers);
    free(lookups);
}

struct dozers *lookups_dozers(const struct lookups *lookups)
{
    return lookups->dozers;
}

static void lookup_free(struct lookup *lookup)
{
    lookup->lookups->aaaa_count -= lookup->type == DNS_TYPE_AAAA;
    list_remove(&lookup->node);
    query_cancel(lookup->query);
    timer_stop(&lookup->lookups->timers, &lookup->timer);
    kept_clear(&lookup->good, lookup_type(lookup));
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
    lookup->servers = question->servers;
    lookup->type = (uint8_t)question->type;
    lookup->search = question->search;
    memcpy(lookup->name, question->name, size);
    list_init(&lookup->subscriptions);
    list_append(&lookups->all, &lookup->node);
    lookups->aaaa_count += lookup->type == DNS_TYPE_AAAA;
    timer_init(&lookup->timer, on_timer);
    ask_in(lookup, 0);
    return lookup;
}

/* A subscriber that came later may be keener than those before. */
static void suit_newcomer(struct lookup *lookup)
{
    struct keen keen = keenest(lookup);
    if (lookup->query || lookup->failures > 0 || lookup->asked == 0)
        return;
    usec_t now = clock_now();
    usec_t due = lookup->asked + lookup_ttl(lookup->good.ttl, keen.min_ttl, keen.max_ttl);
    if (due < lookup->timer.due)
        ask_in(lookup, due > now ? due - now : 0);
}

static bool asks(const struct lookup *lookup, const struct question *question)
{
    return lookup->servers == question->servers && lookup->type == question->type &&
           lookup->search == question->search && strcmp(lookup->name, question->name) == 0;
}

static struct lookup *find(const struct lookups *lookups, const struct question *question)
{
    list_each(node, &lookups->all)
    {
        struct lookup *lookup = list_entry(node, struct lookup, node);
        if (asks(lookup, question))
            return lookup;
    }
    return NULL;
}

bool lookups_may_ask(const struct lookups *lookups, const struct question *question)
{
    return (lookups->aaaa_count > 0 && find(lookups, question)) ||
           resolver_may_ask(lookups->resolver, question);
}

void lookups_tell_not_asked(const struct lookups *lookups, const char *name, bool fresh)
{
    static const struct answer answer = {.outcome = ANSWER_NOT_ASKED, .ttl = ANSWER_TTL_UNKNOWN};
    const struct reply reply = {.answer = &answer, .source = REPLY_NOBODY, .asked = name};
    const struct lookup_news news = {.name = name,
                                     .type = DNS_TYPE_AAAA,
                                     .reply = &reply,
                                     .wait = WAIT_FOR_ROUTE,
                                     .reason = WAIT_ROUTE,
                                     .fresh = fresh};
    if (lookups->report)
        lookups->report(lookups->report_arg, &news);
}

int lookups_subscribe(struct lookups *lookups, const struct question *question,
                      struct subscription *subscription)
{
    struct lookup *found = find(lookups, question);
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
    return (enum dns_type)lookup->type;
}

const struct history *lookup_history(const struct lookup *lookup)
{
    return &lookup->history;
}

void lookup_recall(struct lookup *lookup, const struct history_entry *entry)
{
    history_recall(&lookup->history, entry);
}

usec_t lookup_due(const struct lookup *lookup)
{
    return lookup->query ? 0 : lookup->timer.due;
}

bool lookup_answer(const struct lookup *lookup, struct answer *ret_answer)
{
    return kept_answer(&lookup->good, lookup_type(lookup), ret_answer);
}
