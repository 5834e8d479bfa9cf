#include "admin/admin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/actions.h"
#include "admin/http.h"
#include "admin/json.h"
#include "admin/metrics.h"
#include "admin/page.h"
#include "admin/sockets.h"
#include "admin/status.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/dump.h"
#include "daemon/pulse.h"

/* How long a worker may take to answer, in seconds. */
#define HEALTH_PATIENCE 2

/* How long who asked before a successor came may take to hear the answer. */
#define FAREWELL (10 * USEC_PER_SEC)

struct admin {
    struct server *server;
    struct admin_sockets sockets;
    struct admin_http *http;
};

static void reply_no_memory(struct admin_request *request)
{
    admin_reply_line(request, 503, "there is no memory for the answer: try again");
}

/* --- what there is to see -----------------------------------------------------------------------
 */

static void show_page(struct admin_request *request, void *context)
{
    (void)context;
    admin_request_header(request, "Content-Security-Policy", page_policy);
    admin_request_header(request, "Referrer-Policy", "no-referrer");
    admin_request_header(request, "X-Frame-Options", "DENY");
    admin_reply(request, 200, ADMIN_HTML, page_bytes, page_size);
}

/* Takes over the reference. */
static void reply_json(struct admin_request *request, json_t *json)
{
    char *text = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(json);
    if (!json_lacked_memory() && text)
        admin_reply(request, 200, ADMIN_JSON, text, strlen(text));
    else
        reply_no_memory(request);
    free(text);
}

static void show_status(struct admin_request *request, void *context)
{
    reply_json(request, status_json(context));
}

static void show_story(struct admin_request *request, void *context)
{
    struct service *service = action_find_service(request, context);
    if (service)
        reply_json(request, status_explain(service));
}

/* Answers with what `write` writes. */
static void reply_written(struct admin_request *request, const char *type, struct server *server,
                          void (*write)(struct server *server, FILE *out))
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out)
        write(server, out);
    if (out && fclose(out) == 0)
        admin_reply(request, 200, type, text, size);
    else
        reply_no_memory(request);
    free(text);
}

static void show_metrics(struct admin_request *request, void *context)
{
    reply_written(request, "text/plain; version=0.0.4; charset=utf-8", context, metrics_write);
}

static void write_config(struct server *server, FILE *out)
{
    config_dump(server_engine(server)->config, out);
}

static void show_config(struct admin_request *request, void *context)
{
    reply_written(request, ADMIN_TEXT, context, write_config);
}

/* A question whether all workers turn their loops. */
struct health_check {
    struct pulse_wait wait;
    struct admin_request *request;
    struct list node; /* of the checks that wait */
    struct event *timer;
};

static struct list health_checks = {&health_checks, &health_checks};

static void end_check(struct health_check *check, int status, const char *line)
{
    admin_reply_line(check->request, status, "%s", line);
    pulse_forget(&check->wait);
    list_remove(&check->node);
    event_free(check->timer);
    free(check);
}

static void on_pulse(struct pulse_wait *wait)
{
    end_check(list_entry(wait, struct health_check, wait), 200, "ok");
}

static void on_silence(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    end_check(arg, 503, "a worker thread has not answered for two seconds");
}

static void show_health(struct admin_request *request, void *context)
{
    struct engine *engine = server_engine(context);
    struct timeval patience = {.tv_sec = HEALTH_PATIENCE};
    if (server_is_superseded(context)) { /* the successor is well, or it would be none */
        admin_reply_line(request, 200, "ok");
        return;
    }
    struct health_check *check = calloc(1, sizeof *check);
    if (check)
        check->timer = evtimer_new(engine->base, on_silence, check);
    if (!check || !check->timer || event_add(check->timer, &patience) < 0) {
        if (check && check->timer)
            event_free(check->timer);
        free(check);
        reply_no_memory(request);
        return;
    }
    check->request = request;
    check->wait.answered = on_pulse;
    list_append(&health_checks, &check->node);
    pulse_ask(engine->pulse, &check->wait);
}

/* They are not waited for any more. */
static void end_checks(int status, const char *line)
{
    while (!list_empty(&health_checks))
        end_check(list_entry(health_checks.next, struct health_check, node), status, line);
}

static void write_missing(struct server *server, FILE *out)
{
    const struct engine *engine = server_engine(server);
    if (engine->stopping)
        fputs("redial is stopping\n", out);
    list_each(node, &engine->services)
    {
        const struct service *service = list_entry(node, struct service, node);
        if (discovery_set(service->discovery)->count == 0)
            fprintf(out, "%s has no address yet\n", service_config(service)->name);
    }
}

static void show_readiness(struct admin_request *request, void *context)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out && !server_is_superseded(context)) /* whoever asks means the service, not the process */
        write_missing(context, out);
    if (!out || fclose(out) != 0)
        reply_no_memory(request);
    else if (size == 0)
        admin_reply_line(request, 200, "ready");
    else
        admin_reply(request, 503, ADMIN_TEXT, text, size);
    free(text);
}

/* --- from start to end --------------------------------------------------------------------------
 */

static const struct admin_route routes[] = {
    {"/", ADMIN_GET, show_page},
    {"/status", ADMIN_GET, show_status},
    {"/explain", ADMIN_GET, show_story},
    {"/metrics", ADMIN_GET, show_metrics},
    {"/config", ADMIN_GET, show_config},
    {"/healthz", ADMIN_GET, show_health},
    {"/readyz", ADMIN_GET, show_readiness},
    {"/reload", ADMIN_POST, action_reload},
    {"/upgrade", ADMIN_POST, action_upgrade},
    {"/resolve", ADMIN_POST, action_resolve},
    {"/drain", ADMIN_POST, action_drain},
    {"/undrain", ADMIN_POST, action_undrain},
    {"/log-level", ADMIN_POST, action_log_level},
};

/* The sockets are a successor's: who asks is to be answered by that one. */
static void on_superseded(void *arg)
{
    struct admin *admin = arg;
    end_checks(200, "ok");
    admin_http_leave(admin->http);
    admin_sockets_close(&admin->sockets);
}

int admin_start(struct server *server, struct admin **ret_admin)
{
    struct engine *engine = server_engine(server);
    struct admin *admin = calloc(1, sizeof *admin);
    if (!admin)
        return engine_fail("the admin interface could not be made", -ENOMEM);
    admin->server = server;
    json_watch_memory();
    int result = admin_sockets_open(&admin->sockets, &engine->config->global, &engine->fronts);
    if (result < 0) {
        free(admin);
        return result;
    }
    result = admin_http_new(engine->base, admin->sockets.listeners, admin->sockets.count, routes,
                            sizeof routes / sizeof *routes, server, &admin->http);
    if (result < 0) {
        admin_free(admin);
        return engine_fail("the admin interface could not be made", result);
    }
    server_on_superseded(server, on_superseded, admin);
    *ret_admin = admin;
    return 0;
}

void admin_finish(struct admin *admin)
{
    struct event_base *base = server_engine(admin->server)->base;
    usec_t end = clock_now() + FAREWELL;
    if (server_is_superseded(admin->server))
        while (admin_http_connections(admin->http) > 0 && clock_now() < end)
            event_base_loop(base, EVLOOP_ONCE);
}

void admin_free(struct admin *admin)
{
    if (!admin)
        return;
    end_checks(503, "redial is stopping");
    admin_http_free(admin->http);
    admin_sockets_close(&admin->sockets);
    free(admin);
}
