/* A client of the admin interface, over a real socket. The first byte says which way it comes and
 * what it does at the end, the second in what pieces the rest is sent. */
#include "admin/http.h"

#include <event2/event.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "admin/head.h"
#include "base/utf8.h"
#include "input.h"
#include "target.h"

/* Turns of the loop in which whatever can be done is done. */
#define TURNS 32

enum flag { OVER_TCP = 1, HALF_CLOSE = 2, LEAVE_EARLY = 4 };

static struct event_base *base;
static struct admin_http *http;
static struct {
    struct sockaddr_un name;
    socklen_t length;
} doors[2];
static bool over_tcp;
static size_t handled;

/* --- the server ------------------------------------------------------------------------------- */

static void get_name(struct admin_request *request, void *context)
{
    const char *name = admin_request_parameter(request, "name");
    (void)context;
    handled++;
    for (size_t length = 0; name && *name; name += length)
        expect((length = utf8_printable(name)) > 0);
    admin_reply_line(request, name ? 200 : 400, "%s", name ? "named" : "say ?name=NAME");
}

static void post_do(struct admin_request *request, void *context)
{
    (void)context;
    expect(!over_tcp);
    handled++;
    admin_reply_line(request, 202, "done");
}

static const struct admin_route routes[] = {
    {"/", ADMIN_GET, get_name}, {"/name", ADMIN_GET, get_name}, {"/do", ADMIN_POST, post_do}};

/* What counts as TCP is a Unix socket too: of those there is no lack, however many come. */
static int open_door(size_t index)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    doors[index].name.sun_family = AF_UNIX;
    doors[index].length = sizeof doors[index].name;
    struct sockaddr *name = (struct sockaddr *)&doors[index].name;
    expect(bind(fd, name, sizeof(sa_family_t)) == 0 && listen(fd, 16) == 0);
    expect(getsockname(fd, name, &doors[index].length) == 0);
    return fd;
}

static void start(void)
{
    signal(SIGPIPE, SIG_IGN);
    base = event_base_new();
    struct admin_listener listeners[] = {{open_door(0), false}, {open_door(1), true}};
    expect(base);
    expect(admin_http_new(base, listeners, 2, routes, COUNT_OF(routes), NULL, &http) == 0);
}

static void turn(void)
{
    for (int i = 0; i < TURNS && admin_http_connections(http) > 0; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
}

/* --- the client ------------------------------------------------------------------------------- */

static int enter(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    expect(connect(fd, (struct sockaddr *)&doors[over_tcp].name, doors[over_tcp].length) == 0);
    for (int i = 0; i < TURNS && admin_http_connections(http) == 0; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
    expect(admin_http_connections(http) == 1);
    return fd;
}

static void say(int fd, struct input words, size_t piece)
{
    while (words.left > 0) {
        struct input part = input_piece(&words, piece);
        if (send(fd, part.at, part.left, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)part.left)
            return;
        for (int i = 0; i < 3; i++)
            event_base_loop(base, EVLOOP_NONBLOCK);
    }
}

static size_t hear(int fd, char *answer, size_t size)
{
    size_t length = 0;
    ssize_t got;
    while (length < size - 1 &&
           (got = recv(fd, answer + length, size - 1 - length, MSG_DONTWAIT)) > 0)
        length += (size_t)got;
    answer[length] = '\0';
    return length;
}

/* --- what must be ----------------------------------------------------------------------------- */

static void check_answer(const char *answer, size_t length, int fault, const struct head *head)
{
    static const char *const always[] = {"\r\nCache-Control: no-store\r\n",
                                         "\r\nX-Content-Type-Options: nosniff\r\n",
                                         "\r\nCross-Origin-Resource-Policy: same-origin\r\n",
                                         "\r\nContent-Type: text/plain; charset=utf-8\r\n"};
    const char *go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    if (strncmp(answer, go_on, strlen(go_on)) == 0) {
        answer += strlen(go_on);
        length -= strlen(go_on);
    }
    if (length == 0)
        return;
    expect(strlen(answer) == length && strncmp(answer, "HTTP/1.", 7) == 0);
    const char *end = strstr(answer, "\r\n\r\n"), *size = strstr(answer, "\r\nContent-Length: ");
    expect(end && size && size < end);
    for (size_t i = 0; i < COUNT_OF(always); i++)
        expect(strstr(answer, always[i]) && strstr(answer, always[i]) < end);
    size_t body = length - (size_t)(end + 4 - answer);
    bool bare = head->method_length == 4 && memcmp(head->method, "HEAD", 4) == 0;
    expect(body == (bare ? 0 : (size_t)atoi(size + 18)));
    expect(body == 0 || end[4 + body - 1] == '\n');
    if (fault < 0)
        expect(atoi(answer + 9) == -fault);
}

static void visit(unsigned flags, struct input words, size_t piece)
{
    static char answer[1 << 16];
    struct head head;
    const char *why;
    int fault = head_check((const char *)words.at, words.left, &head, &why);
    int fd = enter();
    say(fd, words, piece);
    if (flags & LEAVE_EARLY) {
        close(fd);
        turn();
        expect(admin_http_connections(http) == 0);
        return;
    }
    if (flags & HALF_CLOSE)
        shutdown(fd, SHUT_WR);
    turn();
    size_t length = hear(fd, answer, sizeof answer);
    /* Either all of it is answered, or more of it is to come. */
    if (admin_http_connections(http) > 0) {
        expect(!(flags & HALF_CLOSE) && fault >= 0 && handled == 0);
    } else {
        expect(fault >= 0 || length > 0);
        check_answer(answer, length, fault < 0 ? fault : 0, &head);
    }
    close(fd);
    turn();
    expect(admin_http_connections(http) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    unsigned flags = input_byte(&input);
    size_t piece = input_byte(&input);
    if (!http)
        start();
    over_tcp = flags & OVER_TCP;
    handled = 0;
    visit(flags, input, piece == 0 || input.left > 64 * piece ? input.left : piece);
    expect(handled <= 1);
    return 0;
}
