#include "peer_conn.h"

#include "die.h"
#include "pattern.h"

#include <errno.h>
#include <event2/buffer.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CONN_READ_SIZE = 262144,
    CONN_TURN_MAX = 1048576, /* bytes a connection may move before the others have their turn */
    CONN_QUEUE_MAX = 1048576 /* what an echo holds before it stops reading */
};

struct peer_conn {
    LIST_ENTRY(peer_conn) link;
    struct peer_host *host;
    enum peer_manner manner;
    int fd;
    struct event *read_event;
    struct event *write_event;
    struct event *timer;
    struct evbuffer *out;  /* sent first */
    uint64_t pattern_left; /* then so many bytes of the pattern */
    uint64_t pattern_sent;
    uint64_t received;
    bool ends_after_output;
    bool sent_end;
    bool got_end;
    bool bad;            /* a byte was not the pattern's */
    unsigned head_match; /* bytes of "\r\n\r\n" seen by an HTTP peer */
};

/* Whether the connection lives on. */
enum conn_fate { CONN_LIVES, CONN_GONE };

static void conn_count(struct peer_conn *conn, enum peer_counter counter, uint64_t change)
{
    conn->host->count(conn->host, counter, (int64_t)change);
}

static void conn_free(struct peer_conn *conn)
{
    LIST_REMOVE(conn, link);
    event_free(conn->read_event);
    event_free(conn->write_event);
    event_free(conn->timer);
    evbuffer_free(conn->out);
    close(conn->fd);
    conn->host->count(conn->host, PEER_OPEN, -1);
    free(conn);
}

void peer_conn_reset(struct peer_conn *conn)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    conn_free(conn);
}

void peer_conn_end(struct peer_conn *conn)
{
    shutdown(conn->fd, SHUT_WR);
    conn_free(conn);
}

struct peer_conn *peer_conn_next(struct peer_conn *conn)
{
    return LIST_NEXT(conn, link);
}

/* A send or receive failed for good. */
static enum conn_fate conn_fail(struct peer_conn *conn, int error)
{
    if (error == ECONNRESET || error == EPIPE) {
        conn_count(conn, PEER_RESETS, 1);
    }
    conn_free(conn);
    return CONN_GONE;
}

static bool conn_has_output(const struct peer_conn *conn)
{
    return evbuffer_get_length(conn->out) > 0 || conn->pattern_left > 0 ||
           (conn->ends_after_output && !conn->sent_end);
}

/* Sends one part: how many bytes, or -errno. */
static ssize_t conn_send_part(struct peer_conn *conn)
{
    size_t queued = evbuffer_get_length(conn->out);
    if (queued > 0) {
        size_t part = queued < CONN_READ_SIZE ? queued : CONN_READ_SIZE;
        const void *bytes = evbuffer_pullup(conn->out, (ev_ssize_t)part);
        ssize_t sent = send(conn->fd, bytes, part, MSG_NOSIGNAL);
        if (sent > 0) {
            evbuffer_drain(conn->out, (size_t)sent);
        }
        return sent >= 0 ? sent : -errno;
    }
    size_t part = conn->pattern_left < CONN_READ_SIZE ? (size_t)conn->pattern_left : CONN_READ_SIZE;
    const void *bytes = pattern_view(conn->pattern_sent, &part);
    ssize_t sent = send(conn->fd, bytes, part, MSG_NOSIGNAL);
    if (sent > 0) {
        conn->pattern_sent += (uint64_t)sent;
        conn->pattern_left -= (uint64_t)sent;
    }
    return sent >= 0 ? sent : -errno;
}

