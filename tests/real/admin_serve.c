/* admin_serve: the HTTP side of the admin interface by itself, with a few routes, until SIGTERM.
 * usage: admin_serve ADDRESS..., as for redial's --admin */
#include "admin/http.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/sockets.h"
#include "base/log.h"
#include "config/model.h"
#include "config/options.h"
#include "daemon/front.h"

static void get_hello(struct admin_request *request, void *context)
{
    (void)context;
    admin_reply_line(request, 200, "hello");
}

static void get_bytes(struct admin_request *request, void *context)
{
    static char bytes[4 << 20];
    (void)context;
    memset(bytes, 'x', sizeof bytes);
    admin_reply(request, 200, ADMIN_TEXT, bytes, sizeof bytes);
}

static void post_count(struct admin_request *request, void *context)
{
    int *count = context;
    const char *name = admin_request_parameter(request, "name");
    if (name)
        admin_reply_line(request, 202, "%s %d", name, ++*count);
    else
        admin_reply_line(request, 400, "say whose count: POST /count?name=NAME");
}

static const struct admin_route routes[] = {
    {"/hello", ADMIN_GET, get_hello},
    {"/bytes", ADMIN_GET, get_bytes},
    {"/count", ADMIN_POST, post_count},
};

static void on_stop(evutil_socket_t number, short events, void *arg)
{
    (void)number;
    (void)events;
    event_base_loopbreak(arg);
}

static void serve(struct admin_sockets *sockets)
{
    struct event_base *base = event_base_new();
    struct event *stop = evsignal_new(base, SIGTERM, on_stop, base);
    struct admin_http *http;
    int count = 0;
    event_add(stop, NULL);
    if (admin_http_new(base, sockets->listeners, sockets->count, routes,
                       sizeof routes / sizeof *routes, &count, &http) < 0)
        abort();
    log_info("ready", log_number("pid", getpid()));
    event_base_dispatch(base);
    admin_http_free(http);
    event_free(stop);
    event_base_free(base);
}

int main(int argc, char **argv)
{
    struct global_options options = {0};
    struct admin_sockets sockets;
    struct fronts fronts = {.inherited = NULL};
    char why[256];
    list_init(&fronts.open);
    signal(SIGPIPE, SIG_IGN);
    log_setup(STDERR_FILENO, LOG_LEVEL_INFO, LOG_FORMAT_TEXT, false);
    for (int i = 1; i < argc; i++)
        if (option_set(option_find("redial", "admin"), &options, argv[i], why, sizeof why) < 0) {
            fprintf(stderr, "%s: %s\n", argv[i], why);
            return 2;
        }
    if (admin_sockets_open(&sockets, &options, &fronts) < 0)
        return 1;
    serve(&sockets);
    admin_sockets_close(&sockets);
    option_free_all(OPTION_GLOBAL, &options);
    return 0;
}
