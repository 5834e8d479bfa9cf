#include "admin/connection.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "admin/head.h"
#include "admin/request_state.h"
#include "base/clock.h"

/* From accept to the last byte of the answer: evhttp's own time-out begins anew at every byte. */
#define DEADLINE (10 * USEC_PER_SEC)

/* How long a connection keeps its place when others want it: until what it has sent is read, and
 * then until an answer of usual size is written. */
#define GRACE (10 * USEC_PER_MSEC)
#define ANSWER_GRACE USEC_PER_SEC

/* … and so many turns of the loop, in which its bytes are read, or written: where this process did
 * not run meanwhile, time alone says nothing about the client. */
#define GRACE_TURNS 4
#define A_MOMENT USEC_PER_MSEC

struct connection {
    struct places *places;
    struct bufferevent *bev;         /* NULL: the place is free */
    struct evhttp_connection *evcon; /* NULL: evhttp is about to make it */
    bufferevent_data_cb read, write; /* evhttp's own */
    bufferevent_event_cb event;
    struct event *turn, *deadline;
    usec_t since; /* when it was accepted */
    int turns;    /* of the loop since then, or since its request was read: GRACE_TURNS at most */
    bool whole;   /* its request has been read */
    bool other, answered;
    struct refusal refusal;
    struct admin_request *request; /* that waits for its answer; or NULL */
};

struct places {
    struct connection all[PLACES];
    size_t taken;
};

/* --- the end ---------------------------------------------------------------------------------- */

static void leave(struct connection *connection)
{
    if (connection->request)
        request_lose(connection->request);
    event_del(connection->turn);
    event_del(connection->deadline);
    connection->bev = NULL;
    connection->evcon = NULL;
    connection->places->taken--;
}

/* Whoever ends it, evhttp tells. */
static void on_close(struct evhttp_connection *evcon, void *arg)
{
    (void)evcon;
    leave(arg);
}

/* --- reading ---------------------------------------------------------------------------------- */

static void give_to_evhttp(struct connection *connection)
{
    bufferevent_setcb(connection->bev, connection->read, connection->write, connection->event,
                      connection->evcon);
    connection->read(connection->bev, connection->evcon);
}

static bool is_method(const struct head *head, const char *method)
{
    return head->method_length == strlen(method) &&
           memcmp(head->method, method, head->method_length) == 0;
}

static void put_in_place(struct evbuffer *input, size_t drop, const char *text)
{
    evbuffer_drain(input, drop);
    evbuffer_prepend(input, text, strlen(text));
}

/* evhttp's own answers to what it does not understand are pages that lack the headers of ours. So
 * it never sees that: it reads a harmless request in its place, and the answer is ours. */
static void refuse(struct connection *connection, struct evbuffer *input, const struct head *head,
                   int status, const char *why)
{
    bool bare = is_method(head, "HEAD");
    connection->refusal = (struct refusal){status, why};
    put_in_place(input, evbuffer_get_length(input),
                 bare ? "HEAD / HTTP/1.1\r\n\r\n" : "GET / HTTP/1.1\r\n\r\n");
}

/* Whether evhttp will take the target. */
static bool is_uri(const struct head *head)
{
    char *text = strndup(head->target, head->target_length);
    struct evhttp_uri *uri =
        text ? evhttp_uri_parse_with_flags(text, EVHTTP_URI_NONCONFORMANT) : NULL;
    const char *scheme = uri ? evhttp_uri_get_scheme(uri) : NULL;
    bool good = uri && (text[0] == '/' ||
                        (scheme && strcasecmp(scheme, "http") == 0 && evhttp_uri_get_host(uri)));
    free(text);
    if (uri)
        evhttp_uri_free(uri);
    return good;
}

/* Methods that redial has no use for may have rules of their own (CONNECT, TRACE): to evhttp they
 * are GET. */
static void judge(struct connection *connection, struct evbuffer *input, const struct head *head)
{
    connection->other =
        !is_method(head, "GET") && !is_method(head, "HEAD") && !is_method(head, "POST");
    if (!is_uri(head) && connection->other)
        refuse(connection, input, head, 405, "this method is unknown here");
    else if (!is_uri(head))
        refuse(connection, input, head, 400, "there is no path to ask for");
    else if (connection->other)
        put_in_place(input, head->method_length, "GET");
}

static void on_read(struct bufferevent *bev, void *arg)
{
    struct connection *connection = arg;
    struct evbuffer *input = bufferevent_get_input(bev);
    size_t length = evbuffer_get_length(input);
    size_t looked = length <= HEAD_MOST ? length : HEAD_MOST + 1;
    const char *bytes = (const char *)evbuffer_pullup(input, (ev_ssize_t)looked);
    const char *why = "there is no memory to read the request";
    struct head head = {0};
    int result = bytes ? head_check(bytes, looked, &head, &why) : -500;
    if (length == 0 || result == 0)
        return;
    if (result > 0)
        judge(connection, input, &head);
    else
        refuse(connection, input, &head, -result, why);
    give_to_evhttp(connection);
}

static void on_write(struct bufferevent *bev, void *arg)
{
    struct connection *connection = arg;
    connection->write(bev, connection->evcon);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
    struct connection *connection = arg;
    connection->event(bev, what, connection->evcon);
}

/* --- the beginning ---------------------------------------------------------------------------- */