static enum conn_fate conn_flush(struct peer_conn *conn)
{
    size_t moved = 0;
    while (moved < CONN_TURN_MAX &&
           (evbuffer_get_length(conn->out) > 0 || conn->pattern_left > 0)) {
        ssize_t sent = conn_send_part(conn);
        if (sent == -EAGAIN) {
            break;
        }
        if (sent < 0) {
            return conn_fail(conn, (int)-sent);
        }
        moved += (size_t)sent;
        conn_count(conn, PEER_SENT, (uint64_t)sent);
    }
    if (evbuffer_get_length(conn->out) == 0 && conn->pattern_left == 0 && conn->ends_after_output &&
        !conn->sent_end) {
        shutdown(conn->fd, SHUT_WR);
        conn->sent_end = true;
    }
    if (conn->sent_end && conn->got_end) {
        conn_free(conn);
        return CONN_GONE;
    }
    if (conn_has_output(conn)) {
        event_add(conn->write_event, NULL);
    }
    if (conn->manner == PEER_ECHO && !conn->got_end &&
        evbuffer_get_length(conn->out) < CONN_QUEUE_MAX) {
        event_add(conn->read_event, NULL);
    }
    return CONN_LIVES;
}

static void conn_answer_http(struct peer_conn *conn, const char *bytes, size_t length)
{
    static const char end[] = "\r\n\r\n";
    const char *id = conn->host->id;
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == end[conn->head_match]) {
            conn->head_match++;
        } else {
            conn->head_match = bytes[i] == '\r';
        }
        if (conn->head_match == 4) {
            conn->head_match = 0;
            evbuffer_add_printf(conn->out,
                                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                                "Content-Length: %zu\r\n\r\n%s\n",
                                strlen(id) + 1, id);
        }
    }
}

static void conn_answer_lines(struct peer_conn *conn, const char *bytes, size_t length)
{
    const char *at = bytes;
    const char *end = bytes + length;
    while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        evbuffer_add_printf(conn->out, "%s\n", conn->host->id);
        at++;
    }
}

static void conn_check(struct peer_conn *conn, const char *bytes, size_t length)
{
    if (!conn->bad && !pattern_matches(conn->received - length, bytes, length)) {
        conn->bad = true;
        conn_count(conn, PEER_BAD, 1);
    }
}

static enum conn_fate conn_take(struct peer_conn *conn, const char *bytes, size_t length)
{
    conn->received += length;
    conn_count(conn, PEER_RECEIVED, length);
    switch (conn->manner) {
    case PEER_IDENTIFY:
        conn_answer_lines(conn, bytes, length);
        break;
    case PEER_HTTP:
        conn_answer_http(conn, bytes, length);
        break;
    case PEER_ECHO:
        evbuffer_add(conn->out, bytes, length);
        if (evbuffer_get_length(conn->out) >= CONN_QUEUE_MAX) {
            event_del(conn->read_event);
        }
        break;
    case PEER_RESET_AFTER:
        if (conn->received >= conn->host->size) {
            peer_conn_reset(conn);
            return CONN_GONE;
        }
        break;
    case PEER_RESET_ON_LINE:
        if (memchr(bytes, '\n', length) != NULL) {
            peer_conn_reset(conn);
            return CONN_GONE;
        }
        break;
    case PEER_SINK:
    case PEER_SLOW_SINK:
    case PEER_SOURCE:
    case PEER_AFTER_END:
    case PEER_END_FIRST:
        conn_check(conn, bytes, length);
        break;
    default:
        break;
    }
    return CONN_LIVES;
}

static enum conn_fate conn_take_end(struct peer_conn *conn)
{
    conn->got_end = true;
    event_del(conn->read_event);
    conn_count(conn, PEER_ENDS, 1);
    switch (conn->manner) {
    case PEER_SINK:
    case PEER_SLOW_SINK:
        evbuffer_add_printf(conn->out, "%llu %s\n", (unsigned long long)conn->received,
                            conn->bad ? "bad" : "ok");
        conn->ends_after_output = true;
        break;
    case PEER_AFTER_END:
        conn->pattern_left = conn->host->size;
        conn->ends_after_output = true;
        break;
    case PEER_TRICKLE:
        break; /* it ends when all is said */
    default:
        conn->ends_after_output = true;
        break;
    }
    return conn_flush(conn);
}

