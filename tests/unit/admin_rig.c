#include "admin_rig.h"

#include <check.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "loopback.h"

/* Less than that after which the server drops who is slow. */
#define PATIENCE (8 * USEC_PER_SEC)

struct rig rig;

static struct event *tick;
static struct address address;
static struct sockaddr_un name;
static socklen_t name_length;
static char *heard;

/* --- routes ----------------------------------------------------------------------------------- */

static void count(void *context)
{
    ck_assert_ptr_eq(context, &rig);
    rig.handled++;
}

static void get_page(struct admin_request *request, void *context)
{
    count(context);
    admin_request_header(request, "Content-Security-Policy", "default-src 'none'");
    admin_reply(request, 200, ADMIN_HTML, "<p>", 3);
}

static void get_hello(struct admin_request *request, void *context)
{
    count(context);
    admin_reply_line(request, 200, "hello");
}

static void get_name(struct admin_request *request, void *context)
{
    const char *value = admin_request_parameter(request, "name");
    count(context);
    if (value)
        admin_reply_line(request, 200, "<%s>", value);
    else
        admin_reply_line(request, 400, "say ?name=NAME, once");
}

static void get_later(struct admin_request *request, void *context)
{
    count(context);
    ck_assert_ptr_null(rig.waiting);
    rig.waiting = request;
}

static void reply_bytes(struct admin_request *request, size_t size)
{
    struct evbuffer *body = evbuffer_new();
    char *bytes = malloc(size);
    ck_assert(body && bytes);
    memset(bytes, 'x', size);
    evbuffer_add(body, bytes, size);
    free(bytes);
    admin_reply_buffer(request, 200, ADMIN_TEXT, body);
    ck_assert_uint_eq(evbuffer_get_length(body), 0);
    evbuffer_free(body);
}

static void get_big(struct admin_request *request, void *context)
{
    count(context);
    reply_bytes(request, RIG_BIG);
}

static void get_huge(struct admin_request *request, void *context)
{
    count(context);
    reply_bytes(request, ADMIN_ANSWER_MOST + 1);
}

static void get_lines(struct admin_request *request, void *context)
{
    char text[4096];
    count(context);
    memset(text, 'x', sizeof text);
    memcpy(text, "a\r\nb", 4);
    text[sizeof text - 1] = '\0';
    admin_reply_line(request, 422, "%s", text);
}

static void post_do(struct admin_request *request, void *context)
{
    count(context);
    admin_reply_line(request, 202, "done");
}

static const struct admin_route routes[] = {
    {"/", ADMIN_GET, get_page},       {"/hello", ADMIN_GET, get_hello},
    {"/both", ADMIN_GET, get_hello},  {"/both", ADMIN_POST, post_do},
    {"/name", ADMIN_GET, get_name},   {"/later", ADMIN_GET, get_later},
    {"/big", ADMIN_GET, get_big},     {"/huge", ADMIN_GET, get_huge},
    {"/lines", ADMIN_GET, get_lines}, {"/do", ADMIN_POST, post_do},
};

/* --- life ------------------------------------------------------------------------------------- */

static void on_tick(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    (void)arg;
}

/* A name that the kernel chooses: unix(7), "autobind". */
static int listen_unix(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    name = (struct sockaddr_un){.sun_family = AF_UNIX};
    name_length = sizeof name;
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&name, sizeof(sa_family_t)), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&name, &name_length), 0);
    ck_assert_int_eq(listen(fd, SOMAXCONN), 0);
    return fd;
}