/* Finds out which connection evhttp has made with our bufferevent, and goes before it as its
 * reader. Returns false where it could not make one. */
static bool attach(struct connection *connection)
{
    struct bufferevent *bev = connection->bev;
    void *evcon;
    bufferevent_getcb(bev, &connection->read, &connection->write, &connection->event, &evcon);
    if (evcon) {
        connection->evcon = evcon;
        evhttp_connection_set_closecb(evcon, on_close, connection);
        bufferevent_setcb(bev, on_read, on_write, on_event, connection);
    } else {
        leave(connection);
    }
    bufferevent_decref(bev);
    return evcon != NULL;
}

static void drop(struct connection *connection)
{
    if (connection->evcon || attach(connection))
        evhttp_connection_free(connection->evcon);
}

/* Some turns of the loop after the accept, and after the request; and the one after the answer:
 * whatever client and evhttp have agreed on, there is no second request. */
static void on_turn(evutil_socket_t fd, short events, void *arg)
{
    struct connection *connection = arg;
    (void)fd;
    (void)events;
    if (connection->evcon && connection->answered) {
        drop(connection);
        return;
    }
    if ((connection->evcon || attach(connection)) && ++connection->turns < GRACE_TURNS)
        event_active(connection->turn, EV_TIMEOUT, 0);
}

static void on_deadline(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    drop(arg);
}

static void on_complete(struct evhttp_request *http, void *arg)
{
    struct connection *connection = arg;
    (void)http;
    connection->answered = true;
    event_active(connection->turn, EV_TIMEOUT, 0);
}

const struct refusal *connection_begin(struct connection *connection, struct evhttp_request *http)
{
    connection->whole = true;
    connection->turns = 0;
    event_active(connection->turn, EV_TIMEOUT, 0);
    evhttp_request_set_on_complete_cb(http, on_complete, connection);
    return &connection->refusal;
}

struct admin_request **connection_request(struct connection *connection)
{
    return &connection->request;
}

bool connection_is_other(const struct connection *connection)
{
    return connection->other;
}

/* --- places ----------------------------------------------------------------------------------- */

struct places *places_new(struct event_base *base)
{
    struct places *places = calloc(1, sizeof *places);
    for (size_t i = 0; places && i < PLACES; i++) {
        struct connection *connection = &places->all[i];
        connection->places = places;
        connection->turn = event_new(base, -1, 0, on_turn, connection);
        connection->deadline = evtimer_new(base, on_deadline, connection);
        if (!connection->turn || !connection->deadline) {
            places_free(places);
            return NULL;
        }
    }
    return places;
}

void places_free(struct places *places)
{
    for (size_t i = 0; places && i < PLACES; i++) {
        struct connection *connection = &places->all[i];
        if (connection->bev)
            drop(connection);
        if (connection->turn)
            event_free(connection->turn);
        if (connection->deadline)
            event_free(connection->deadline);
    }
    free(places);
}

size_t places_taken(const struct places *places)
{
    return places->taken;
}

/* Who has not said yet what he wants gives way to who may; then who has been served longest. */
static struct connection *least(struct places *places)
{
    struct connection *least = &places->all[0];
    for (size_t i = 1; i < PLACES; i++) {
        struct connection *other = &places->all[i];
        if (other->whole == least->whole ? other->since < least->since : least->whole)
            least = other;
    }
    return least;
}

usec_t places_wait(struct places *places)
{
    if (places->taken < PLACES)
        return 0;
    const struct connection *next = least(places);
    usec_t wait = next->since + (next->whole ? ANSWER_GRACE : GRACE) - clock_now();
    if (next->turns < GRACE_TURNS && wait < A_MOMENT)
        return A_MOMENT;
    return wait > 0 ? wait : 0;
}

static struct connection *free_place(struct places *places)
{
    for (size_t i = 0; i < PLACES; i++)
        if (!places->all[i].bev)
            return &places->all[i];
    return NULL;
}

struct bufferevent *places_take(struct event_base *base, void *arg)
{
    struct places *places = arg;
    struct timeval deadline = clock_timeval(DEADLINE);
    if (places->taken == PLACES)
        drop(least(places));
    struct connection *connection = free_place(places);
    /* Not BEV_OPT_CLOSE_ON_FREE: evhttp would shut down a descriptor that is closed already, and
     * that a worker thread may have got anew in between. */
    struct bufferevent *bev = bufferevent_socket_new(base, -1, 0);
    if (!bev || event_add(connection->deadline, &deadline) < 0) {
        if (bev)
            bufferevent_free(bev);
        return NULL;
    }
    bufferevent_setwatermark(bev, EV_READ, 0, HEAD_MOST + HEAD_BODY_MOST);
    bufferevent_incref(bev); /* until attach(): evhttp may fail to use it, and frees it then */
    connection->bev = bev;
    connection->since = clock_now();
    connection->turns = 0;
    connection->whole = connection->other = connection->answered = false;
    connection->refusal = (struct refusal){0};
    places->taken++;
    event_active(connection->turn, EV_TIMEOUT, 0);
    return bev;
}

struct connection *places_find(struct places *places, const struct evhttp_connection *evcon)
{
    for (size_t i = 0; i < PLACES; i++)
        if (places->all[i].bev && places->all[i].evcon == evcon)
            return &places->all[i];
    return NULL;
}
