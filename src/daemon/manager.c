#include "daemon/manager.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/engine.h"
#include "daemon/handover.h"
#include "daemon/notify.h"
#include "daemon/pulse.h"
#include "daemon/service.h"
#include "daemon/watchdog.h"

/* How often the status line is brought up to date. */
#define STATUS_PERIOD (5 * USEC_PER_SEC)

struct manager {
    struct engine *engine;
    struct notify notify;
    bool speaks; /* it is our turn */
    char said[200];
    int predecessor;
    struct event *heard;  /* the predecessor's end */
    struct event *status; /* timers */
    struct event *watchdog;
    usec_t period; /* of the watchdog; 0: it is off */
    struct pulse_wait wait;
    bool waits;    /* for the workers' pulse */
    char **stored; /* names of the sockets that the manager keeps */
    size_t stored_count;
};

/* --- the status line ----------------------------------------------------------------------------
 */

static void describe(const struct engine *engine, char *text, size_t size)
{
    size_t count = 0, missing = 0;
    const char *example = NULL;
    list_each(node, &engine->services)
    {
        const struct service *service = list_entry(node, struct service, node);
        count++;
        if (discovery_set(service->discovery)->count > 0)
            continue;
        missing++;
        example = service_config(service)->name;
    }
    int length =
        snprintf(text, size, "%zu upstream%s, %u connection%s open", count, count == 1 ? "" : "s",
                 engine_connections(engine), engine_connections(engine) == 1 ? "" : "s");
    if (missing > 0 && (size_t)length < size)
        snprintf(text + length, size - (size_t)length, "; %zu without an address: %s%s", missing,
                 example, missing > 1 ? " and others" : "");
}

static void on_status(evutil_socket_t fd, short events, void *arg)
{
    struct manager *manager = arg;
    char text[sizeof manager->said];
    (void)fd;
    (void)events;
    describe(manager->engine, text, sizeof text);
    if (!manager->speaks || manager->engine->stopping || strcmp(text, manager->said) == 0)
        return;
    strcpy(manager->said, text);
    notify_status(&manager->notify, text);
}

/* --- the watchdog -------------------------------------------------------------------------------
 */

static void on_pulse(struct pulse_wait *wait)
{
    struct manager *manager = list_entry(wait, struct manager, wait);
    manager->waits = false;
    notify_watchdog(&manager->notify);
}

/* A worker that hangs is not answered for: the manager then ends the process. */
static void on_watchdog(evutil_socket_t fd, short events, void *arg)
{
    struct manager *manager = arg;
    (void)fd;
    (void)events;
    if (manager->waits || !manager->speaks)
        return;
    manager->waits = true;
    pulse_ask(manager->engine->pulse, &manager->wait);
}

/* --- sockets that it keeps ----------------------------------------------------------------------
 */

static bool is_stored(const struct manager *manager, const char *name)
{
    for (size_t i = 0; i < manager->stored_count; i++)
        if (strcmp(manager->stored[i], name) == 0)
            return true;
    return false;
}

/* Of an address: a Unix socket's file would be gone, and a socket unit's sockets it has anyway. */
static bool is_to_be_stored(const struct front *front)
{
    return listen_is_address(&front->listen) && !front->reserved;
}

static bool is_open(const struct engine *engine, const char *name)
{
    list_each(node, &engine->fronts.open)
    {
        const struct front *front = list_entry(node, struct front, node);
        char text[LISTEN_TEXT_MAX];
        if (is_to_be_stored(front) && strcmp(handover_name(&front->listen, text), name) == 0)
            return true;
    }
    return false;
}

static void store(struct manager *manager, const struct front *front)
{
    char text[LISTEN_TEXT_MAX];
    const char *name = handover_name(&front->listen, text);
    char **grown;
    if (is_stored(manager, name) ||
        !(grown = reallocarray(manager->stored, manager->stored_count + 1, sizeof *grown)))
        return;
    manager->stored = grown;
    for (size_t i = 0; i < front->count; i++)
        if (notify_store(&manager->notify, name, &front->sockets[i].fd, 1) < 0)
            return;
    if ((grown[manager->stored_count] = strdup(name)) != NULL)
        manager->stored_count++;
}

