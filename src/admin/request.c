#include "admin/request.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/request_state.h"
#include "base/utf8.h"

#define LINE_MOST 1024 /* of admin_reply_line() */

/* On every answer: it is of this moment, it is what it says it is, and no other site's page may
 * have it. One request a connection: nothing can hide behind another. */
static const struct {
    const char *name, *value;
} always[] = {
    {"Cache-Control", "no-store"},
    {"X-Content-Type-Options", "nosniff"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Connection", "close"},
};

/* --- life ------------------------------------------------------------------------------------- */

struct admin_request *request_new(struct evhttp_request *http, struct admin_request **place)
{
    struct admin_request *request = calloc(1, sizeof *request);
    if (!request)
        return NULL;
    /* A query that cannot be read has no parameters. */
    const char *query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(http));
    if (evhttp_parse_query_str(query ? query : "", &request->parameters) < 0)
        evhttp_clear_headers(&request->parameters);
    request->http = http;
    request->place = place;
    *place = request;
    return request;
}

void request_lose(struct admin_request *request)
{
    /* Where evhttp has let go of it, it is for us to free; otherwise it goes with its connection.
     */
    if (!evhttp_request_get_connection(request->http))
        evhttp_request_free(request->http);
    request->http = NULL;
    *request->place = NULL;
}

static void request_end(struct admin_request *request)
{
    if (request->http)
        *request->place = NULL;
    evhttp_clear_headers(&request->parameters);
    free(request);
}

/* --- asking ----------------------------------------------------------------------------------- */

static bool is_printable(const char *text)
{
    size_t length = 1;
    for (; *text && length > 0; text += length)
        length = utf8_printable(text);
    return length > 0;
}

const char *admin_request_parameter(const struct admin_request *request, const char *name)
{
    const char *value = NULL;
    for (const struct evkeyval *pair = request->parameters.tqh_first; pair;
         pair = pair->next.tqe_next) {
        if (strcmp(pair->key, name) != 0)
            continue;
        if (value)
            return NULL;
        value = pair->value;
    }
    return value && is_printable(value) ? value : NULL;
}

/* --- answering -------------------------------------------------------------------------------- */

void admin_request_header(struct admin_request *request, const char *name, const char *value)
{
    if (request->http)
        evhttp_add_header(evhttp_request_get_output_headers(request->http), name, value);
}

/* Of those that evhttp knows no words for. */
static const char *reason_of(int status)
{
    switch (status) {
    case 422:
        return "Unprocessable Content";
    case 431:
        return "Request Header Fields Too Large";
    default:
        return NULL;
    }
}

static void add_headers(struct admin_request *request, const char *type, size_t size)
{
    char length[32];
    snprintf(length, sizeof length, "%zu", size);
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        admin_request_header(request, always[i].name, always[i].value);
    admin_request_header(request, "Content-Type", type);
    admin_request_header(request, "Content-Length", length);
}

static void send_answer(struct admin_request *request, int status, const char *type,
                        struct evbuffer *body)
{
    bool bare = evhttp_request_get_command(request->http) == EVHTTP_REQ_HEAD;
    struct evhttp_connection *connection = evhttp_request_get_connection(request->http);
    add_headers(request, type, evbuffer_get_length(body));
    evhttp_send_reply(request->http, status, reason_of(status), bare ? NULL : body);
    /* evhttp would go on reading, to see the client go: without an end to what it keeps, and the
     * end of a client that has said all and waits for the answer would cut that off. */
    bufferevent_disable(evhttp_connection_get_bufferevent(connection), EV_READ);
}

void admin_reply_buffer(struct admin_request *request, int status, const char *type,
                        struct evbuffer *body)
{
    if (evbuffer_get_length(body) > ADMIN_ANSWER_MOST) {
        evbuffer_drain(body, evbuffer_get_length(body));
        admin_reply_line(request, 500, "the answer would be larger than %zu MiB: ask for less",
                         ADMIN_ANSWER_MOST >> 20);
        return;
    }
    if (request->http)
        send_answer(request, status, type, body);
    evbuffer_drain(body, evbuffer_get_length(body));
    request_end(request);
}

void admin_reply(struct admin_request *request, int status, const char *type, const void *bytes,
                 size_t size)
{
    struct evbuffer *body = evbuffer_new();
    if (body && evbuffer_add(body, bytes, size) == 0) {
        admin_reply_buffer(request, status, type, body);
    } else {
        if (request->http)
            evhttp_connection_free(evhttp_request_get_connection(request->http));
        request_end(request);
    }
    if (body)
        evbuffer_free(body);
}

void admin_reply_line(struct admin_request *request, int status, const char *format, ...)
{
    char line[LINE_MOST];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    size_t length = strlen(line);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 127)
            line[i] = '?';
    line[length] = '\n';
    admin_reply(request, status, ADMIN_TEXT, line, length + 1);
}
