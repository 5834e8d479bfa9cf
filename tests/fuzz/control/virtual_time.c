#include "virtual_time.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <string.h>

#include "../target.h"

#define MOST 1024
/* What fires in one span that is not endless: more is a loop that never rests. */
#define FIRINGS_MOST 20000

static struct alarm {
    struct event *event;
    usec_t due;
    bool embedded; /* in its owner: not of event_new() */
} pending[MOST];
static size_t count;

static size_t find(const struct event *event)
{
    size_t i = 0;
    while (i < count && pending[i].event != event)
        i++;
    return i;
}

/* Keeps the order of those that are due at the same time. */
static void remove_at(size_t index)
{
    count--;
    memmove(&pending[index], &pending[index + 1], (count - index) * sizeof *pending);
}

/* --- as event2/event.h says ------------------------------------------------------------------- */

int event_assign(struct event *event, struct event_base *base, evutil_socket_t fd, short events,
                 event_callback_fn callback, void *arg)
{
    expect(base && fd == -1 && events == 0);
    *event = (struct event){.ev_base = base, .ev_fd = fd};
    event->ev_evcallback.evcb_cb_union.evcb_callback = callback;
    event->ev_evcallback.evcb_arg = arg;
    return 0;
}

/* Marks those that were made by it. */
struct event *event_new(struct event_base *base, evutil_socket_t fd, short events,
                        event_callback_fn callback, void *arg)
{
    struct event *event = malloc(sizeof *event);
    expect(event && event_assign(event, base, fd, events, callback, arg) == 0);
    event->ev_res = 1;
    return event;
}

int event_del(struct event *event)
{
    size_t index = find(event);
    if (index < count)
        remove_at(index);
    return 0;
}

int event_add(struct event *event, const struct timeval *span)
{
    expect(span && span->tv_sec >= 0 && span->tv_usec >= 0 && span->tv_usec < USEC_PER_SEC);
    event_del(event);
    expect(count < MOST);
    pending[count++] =
        (struct alarm){.event = event,
                       .due = clock_now() + span->tv_sec * USEC_PER_SEC + span->tv_usec,
                       .embedded = event->ev_res == 0};
    return 0;
}

void event_active(struct event *event, int result, short calls)
{
    static const struct timeval now;
    (void)result;
    (void)calls;
    event_add(event, &now);
}

void event_free(struct event *event)
{
    event_del(event);
    free(event);
}

/* --- time ------------------------------------------------------------------------------------- */

/* Which one is due first, of all by then; `count`: none. */
static size_t earliest(usec_t by)
{
    size_t first = count;
    for (size_t i = 0; i < count; i++)
        if (pending[i].due <= by && (first == count || pending[i].due < pending[first].due))
            first = i;
    return first;
}

static void fire(size_t index)
{
    struct event *event = pending[index].event;
    usec_t due = pending[index].due;
    remove_at(index);
    if (due > clock_now())
        clock_advance(due - clock_now());
    event->ev_evcallback.evcb_cb_union.evcb_callback(-1, EV_TIMEOUT, event->ev_evcallback.evcb_arg);
}

void virtual_pass(usec_t span)
{
    usec_t until = clock_now() + span;
    size_t index, fired = 0;
    while ((index = earliest(until)) < count) {
        expect(fired++ < FIRINGS_MOST);
        fire(index);
    }
    clock_advance(until - clock_now());
}

size_t virtual_pending(void)
{
    return count;
}

static usec_t latest(usec_t by)
{
    return by > clock_now() ? by : clock_now();
}

bool virtual_has(const void *arg, usec_t by)
{
    for (size_t i = 0; i < count; i++)
        if (pending[i].event->ev_evcallback.evcb_arg == arg && pending[i].due <= latest(by))
            return true;
    return false;
}

bool virtual_has_for(const struct address *address, usec_t by)
{
    for (size_t i = 0; i < count; i++)
        if (pending[i].embedded && pending[i].due <= latest(by) &&
            address_equal(pending[i].event->ev_evcallback.evcb_arg, address))
            return true;
    return false;
}