/* So that a crash costs no client that connects meanwhile. */
static void store_sockets(struct manager *manager)
{
    size_t kept = 0;
    if (manager->notify.length == 0)
        return;
    for (size_t i = 0; i < manager->stored_count; i++) {
        if (is_open(manager->engine, manager->stored[i])) {
            manager->stored[kept++] = manager->stored[i];
            continue;
        }
        notify_forget(&manager->notify, manager->stored[i]);
        free(manager->stored[i]);
    }
    manager->stored_count = kept;
    list_each(node, &manager->engine->fronts.open)
    {
        const struct front *front = list_entry(node, struct front, node);
        if (is_to_be_stored(front))
            store(manager, front);
    }
}

/* --- turns --------------------------------------------------------------------------------------
 */

static void begin_to_speak(struct manager *manager)
{
    struct timeval status = clock_timeval(STATUS_PERIOD), watchdog = clock_timeval(manager->period);
    manager->speaks = true;
    describe(manager->engine, manager->said, sizeof manager->said);
    store_sockets(manager);
    notify_ready(&manager->notify, manager->said);
    if (manager->notify.length > 0)
        event_add(manager->status, &status);
    if (manager->notify.length > 0 && manager->period > 0)
        event_add(manager->watchdog, &watchdog);
}

/* Nothing is ever said there: whatever comes is the end. */
static void on_predecessor(evutil_socket_t fd, short events, void *arg)
{
    struct manager *manager = arg;
    char byte;
    (void)events;
    while (read(fd, &byte, 1) > 0)
        ;
    event_free(manager->heard);
    manager->heard = NULL;
    close(manager->predecessor);
    manager->predecessor = -1;
    begin_to_speak(manager);
}

void manager_serve(struct manager *manager, int predecessor)
{
    manager->predecessor = predecessor;
    if (predecessor >= 0)
        manager->heard =
            event_new(manager->engine->base, predecessor, EV_READ, on_predecessor, manager);
    if (!manager->heard || event_add(manager->heard, NULL) < 0)
        begin_to_speak(manager);
}

void manager_reloading(struct manager *manager)
{
    if (manager->speaks)
        notify_reloading(&manager->notify, "reloading");
}

void manager_reloaded(struct manager *manager)
{
    if (!manager->speaks)
        return;
    store_sockets(manager);
    describe(manager->engine, manager->said, sizeof manager->said);
    notify_ready(&manager->notify, manager->said);
}

void manager_stopping(struct manager *manager, usec_t within)
{
    char text[sizeof manager->said];
    snprintf(text, sizeof text, "stopping; %u connections open",
             engine_connections(manager->engine));
    if (manager->speaks)
        notify_stopping(&manager->notify, text, within);
}

void manager_hand_over(struct manager *manager, pid_t successor)
{
    if (manager->speaks)
        notify_hand_over(&manager->notify, successor);
    manager->speaks = false;
}

/* --- from start to end --------------------------------------------------------------------------
 */

struct manager *manager_new(struct engine *engine)
{
    struct manager *manager = calloc(1, sizeof *manager);
    if (!manager)
        return NULL;
    manager->engine = engine;
    manager->predecessor = -1;
    manager->wait.answered = on_pulse;
    list_init(&manager->wait.node);
    if (notify_open(&manager->notify) < 0)
        log_warning("NOTIFY_SOCKET is no name of a socket: the service manager is told nothing");
    manager->period = watchdog_period();
    manager->status = event_new(engine->base, -1, EV_PERSIST, on_status, manager);
    manager->watchdog = event_new(engine->base, -1, EV_PERSIST, on_watchdog, manager);
    if (manager->status && manager->watchdog)
        return manager;
    manager_free(manager);
    return NULL;
}

static void free_event(struct event *event)
{
    if (event)
        event_free(event);
}

void manager_free(struct manager *manager)
{
    if (!manager)
        return;
    pulse_forget(&manager->wait);
    free_event(manager->heard);
    free_event(manager->status);
    free_event(manager->watchdog);
    if (manager->predecessor >= 0)
        close(manager->predecessor);
    for (size_t i = 0; i < manager->stored_count; i++)
        free(manager->stored[i]);
    free(manager->stored);
    free(manager);
}
