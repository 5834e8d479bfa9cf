#include "daemon/linger.h"

#include <stdlib.h>

#include "daemon/engine.h"
#include "daemon/service.h"

/* How often it looks, and how long there must be nobody. */
#define LOOK (100 * USEC_PER_MSEC)
#define QUIET USEC_PER_SEC

struct lingering {
    struct engine *engine;
    void (*over)(void *arg);
    void *arg;
    struct event *timer;
    uint64_t opened; /* connections so far, at the last look */
    usec_t busy;     /* when somebody was there last */
};

static uint64_t count_opened(const struct engine *engine)
{
    uint64_t opened = 0;
    list_each(node, &engine->services)
    {
        struct tally_sum sum;
        upstream_tally(list_entry(node, struct service, node)->upstream, &sum);
        opened += sum.opened;
    }
    return opened;
}

static void on_look(evutil_socket_t fd, short events, void *arg)
{
    struct lingering *linger = arg;
    usec_t now = clock_now();
    uint64_t opened = count_opened(linger->engine);
    (void)fd;
    (void)events;
    if (engine_connections(linger->engine) > 0 || opened != linger->opened)
        linger->busy = now;
    linger->opened = opened;
    if (now - linger->busy < QUIET)
        return;
    event_del(linger->timer);
    linger->over(linger->arg);
}

struct lingering *linger_new(struct engine *engine, void (*over)(void *arg), void *arg)
{
    struct timeval look = clock_timeval(LOOK);
    struct lingering *linger = calloc(1, sizeof *linger);
    if (!linger)
        return NULL;
    *linger = (struct lingering){.engine = engine, .over = over, .arg = arg, .busy = clock_now()};
    linger->timer = event_new(engine->base, -1, EV_PERSIST, on_look, linger);
    if (linger->timer && event_add(linger->timer, &look) == 0)
        return linger;
    linger_free(linger);
    return NULL;
}

void linger_free(struct lingering *linger)
{
    if (!linger)
        return;
    if (linger->timer)
        event_free(linger->timer);
    free(linger);
}
