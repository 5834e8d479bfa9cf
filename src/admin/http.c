#include "admin/http.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "admin/connection.h"
#include "admin/guard.h"
#include "admin/head.h"
#include "admin/request_state.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"

/* How long accepting rests where this host has no descriptors or memory. */
#define PAUSE (100 * USEC_PER_MSEC)

/* As evhttp's own time-out, between two bytes: the places have a stricter one. */
#define PATIENCE_SECONDS 10

_Static_assert(2 * PLACES == ADMIN_CONNECTIONS_MOST, "those of Unix sockets, and of TCP");

/* A listening socket, with an evhttp of its own: what evhttp calls does not say who came in where.
 */
struct door {
    struct list node;
    struct admin_http *http;
    struct places *places; /* shared with the other doors of its kind */
    bool tcp, paused, bound;
    struct evhttp *evhttp;
    struct evconnlistener *listener;
    struct event *resume;
};

struct admin_http {
    const struct admin_route *routes;
    size_t route_count;
    void *context;
    struct places *over_unix, *over_tcp;
    struct door *doors;
    size_t door_count;
    bool leaving; /* nobody more is accepted */
};

/* All doors: an error of accept(2) tells its listener alone, since its argument is evhttp's. */
static struct list doors = {&doors, &doors};

/* --- answering -------------------------------------------------------------------------------- */

static const struct admin_route *find_route(const struct admin_http *http, const char *path,
                                            enum admin_method method)
{
    for (size_t i = 0; i < http->route_count; i++)
        if (strcmp(http->routes[i].path, path) == 0 && http->routes[i].method == method)
            return &http->routes[i];
    return NULL;
}

/* Says which methods there are: at the path, or, where nothing is there, at any. */
static void reply_method(struct admin_request *request, bool get, bool post)
{
    const char *allow = get == post ? "GET, HEAD, POST" : get ? "GET, HEAD" : "POST";
    admin_request_header(request, "Allow", allow);
    admin_reply_line(request, 405, "this method does nothing here: use %s", allow);
}

static void dispatch(const struct door *door, const struct connection *connection,
                     struct admin_request *request)
{
    const struct admin_http *http = door->http;
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request->http));
    path = path && *path ? path : "/";
    bool is_post = evhttp_request_get_command(request->http) == EVHTTP_REQ_POST;
    const struct admin_route *get = find_route(http, path, ADMIN_GET);
    const struct admin_route *post = find_route(http, path, ADMIN_POST);
    const struct admin_route *route = is_post ? post : get;
    if (connection_is_other(connection) || ((get || post) && !route))
        reply_method(request, get != NULL, post != NULL);
    else if (!route)
        admin_reply_line(request, 404, "there is nothing at this path: redial(8) lists all");
    else if (http->leaving && is_post)
        admin_reply_line(request, 503, "another process has taken over meanwhile: ask again");
    else
        route->handler(request, http->context);
}

static const char *guard(const struct door *door, struct evhttp_request *http)
{
    const struct evkeyvalq *headers = evhttp_request_get_input_headers(http);
    struct guard_request request = {
        .tcp = door->tcp,
        .post = evhttp_request_get_command(http) == EVHTTP_REQ_POST,
        .host = evhttp_find_header(headers, "Host"),
        .authority = evhttp_uri_get_host(evhttp_request_get_evhttp_uri(http)),
        .origin = evhttp_find_header(headers, "Origin"),
    };
    return guard_check(&request);
}

static void on_request(struct evhttp_request *http, void *arg)
{
    struct door *door = arg;
    struct evhttp_connection *evcon = evhttp_request_get_connection(http);
    struct connection *connection = places_find(door->places, evcon);
    const struct refusal *refusal = connection ? connection_begin(connection, http) : NULL;
    struct admin_request *request =
        connection ? request_new(http, connection_request(connection)) : NULL;
    if (!request) { /* no memory, now or at the accept */
        evhttp_connection_free(evcon);
        return;
    }
    const char *foreign = refusal->status ? NULL : guard(door, http);
    if (refusal->status == 405)
        reply_method(request, true, true);
    else if (refusal->status)
        admin_reply_line(request, refusal->status, "%s", refusal->why);
    else if (foreign)
        admin_reply_line(request, 403, "%s", foreign);
    else
        dispatch(door, connection, request);
}

/* --- accepting -------------------------------------------------------------------------------- */

static void rest(struct door *door, usec_t span)
{
    struct timeval wait = clock_timeval(span);
    if (door->http->leaving)
        return;
    evconnlistener_disable(door->listener);
    event_add(door->resume, &wait);
}