/* Receives at most limit bytes. */
static enum conn_fate conn_receive(struct peer_conn *conn, uint64_t limit)
{
    static _Thread_local char bytes[CONN_READ_SIZE];
    uint64_t moved = 0;
    while (moved < limit) {
        size_t size = limit - moved < sizeof(bytes) ? (size_t)(limit - moved) : sizeof(bytes);
        ssize_t got = recv(conn->fd, bytes, size, 0);
        if (got < 0) {
            return errno == EAGAIN || errno == EINTR ? CONN_LIVES : conn_fail(conn, errno);
        }
        if (got == 0) {
            return conn_take_end(conn);
        }
        moved += (uint64_t)got;
        if (conn_take(conn, bytes, (size_t)got) == CONN_GONE) {
            return CONN_GONE;
        }
        if (evbuffer_get_length(conn->out) > 0 && conn_flush(conn) == CONN_GONE) {
            return CONN_GONE;
        }
        if (evbuffer_get_length(conn->out) >= CONN_QUEUE_MAX || (size_t)got < size) {
            break;
        }
    }
    return CONN_LIVES;
}

static void conn_on_readable(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    conn_receive(context, CONN_TURN_MAX);
}

static void conn_on_writable(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    conn_flush(context);
}

static void conn_set_timer(struct peer_conn *conn)
{
    int ms = conn->host->interval_ms > 0 ? conn->host->interval_ms : 1;
    struct timeval delay = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
    event_add(conn->timer, &delay);
}

static void conn_on_timer(evutil_socket_t fd, short what, void *context)
{
    struct peer_conn *conn = context;
    (void)fd;
    (void)what;
    if (conn->manner == PEER_SLOW_SINK) {
        if (conn_receive(conn, conn->host->size) == CONN_LIVES && !conn->got_end) {
            conn_set_timer(conn);
        }
        return;
    }
    conn->pattern_left = 1;
    conn->ends_after_output = conn->pattern_sent + 1 >= conn->host->size;
    bool last = conn->ends_after_output;
    if (conn_flush(conn) == CONN_LIVES && !last) {
        conn_set_timer(conn);
    }
}

/* What a manner does before the first byte comes. */
static enum conn_fate conn_begin(struct peer_conn *conn)
{
    event_add(conn->read_event, NULL);
    switch (conn->manner) {
    case PEER_GREET:
        evbuffer_add_printf(conn->out, "%s\n", conn->host->id);
        break;
    case PEER_RESET_ACCEPT:
        peer_conn_reset(conn);
        return CONN_GONE;
    case PEER_DEAF:
        event_del(conn->read_event);
        break;
    case PEER_SLOW_SINK:
        event_del(conn->read_event);
        conn_set_timer(conn);
        break;
    case PEER_TRICKLE:
        conn_set_timer(conn);
        break;
    case PEER_SOURCE:
        conn->pattern_left = conn->host->size;
        conn->ends_after_output = true;
        break;
    case PEER_END_FIRST:
        conn->ends_after_output = true;
        break;
    default:
        break;
    }
    return conn_flush(conn);
}

void peer_conn_start(struct peer_host *host, enum peer_manner manner, int fd)
{
    int one = 1;
    struct peer_conn *conn = must_calloc(1, sizeof(*conn));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    conn->host = host;
    conn->manner = manner;
    conn->fd = fd;
    conn->out = evbuffer_new();
    conn->read_event = event_new(host->base, fd, EV_READ | EV_PERSIST, conn_on_readable, conn);
    conn->write_event = event_new(host->base, fd, EV_WRITE, conn_on_writable, conn);
    conn->timer = evtimer_new(host->base, conn_on_timer, conn);
    if (conn->out == NULL || conn->read_event == NULL || conn->write_event == NULL ||
        conn->timer == NULL) {
        die("no memory for a peer's connection");
    }
    LIST_INSERT_HEAD(&host->conns, conn, link);
    conn_begin(conn);
}

void peer_conn_listen_again(struct peer_conn *conn)
{
    if (conn->manner == PEER_DEAF) {
        conn->manner = PEER_SINK;
        event_add(conn->read_event, NULL);
    }
}
