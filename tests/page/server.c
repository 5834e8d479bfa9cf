/* page-server: stands in for redial's admin listener. It serves the page as it is built into the
 * program, and as /status a file of JSON, read anew at each question, so that a test changes what
 * the page sees by renaming another file over it. See usage(). */
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "admin/page.h"

static const char *status_path;
static double started; /* in seconds of the monotonic clock */

static void usage(void)
{
    fputs(
        "usage: page-server PORT FILE\n"
        "    serves 127.0.0.1:PORT. Of FILE these are made to move: now and uptime; opened, by "
        "the\n"
        "    upstream's \"grow\" a second (and by \"wave\" up and down); connect_time by "
        "\"sway\";\n"
        "    due_in and back_in, which run down and begin again, where \"live\" is true, and the\n"
        "    time of the last answer with them.\n"
        "    No FILE: 503.\n",
        stderr);
    exit(2);
}

static double monotonic(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* --- what moves --------------------------------------------------------------------------------
 */

static json_t *time_text(double before_now)
{
    struct timespec now;
    struct tm parts;
    char text[32], whole[40];
    clock_gettime(CLOCK_REALTIME, &now);
    double moment = (double)now.tv_sec + (double)now.tv_nsec / 1e9 - before_now;
    time_t second = (time_t)moment;
    gmtime_r(&second, &parts);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(whole, sizeof whole, "%s.%03dZ", text, (int)((moment - (double)second) * 1000));
    return json_string(whole);
}

/* `span` runs down to nothing from what it was, over and over. */
static void run_down(json_t *object, const char *name, double span, double uptime)
{
    if (json_is_number(json_object_get(object, name)) && span > 0)
        json_object_set_new(object, name, json_real(span - fmod(uptime, span)));
}

static void run_down_all(json_t *upstream, double uptime)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(upstream, "endpoints"), i, item)
        run_down(item, "back_in", json_number_value(json_object_get(item, "back_in")), uptime);
    json_array_foreach(json_object_get(upstream, "questions"), i, item) {
        json_t *last = json_object_get(item, "last"), *due = json_object_get(item, "due_in");
        double wait = json_number_value(json_object_get(last, "wait"));
        run_down(item, "due_in", wait, uptime + wait - json_number_value(due));
        due = json_object_get(item, "due_in");
        if (json_is_object(last))
            json_object_set_new(last, "time", time_text(wait - json_number_value(due)));
    }
}

static void grow(json_t *upstream, double uptime)
{
    json_t *connections = json_object_get(upstream, "connections");
    double opened = json_number_value(json_object_get(connections, "opened"));
    double wave = json_number_value(json_object_get(upstream, "wave"));
    opened += uptime * json_number_value(json_object_get(upstream, "grow"));
    opened += wave * 7 * sin(uptime / 7) + wave * 2 * sin(uptime / 2.3);
    json_object_set_new(connections, "opened", json_integer((json_int_t)opened));
    double sway = json_number_value(json_object_get(upstream, "sway"));
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(upstream, "connect_time"), name, value)
        if (json_is_real(value))
            json_real_set(value,
                          json_real_value(value) * (1 + sway * sin(uptime / 11) * sin(uptime / 3)));
}

static char *status_text(void)
{
    json_t *status = json_load_file(status_path, 0, NULL);
    if (status == NULL)
        return NULL;
    double uptime = monotonic() - started;
    size_t i;
    json_t *upstream;
    json_object_set_new(status, "now", time_text(0));
    json_object_set_new(status, "uptime",
                        json_real(json_number_value(json_object_get(status, "uptime")) + uptime));
    json_array_foreach(json_object_get(status, "upstreams"), i, upstream) {
        grow(upstream, uptime);
        if (json_is_true(json_object_get(status, "live")))
            run_down_all(upstream, uptime);
    }
    char *text = json_dumps(status, JSON_COMPACT);
    json_decref(status);
    return text;
}

/* --- answers ------------------------------------------------------------------------------------
 */

static void add_headers(struct evhttp_request *request, const char *type)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    evhttp_add_header(headers, "Content-Type", type);
    evhttp_add_header(headers, "Cache-Control", "no-store");
    evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
}

static void answer_page(struct evhttp_request *request, void *unused)
{
    (void)unused;
    add_headers(request, "text/html; charset=utf-8");
    evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Security-Policy",
                      page_policy);
    evbuffer_add_reference(evhttp_request_get_output_buffer(request), page_bytes, page_size, NULL,
                           NULL);
    evhttp_send_reply(request, HTTP_OK, "OK", NULL);
}

static void answer_status(struct evhttp_request *request, void *unused)
{
    (void)unused;
    char *text = status_text();
    if (text == NULL) {
        evhttp_send_error(request, HTTP_SERVUNAVAIL, "Service Unavailable");
        return;
    }
    add_headers(request, "application/json");
    evbuffer_add(evhttp_request_get_output_buffer(request), text, strlen(text));
    evhttp_send_reply(request, HTTP_OK, "OK", NULL);
    free(text);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        usage();
    status_path = argv[2];
    started = monotonic();
    struct event_base *base = event_base_new();
    struct evhttp *http = base == NULL ? NULL : evhttp_new(base);
    if (http == NULL || evhttp_set_cb(http, "/", answer_page, NULL) != 0 ||
        evhttp_set_cb(http, "/status", answer_status, NULL) != 0 ||
        evhttp_bind_socket(http, "127.0.0.1", (ev_uint16_t)atoi(argv[1])) != 0) {
        perror("page-server");
        return 1;
    }
    puts("ready");
    fflush(stdout);
    return event_base_dispatch(base) < 0;
}
