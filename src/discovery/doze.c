#include "discovery/doze.h"

#include <event2/event.h>
#include <stdlib.h>

/* libevent's clock lags behind ours by so much, so the timer may come that much early. */
#define EARLY (4 * USEC_PER_MSEC)

struct dozers {
    struct event *timer;
    struct list called; /* to be looked at in the next turn */
    struct list dozing;
    usec_t looked, due; /* when all were, and when they are to be */
    dozer_look *look;
};

static void set_timer(struct dozers *dozers)
{
    usec_t now = clock_now(), due = list_empty(&dozers->called) ? dozers->due : now;
    struct timeval span = clock_timeval(due > now ? due - now : 0);
    if (list_empty(&dozers->called) && list_empty(&dozers->dozing))
        event_del(dozers->timer);
    else
        event_add(dozers->timer, &span);
}

/* Who wakes may wake, or call, others. */
static void look_at(struct dozers *dozers, struct list *called, usec_t now)
{
    struct list waiting;
    list_init(&waiting);
    list_move_all(&waiting, called);
    while (!list_empty(&waiting)) {
        struct dozer *dozer = list_entry(waiting.next, struct dozer, node);
        list_remove(&dozer->node);
        list_append(&dozers->dozing, &dozer->node);
        if (dozers->look(dozer) && dozer->looks++ == 0)
            dozer->since = now;
    }
}

static void on_timer(evutil_socket_t fd, short events, void *arg)
{
    struct dozers *dozers = arg;
    usec_t now = clock_now();
    (void)fd;
    (void)events;
    if (now + EARLY >= dozers->due) {
        list_move_all(&dozers->called, &dozers->dozing);
        dozers->looked = now;
        dozers->due = now + WAIT_FOR_ROUTE;
    }
    look_at(dozers, &dozers->called, now);
    set_timer(dozers);
}

struct dozers *dozers_new(struct event_base *base)
{
    struct dozers *dozers = calloc(1, sizeof *dozers);
    if (!dozers)
        return NULL;
    list_init(&dozers->called);
    list_init(&dozers->dozing);
    dozers->timer = evtimer_new(base, on_timer, dozers);
    if (dozers->timer)
        return dozers;
    free(dozers);
    return NULL;
}

void dozers_free(struct dozers *dozers)
{
    if (dozers)
        event_free(dozers->timer);
    free(dozers);
}

void dozers_add(struct dozers *dozers, struct dozer *dozer, dozer_look *look)
{
    list_init(&dozer->node);
    dozers->look = look;
    list_append(&dozers->called, &dozer->node);
    set_timer(dozers);
}

void dozers_hurry(struct dozers *dozers, struct dozer *dozer)
{
    list_remove(&dozer->node);
    list_append(&dozers->called, &dozer->node);
    set_timer(dozers);
}

void dozer_wake(struct dozer *dozer)
{
    list_remove(&dozer->node);
}

bool dozer_story(const struct dozers *dozers, const struct dozer *dozer,
                 struct history_entry *ret_entry)
{
    if (dozer->looks == 0)
        return false;
    *ret_entry = (struct history_entry){
        .first = dozer->since,
        .last = dozer->since > dozers->looked ? dozer->since : dozers->looked,
        .wait = WAIT_FOR_ROUTE,
        .repeats = dozer->looks,
        .ttl = ANSWER_TTL_UNKNOWN,
        .source = REPLY_NOBODY,
        .outcome = ANSWER_NOT_ASKED,
        .reason = WAIT_ROUTE,
    };
    return true;
}

usec_t dozer_due(const struct dozers *dozers, const struct dozer *dozer)
{
    return dozer->looks == 0 ? 0 : dozers->due;
}