static struct event_base *new_base(void)
{
    struct event_config *config = event_config_new();
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    struct event_base *base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

void rig_start(void)
{
    const struct timeval wait = {.tv_usec = 5000};
    signal(SIGPIPE, SIG_IGN);
    rig = (struct rig){.base = new_base()};
    tick = event_new(rig.base, -1, EV_PERSIST, on_tick, NULL);
    event_add(tick, &wait);
    rig.listeners[RIG_UNIX] = (struct admin_listener){.fd = listen_unix(), .tcp = false};
    rig.listeners[RIG_TCP] = (struct admin_listener){.fd = loopback_listen(&address), .tcp = true};
    ck_assert_int_eq(admin_http_new(rig.base, rig.listeners, 2, routes,
                                    sizeof routes / sizeof *routes, &rig, &rig.http),
                     0);
}

void rig_stop(void)
{
    admin_http_free(rig.http);
    if (rig.waiting)
        rig_answer();
    event_free(tick);
    event_base_free(rig.base);
    close(rig.listeners[RIG_UNIX].fd);
    close(rig.listeners[RIG_TCP].fd);
    free(heard);
    heard = NULL;
    libevent_global_shutdown();
}

void rig_turn(void)
{
    event_base_loop(rig.base, EVLOOP_ONCE);
}

void rig_await(size_t connections)
{
    usec_t end = clock_now() + PATIENCE;
    while (admin_http_connections(rig.http) != connections) {
        ck_assert_msg(clock_now() < end, "%zu connections are open",
                      admin_http_connections(rig.http));
        rig_turn();
    }
}

void rig_answer(void)
{
    struct admin_request *request = rig.waiting;
    ck_assert_ptr_nonnull(request);
    rig.waiting = NULL;
    admin_reply_line(request, 200, "at last");
}

/* --- a client --------------------------------------------------------------------------------- */

int rig_connect(enum rig_door door)
{
    bool is_unix = door == RIG_UNIX;
    const struct sockaddr *to = is_unix ? (const struct sockaddr *)&name : &address.sa;
    int fd = socket(is_unix ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    usec_t end = clock_now() + PATIENCE;
    ck_assert_int_ge(fd, 0);
    while (connect(fd, to, is_unix ? name_length : address_length(&address)) < 0 &&
           errno != EISCONN) {
        ck_assert_msg(errno == EINPROGRESS || errno == EALREADY || errno == EAGAIN, "%s",
                      strerror(errno));
        ck_assert(clock_now() < end);
        rig_turn();
    }
    return fd;
}

size_t rig_send(int fd, const void *bytes, size_t length)
{
    usec_t end = clock_now() + PATIENCE;
    size_t sent = 0;
    while (sent < length) {
        ssize_t result = send(fd, (const char *)bytes + sent, length - sent, MSG_NOSIGNAL);
        if (result < 0 && errno != EAGAIN)
            break;
        sent += result > 0 ? (size_t)result : 0;
        ck_assert(clock_now() < end);
        if (result < 0)
            rig_turn();
    }
    return sent;
}

size_t rig_say(int fd, const char *text)
{
    return rig_send(fd, text, strlen(text));
}

const char *rig_hear(int fd, size_t *ret_length)
{
    usec_t end = clock_now() + PATIENCE;
    size_t length = 0, size = 1 << 16;
    heard = realloc(heard, size);
    for (;;) {
        ssize_t got = recv(fd, heard + length, size - length - 1, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN))
            break;
        if (got > 0) {
            length += (size_t)got;
            end = clock_now() + PATIENCE;
        }
        if (size - length < 1 << 15)
            heard = realloc(heard, size *= 2);
        ck_assert_msg(clock_now() < end, "no end came behind %zu bytes: %.200s", length, heard);
        if (got < 0)
            rig_turn();
    }
    heard[length] = '\0';
    if (ret_length)
        *ret_length = length;
    close(fd);
    return heard;
}

const char *rig_ask(enum rig_door door, const char *request)
{
    int fd = rig_connect(door);
    rig_say(fd, request);
    return rig_hear(fd, NULL);
}

const char *rig_get(enum rig_door door, const char *first_words)
{
    char text[1024];
    snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: localhost\r\n\r\n", first_words);
    return rig_ask(door, text);
}

/* --- answers ---------------------------------------------------------------------------------- */

const char *rig_body(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");
    ck_assert_msg(end != NULL, "no answer: <%.200s>", answer);
    return end + 4;
}

void ck_answer(const char *answer, int status)
{
    static const char *const always[] = {"\r\nCache-Control: no-store\r\n",
                                         "\r\nX-Content-Type-Options: nosniff\r\n",
                                         "\r\nCross-Origin-Resource-Policy: same-origin\r\n",
                                         "\r\nContent-Type: ", "\r\nContent-Length: "};
    char first[32];
    snprintf(first, sizeof first, " %d ", status);
    ck_assert_msg(strncmp(answer, "HTTP/1.", 7) == 0 && strncmp(answer + 8, first, 5) == 0,
                  "not %d: <%.200s>", status, answer);
    for (size_t i = 0; i < sizeof always / sizeof *always; i++) {
        const char *found = strstr(answer, always[i]);
        ck_assert_msg(found && found < rig_body(answer), "without %s: <%.300s>", always[i], answer);
    }
    if (status >= 400) {
        const char *body = rig_body(answer);
        ck_assert(strstr(answer, "\r\nContent-Type: text/plain; charset=utf-8\r\n") != NULL);
        ck_assert_msg(*body == '\0' || strchr(body, '\n') == body + strlen(body) - 1,
                      "not one line: <%s>", body);
    }
}
