#include "ctl/http.h"

#include <config.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD_MOST (16u << 10)

enum phase { CONNECTING, SENDING, READING_HEAD, READING_BODY, ENDED };

struct http {
    const struct place *place;
    struct addrinfo *addresses, *next; /* the next one to try */
    enum phase phase;
    int fd;
    int error; /* why the last address, or all of it, failed */
    struct text request;
    size_t sent;
    struct text head;
    size_t length; /* of the body, as announced; SIZE_MAX: up to the end */
    struct http_reply reply;
};

/* --- connecting ------------------------------------------------------------------------------ */

static int fail(struct http *http, int error)
{
    http->phase = ENDED;
    return http->error = error;
}

static void close_socket(struct http *http)
{
    if (http->fd >= 0)
        close(http->fd);
    http->fd = -1;
}

/* Begins with the next address; without any left, all of it has failed by the last one's error. */
static int try_next(struct http *http)
{
    close_socket(http);
    for (struct addrinfo *at; (at = http->next);) {
        http->next = at->ai_next;
        http->fd = socket(at->ai_family, at->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (http->fd >= 0 && connect(http->fd, at->ai_addr, at->ai_addrlen) == 0) {
            http->phase = SENDING;
            return 0;
        }
        /* EAGAIN of a Unix socket: its queue is full, and nothing would say when it is not. */
        http->error = errno == EAGAIN ? -ETIMEDOUT : -errno;
        if (http->fd >= 0 && errno == EINPROGRESS)
            return -EAGAIN;
        close_socket(http);
    }
    return fail(http, http->error);
}

static int finish_connect(struct http *http)
{
    int error = 0;
    socklen_t length = sizeof error;
    struct pollfd ready = {.fd = http->fd, .events = POLLOUT};
    if (http->fd < 0)
        return try_next(http);
    if (poll(&ready, 1, 0) == 0)
        return -EAGAIN;
    if (getsockopt(http->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
        error = errno;
    if (error == 0) {
        http->phase = SENDING;
        return 0;
    }
    http->error = -error;
    return try_next(http);
}

static int send_request(struct http *http)
{
    while (http->sent < http->request.length) {
        ssize_t sent = send(http->fd, http->request.bytes + http->sent,
                            http->request.length - http->sent, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return errno == EAGAIN ? -EAGAIN : fail(http, -errno);
        http->sent += (size_t)sent;
    }
    http->phase = READING_HEAD;
    return 0;
}

/* --- the answer ------------------------------------------------------------------------------ */

/* `HTTP/1.1 200 OK` (RFC 1945 §6.1) */
static int parse_status(const char *line)
{
    if (strncmp(line, "HTTP/1.", 7) != 0 || !strchr("01", line[7]) || line[8] != ' ')
        return -EBADMSG;
    const char *digits = line + 9;
    if (strspn(digits, "0123456789") != 3 || !strchr(" \r\n", digits[3]))
        return -EBADMSG;
    return (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
}

static int parse_length(const char *value, size_t *ret_length)
{
    char *end;
    value += strspn(value, " \t");
    errno = 0;
    unsigned long long length = strtoull(value, &end, 10);
    if (*value < '0' || *value > '9' || errno != 0 || end[strspn(end, " \t\r")] != '\0')
        return -EBADMSG;
    if (length > HTTP_BODY_MOST)
        return -EMSGSIZE;
    *ret_length = (size_t)length;
    return 0;
}

/* A media type (RFC 1945 §3.6), whatever its parameters. */
static bool is_plain_text(const char *value)
{
    value += strspn(value, " \t");
    return strncasecmp(value, "text/plain", 10) == 0 && strchr("; \t\r", value[10]);
}

/* The head is whole, and a string. Nothing of HTTP/1.1 that changes how the body is read was asked
 * for. */
static int parse_head(struct http *http)
{
    char *rest = http->head.bytes;
    char *line = strsep(&rest, "\n");
    int status = parse_status(line), result = 0;
    if (status < 100)
        return -EBADMSG;
    http->reply.status = status;
    http->length = SIZE_MAX;
    while (result == 0 && (line = strsep(&rest, "\n"))) {
        if (strncasecmp(line, "Content-Length:", 15) == 0)
            result = parse_length(line + 15, &http->length);
        else if (strncasecmp(line, "Content-Type:", 13) == 0)
            http->reply.plain = is_plain_text(line + 13);
        else if (strncasecmp(line, "Transfer-Encoding:", 18) == 0)
            result = -EBADMSG;
    }
    return result;
}

static int take_body(struct http *http, const char *bytes, size_t count)
{
    struct text *body = &http->reply.body;
    size_t room = http->length - body->length;
    text_bytes(body, bytes, count < room ? count : room);
    return body->length > HTTP_BODY_MOST ? -EMSGSIZE : 0;
}

/* Where the head ends: behind the first empty line. 0: not yet. */
static size_t head_end(const struct text *head)
{
    const char *crlf = memmem(head->bytes, head->length, "\r\n\r\n", 4);
    const char *plain = memmem(head->bytes, head->length, "\n\n", 2);
    if (crlf && (!plain || crlf < plain))
        return (size_t)(crlf - head->bytes) + 4;
    return plain ? (size_t)(plain - head->bytes) + 2 : 0;
}

static int take_head(struct http *http, const char *bytes, size_t count)
{
    text_bytes(&http->head, bytes, count);
    size_t begin = http->head.length < 5 ? http->head.length : 5;
    if (memcmp(http->head.bytes, "HTTP/", begin) != 0)
        return -EBADMSG;
    size_t end = head_end(&http->head);
    if (end == 0)
        return http->head.length > HEAD_MOST ? -EBADMSG : 0;
    if (end > HEAD_MOST || memchr(http->head.bytes, '\0', end))
        return -EBADMSG;
    struct text all = http->head;
    http->head = (struct text){0};
    text_bytes(&http->head, all.bytes, end);
    http->phase = READING_BODY;
    int result = parse_head(http);
    if (result == 0)
        result = take_body(http, all.bytes + end, all.length - end);
    text_clear(&all);
    return result;
}

static bool is_whole(const struct http *http)
{
    return http->phase == READING_BODY && http->reply.body.length == http->length;
}

static int take_end(struct http *http)
{
    if (http->phase == READING_BODY && http->length == SIZE_MAX) {
        http->length = http->reply.body.length;
        return 0;
    }
    return -EPIPE;
}

static int receive(struct http *http)
{
    char bytes[16384];
    while (!is_whole(http)) {
        ssize_t count = recv(http->fd, bytes, sizeof bytes, 0);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0 && errno == EAGAIN)
            return -EAGAIN;
        int result = count < 0                     ? -errno
                     : count == 0                  ? take_end(http)
                     : http->phase == READING_HEAD ? take_head(http, bytes, (size_t)count)
                                                   : take_body(http, bytes, (size_t)count);
        if (result < 0)
            return fail(http, result);
        if (count > 0 && !is_whole(http))
            return 0; /* whoever waits looks at the clock, however fast it comes */
    }
    http->phase = ENDED;
    return http->error = 0;
}

/* --- the whole ---------------------------------------------------------------------------------
 */

struct http *http_start(const struct place *place, const char *method, const char *target)
{
    struct http *http = calloc(1, sizeof *http);
    if (!http)
        return NULL;
    http->place = place;
    http->fd = -1;
    http->error = place_addresses(place, &http->addresses);
    http->next = http->addresses;
    bool bare = place->path || strchr(place->host, ':');
    text_add(&http->request,
             "%s %s HTTP/1.0\r\nHost: %s%s%s%s%s\r\nUser-Agent: redialctl/" PACKAGE_VERSION "\r\n"
             "%sConnection: close\r\n\r\n",
             method, target, bare && !place->path ? "[" : "",
             place->path ? "localhost" : place->host, bare && !place->path ? "]" : "",
             place->path ? "" : ":", place->path ? "" : place->port,
             strcmp(method, "POST") == 0 ? "Content-Length: 0\r\n" : "");
    return http;
}

int http_fd(const struct http *http)
{
    return http->fd;
}

short http_events(const struct http *http)
{
    return http->phase <= SENDING ? POLLOUT : POLLIN;
}

int http_step(struct http *http)
{
    for (;;) {
        int result = 0;
        switch (http->phase) {
        case CONNECTING:
            result = finish_connect(http);
            break;
        case SENDING:
            result = send_request(http);
            break;
        case READING_HEAD:
        case READING_BODY:
            result = receive(http);
            return result == 0 && http->phase != ENDED ? -EAGAIN : result;
        case ENDED:
            return http->error;
        }
        if (result < 0)
            return result;
    }
}

struct http_reply http_take(struct http *http)
{
    struct http_reply reply = http->reply;
    http->reply.body = (struct text){0};
    return reply;
}

void http_free(struct http *http)
{
    if (!http)
        return;
    close_socket(http);
    place_free_addresses(http->place, http->addresses);
    text_clear(&http->request);
    text_clear(&http->head);
    text_clear(&http->reply.body);
    free(http);
}

int http_ask(const struct place *place, const char *method, const char *target, usec_t timeout,
             struct http_reply *ret_reply)
{
    struct http *http = http_start(place, method, target);
    usec_t until = clock_now() + timeout;
    int result;
    if (!http)
        return -ENOMEM;
    while ((result = http_step(http)) == -EAGAIN) {
        usec_t left = until - clock_now();
        struct pollfd ready = {.fd = http_fd(http), .events = http_events(http)};
        if (left <= 0) {
            result = -ETIMEDOUT;
            break;
        }
        poll(&ready, 1, (int)(left / USEC_PER_MSEC) + 1);
    }
    if (result == 0)
        *ret_reply = http_take(http);
    http_free(http);
    return result;
}
