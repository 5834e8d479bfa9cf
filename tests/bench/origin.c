#include "origin.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "exchange.h"
#include "net.h"

#define EVENTS_A_TURN 256
#define SENDS_A_TURN 4
#define BULK ((uint64_t)1 << 20)

/* A listener, or an accepted connection; `total` is not 0 while a response is on its way. */
struct peer {
    int fd;
    bool is_listener;
    bool is_last;
    int loop;
    uint32_t waits_for;
    size_t have;
    uint64_t total, sent;
    char in[REQUEST_MAX + 1];
    char head[RESPONSE_HEAD_SIZE + 1];
};

/* Long responses have a thread of their own, so that small ones do not wait for them here: they are
 * to do that in the proxy. */
static int small_loop, bulk_loop;
static char filler[128 * 1024];

static void peer_close(struct peer *peer)
{
    close(peer->fd);
    free(peer);
}

static void peer_wait(struct peer *peer, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = peer};

    if (peer->waits_for == events)
        return;
    int how = peer->waits_for ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    peer->waits_for = events; /* first: with this call the peer may be the other thread's */
    epoll_ctl(peer->loop, how, peer->fd, &event);
}

static void peer_hand_over(struct peer *peer, int loop)
{
    epoll_ctl(peer->loop, EPOLL_CTL_DEL, peer->fd, NULL);
    peer->loop = loop;
    peer->waits_for = 0;
    peer_wait(peer, EPOLLOUT);
}

/* The next part of the response: what is left of the head, then of the body. */
static ssize_t send_part(struct peer *peer)
{
    struct iovec parts[2];
    struct msghdr message = {.msg_iov = parts};
    uint64_t at = peer->sent;

    if (at < RESPONSE_HEAD_SIZE) {
        parts[message.msg_iovlen].iov_base = peer->head + at;
        parts[message.msg_iovlen++].iov_len = RESPONSE_HEAD_SIZE - (size_t)at;
        at = RESPONSE_HEAD_SIZE;
    }
    uint64_t left = peer->total - at;
    if (left) {
        parts[message.msg_iovlen].iov_base = filler;
        parts[message.msg_iovlen++].iov_len = left < sizeof(filler) ? (size_t)left : sizeof(filler);
    }
    return sendmsg(peer->fd, &message, MSG_NOSIGNAL);
}

static void respond(struct peer *peer)
{
    for (int i = 0; i < SENDS_A_TURN && peer->sent < peer->total; i++) {
        ssize_t n = send_part(peer);
        if (n < 0 && errno == EAGAIN)
            break;
        if (n < 0) {
            peer_close(peer);
            return;
        }
        peer->sent += (uint64_t)n;
    }
    if (peer->sent < peer->total) {
        peer_wait(peer, EPOLLOUT);
    } else if (peer->is_last) {
        peer_close(peer);
    } else {
        peer->total = 0;
        peer_wait(peer, EPOLLIN);
    }
}

/* Once a whole request is there: sets the response up. False if it is none that we know. */
static bool take_request(struct peer *peer)
{
    uint64_t body;

    peer->in[peer->have] = '\0';
    if (!strstr(peer->in, "\r\n\r\n"))
        return peer->have < REQUEST_MAX;
    if (sscanf(peer->in, "GET /%" SCNu64, &body) != 1)
        return false;
    peer->is_last = strstr(peer->in, REQUEST_CLOSE) != NULL;
    peer->have = 0;
    peer->sent = 0;
    peer->total = RESPONSE_HEAD_SIZE + body;
    snprintf(peer->head, sizeof(peer->head), RESPONSE_FORMAT, body);
    return true;
}

static void read_request(struct peer *peer)
{
    ssize_t n = recv(peer->fd, peer->in + peer->have, REQUEST_MAX - peer->have, 0);

    if (n < 0 && errno == EAGAIN)
        return;
    if (n > 0)
        peer->have += (size_t)n;
    if (n <= 0 || !take_request(peer))
        peer_close(peer);
    else if (peer->total >= BULK && peer->loop != bulk_loop)
        peer_hand_over(peer, bulk_loop);
    else if (peer->total)
        respond(peer);
}

static void accept_peers(const struct peer *listener)
{
    for (;;) {
        int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        struct peer *peer = calloc(1, sizeof(*peer));
        if (!peer) {
            close(fd);
            return;
        }
        peer->fd = fd;
        peer->loop = small_loop;
        peer_wait(peer, EPOLLIN);
    }
}

static int listen_on(const char *text)
{
    struct sockaddr_in address;
    struct peer *listener = calloc(1, sizeof(*listener));
    const int one = 1;

    if (!listener || !net_parse(text, &address)) {
        free(listener);
        return -1;
    }
    listener->is_listener = true;
    listener->loop = small_loop;
    listener->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    setsockopt(listener->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (bind(listener->fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(listener->fd, 4096) != 0) {
        peer_close(listener);
        return -1;
    }
    peer_wait(listener, EPOLLIN);
    return 0;
}

static void serve(int loop)
{
    struct epoll_event events[EVENTS_A_TURN];

    for (;;) {
        int n = epoll_wait(loop, events, EVENTS_A_TURN, -1);
        for (int i = 0; i < n; i++) {
            struct peer *peer = events[i].data.ptr;
            if (peer->is_listener)
                accept_peers(peer);
            else if (peer->total)
                respond(peer);
            else
                read_request(peer);
        }
    }
}

static void *serve_bulk(void *arg)
{
    (void)arg;
    serve(bulk_loop);
    return NULL;
}

int origin_serve(char *const addresses[], int count)
{
    pthread_t thread;

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    memset(filler, 'x', sizeof(filler));
    small_loop = epoll_create1(EPOLL_CLOEXEC);
    bulk_loop = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < count; i++) {
        if (listen_on(addresses[i]) != 0) {
            fprintf(stderr, "redial-load: cannot listen on %s\n", addresses[i]);
            return 1;
        }
    }
    if (pthread_create(&thread, NULL, serve_bulk, NULL) != 0) {
        fputs("redial-load: no thread\n", stderr);
        return 1;
    }
    puts("ready");
    fflush(stdout);
    serve(small_loop);
    return 0;
}