static void on_resume(evutil_socket_t fd, short events, void *arg)
{
    struct door *door = arg;
    usec_t wait = places_wait(door->places);
    (void)fd;
    (void)events;
    if (wait > 0)
        rest(door, wait);
    else if (evconnlistener_enable(door->listener) < 0)
        rest(door, PAUSE);
}

/* While all places are taken, newcomers wait in the kernel's queue until one has been taken long
 * enough: a flood of them neither drives out who asks and is answered, nor keeps the loop busy. */
static struct bufferevent *on_accept(struct event_base *base, void *arg)
{
    struct door *door = arg;
    struct bufferevent *bev = places_take(base, door->places);
    usec_t wait = places_wait(door->places);
    door->paused = false;
    for (size_t i = 0; wait > 0 && i < door->http->door_count; i++)
        if (door->http->doors[i].places == door->places)
            rest(&door->http->doors[i], wait);
    return bev;
}

/* The client that cannot be accepted would wake the loop again and again. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
    const char *error = strerror(errno);
    (void)arg;
    list_each(node, &doors)
    {
        struct door *door = list_entry(node, struct door, node);
        if (door->listener != listener)
            continue;
        if (!door->paused)
            log_warning("admin clients wait", log_text("error", error));
        door->paused = true;
        rest(door, PAUSE);
    }
}

/* --- life ------------------------------------------------------------------------------------- */

static bool open_door(struct door *door, struct event_base *base,
                      const struct admin_listener *listener)
{
    door->tcp = listener->tcp;
    door->places = listener->tcp ? door->http->over_tcp : door->http->over_unix;
    door->evhttp = evhttp_new(base);
    door->resume = evtimer_new(base, on_resume, door);
    door->listener = evconnlistener_new(base, NULL, NULL, LEV_OPT_CLOSE_ON_EXEC, 0, listener->fd);
    if (!door->evhttp || !door->resume || !door->listener)
        return false;
    evhttp_set_gencb(door->evhttp, on_request, door);
    evhttp_set_bevcb(door->evhttp, on_accept, door);
    evhttp_set_timeout(door->evhttp, PATIENCE_SECONDS);
    evhttp_set_max_headers_size(door->evhttp, HEAD_MOST);
    evhttp_set_max_body_size(door->evhttp, HEAD_BODY_MOST);
    evhttp_set_allowed_methods(door->evhttp, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST);
    evhttp_set_default_content_type(door->evhttp, NULL);
    evconnlistener_set_error_cb(door->listener, on_accept_error);
    door->bound = evhttp_bind_listener(door->evhttp, door->listener) != NULL;
    /* evhttp does not tell whether the loop watches it: enabling it twice does no harm, and tells
     */
    return door->bound && evconnlistener_enable(door->listener) == 0;
}

static void close_door(struct door *door)
{
    list_remove(&door->node);
    if (door->resume)
        event_free(door->resume);
    if (door->listener && !door->bound)
        evconnlistener_free(door->listener);
    if (door->evhttp)
        evhttp_free(door->evhttp); /* and the listener that is bound to it */
}

int admin_http_new(struct event_base *base, const struct admin_listener *listeners,
                   size_t listener_count, const struct admin_route *routes, size_t route_count,
                   void *context, struct admin_http **ret_http)
{
    struct admin_http *http = calloc(1, sizeof *http);
    if (!http)
        return -ENOMEM;
    *http = (struct admin_http){.routes = routes, .route_count = route_count, .context = context};
    http->over_unix = places_new(base);
    http->over_tcp = places_new(base);
    http->doors = calloc(listener_count + 1, sizeof *http->doors);
    bool good = http->over_unix && http->over_tcp && http->doors;
    for (size_t i = 0; good && i < listener_count; i++) {
        struct door *door = &http->doors[http->door_count++];
        door->http = http;
        list_append(&doors, &door->node);
        good = open_door(door, base, &listeners[i]);
    }
    if (!good) {
        admin_http_free(http);
        return -ENOMEM;
    }
    *ret_http = http;
    return 0;
}

void admin_http_leave(struct admin_http *http)
{
    http->leaving = true;
    for (size_t i = 0; i < http->door_count; i++) {
        evconnlistener_disable(http->doors[i].listener);
        event_del(http->doors[i].resume);
    }
}

size_t admin_http_connections(const struct admin_http *http)
{
    return places_taken(http->over_unix) + places_taken(http->over_tcp);
}

void admin_http_free(struct admin_http *http)
{
    if (!http)
        return;
    places_free(http->over_unix);
    places_free(http->over_tcp);
    for (size_t i = 0; i < http->door_count; i++)
        close_door(&http->doors[i]);
    free(http->doors);
    free(http);
}
