#include "admin/actions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/server.h"
#include "proxy/eject.h"

/* How much of the upstreams' names an error shows. */
#define NAMES_TEXT 400

/* --- which upstream -----------------------------------------------------------------------------
 */

static void list_names(const struct engine *engine, char text[NAMES_TEXT])
{
    size_t length = 0;
    text[0] = '\0';
    list_each(node, &engine->services)
    {
        const char *name = service_config(list_entry(node, struct service, node))->name;
        int wrote =
            snprintf(text + length, NAMES_TEXT - length, "%s%s", length > 0 ? " " : "", name);
        if (length + (size_t)wrote >= NAMES_TEXT - 4) {
            strcpy(text + length, " …");
            return;
        }
        length += (size_t)wrote;
    }
}

struct service *action_find_service(struct admin_request *request, void *server)
{
    struct engine *engine = server_engine(server);
    const char *name = admin_request_parameter(request, "upstream");
    char names[NAMES_TEXT];
    bool single =
        !list_empty(&engine->services) && engine->services.next->next == &engine->services;
    if (!name && single)
        return list_entry(engine->services.next, struct service, node);
    list_names(engine, names);
    if (!name) {
        admin_reply_line(request, 400, "say which upstream, one of: %s", names);
        return NULL;
    }
    struct service *service = service_find(engine, name);
    if (!service)
        admin_reply_line(request, 404, "there is no upstream %s; there is: %s", name, names);
    return service;
}

/* --- reload, upgrade ----------------------------------------------------------------------------
 */

static void reply_errors(struct admin_request *request, int status, const struct errors *errors)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    for (size_t i = 0; out && i < errors->count; i++)
        fprintf(out, "%s\n", errors->lines[i]);
    if (out && fclose(out) == 0)
        admin_reply(request, status, ADMIN_TEXT, text, size);
    else
        admin_reply_line(request, status, "nothing was changed: redial's log says why");
    free(text);
}

void action_reload(struct admin_request *request, void *server)
{
    struct reload *reload = server_reload(server);
    struct plan_result result;
    if (server_reload_now(server, &result) < 0)
        reply_errors(request, 422, &reload->errors);
    else
        admin_reply_line(request, 200,
                         "reloaded: %zu upstream%s added, %zu changed, %zu dropped, %zu as before",
                         result.added, result.added == 1 ? "" : "s", result.changed, result.dropped,
                         result.kept);
}

void action_upgrade(struct admin_request *request, void *server)
{
    char why[256];
    if (server_upgrade(server, why, sizeof why) < 0)
        admin_reply_line(request, 409, "%s", why);
    else
        admin_reply_line(request, 202,
                         "the new process is starting; the status and the log say how it goes");
}

/* --- endpoints ----------------------------------------------------------------------------------
 */

void action_resolve(struct admin_request *request, void *server)
{
    struct service *service = action_find_service(request, server);
    if (!service)
        return;
    discovery_hurry(service->discovery);
    admin_reply_line(request, 202, "the names of %s are asked again, min-ttl after the last time",
                     service_config(service)->name);
}

static void drain(struct admin_request *request, struct server *server, bool on)
{
    const char *text = admin_request_parameter(request, "endpoint");
    const char *only = admin_request_parameter(request, "upstream"), *why;
    struct address address;
    size_t count = 0;
    if (!text || address_parse(text, &address, &why) < 0) {
        admin_reply_line(request, 400, "say which endpoint: ?endpoint=ADDRESS:PORT");
        return;
    }
    if (only && !action_find_service(request, server))
        return;
    list_each(node, &server_engine(server)->services)
    {
        struct service *service = list_entry(node, struct service, node);
        if (!only || strcmp(only, service_config(service)->name) == 0)
            count += service_drain(service, &address, on);
    }
    if (count == 0)
        admin_reply_line(request, 404, "no upstream has the endpoint %s", text);
    else
        admin_reply_line(request, 200, "%s: %s, in %zu upstream%s", text,
                         on ? "no new connections" : "in rotation again", count,
                         count == 1 ? "" : "s");
}

void action_drain(struct admin_request *request, void *server)
{
    drain(request, server, true);
}

void action_undrain(struct admin_request *request, void *server)
{
    drain(request, server, false);
}

/* --- log ----------------------------------------------------------------------------------------
 */

void action_log_level(struct admin_request *request, void *server)
{
    const char *name = admin_request_parameter(request, "level");
    enum log_level level;
    (void)server;
    if (!name || !log_level_find(name, &level)) {
        admin_reply_line(request, 400, "say which level: ?level=error, warning, info or debug");
        return;
    }
    log_set_level(level);
    log_outcome_info("log level set", log_text("level", name));
    admin_reply_line(request, 200, "log level %s, until the next reload or start", name);
}
