#include "peer.h"

#include "client.h"
#include "die.h"
#include "moment.h"
#include "peer_conn.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PEER_BACKLOG = 4096, PEER_ACCEPT_TURN = 64, PEER_FILL_MS = 2000 };

struct peer {
    struct peer_host host; /* first: connections know only this part */
    LIST_ENTRY(peer) link;
    struct peers *peers;
    struct peer_options options;
    char *id;
    char *ip;
    char address[64];
    int fd;
    int filler; /* the connection that fills a black hole's queue, or -1 */
    struct event *accept_event;
    uint64_t counters[PEER_COUNTERS]; /* under the lock */
};

typedef void peer_command_fn(struct peer *peer, int argument);

/* A call that the thread makes for another one, which waits for it. */
struct peer_command {
    STAILQ_ENTRY(peer_command) link;
    peer_command_fn *run;
    struct peer *peer;
    int argument;
    bool done;
};

struct peers {
    pthread_t thread;
    struct event_base *base;
    struct event *wake_event;
    int wake_fd;
    LIST_HEAD(, peer) all;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    STAILQ_HEAD(, peer_command) commands;
    bool stopping;
};

static void peer_host_count(struct peer_host *host, enum peer_counter counter, int64_t change)
{
    struct peer *peer = (struct peer *)host;
    pthread_mutex_lock(&peer->peers->lock);
    peer->counters[counter] += (uint64_t)change;
    pthread_cond_broadcast(&peer->peers->changed);
    pthread_mutex_unlock(&peer->peers->lock);
}

static void peer_on_accept(evutil_socket_t listener, short what, void *context)
{
    struct peer *peer = context;
    (void)what;
    for (int turn = 0; turn < PEER_ACCEPT_TURN; turn++) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) {
                die("%s: cannot accept", peer->address);
            }
            return;
        }
        int size = peer->options.receive_buffer;
        if (size > 0) {
            setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
        }
        peer_host_count(&peer->host, PEER_OPEN, 1);
        peer_host_count(&peer->host, PEER_ACCEPTED, 1);
        peer_conn_start(&peer->host, peer->options.manner, fd);
        if (peer->options.accept_max > 0 && --peer->options.accept_max == 0) {
            event_del(peer->accept_event);
            return;
        }
    }
}

static void peer_close_listener(struct peer *peer)
{
    if (peer->accept_event != NULL) {
        event_free(peer->accept_event);
        peer->accept_event = NULL;
    }
    client_close(peer->filler);
    client_close(peer->fd);
    peer->filler = -1;
    peer->fd = -1;
}

/* With a queue for one connection, and that one taken, the kernel drops every further SYN. */
static void peer_fill_queue(struct peer *peer)
{
    peer->filler = client_connect(peer->address, PEER_FILL_MS);
    if (peer->filler < 0) {
        die("%s: cannot fill the queue", peer->address);
    }
}

static void peer_open_listener(struct peer *peer)
{
    struct sockaddr_storage address;
    int one = 1;
    bool black_hole = peer->options.manner == PEER_BLACK_HOLE;
    socklen_t size = client_parse_address(peer->address, &address);
    peer->fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (size == 0 || peer->fd < 0 ||
        setsockopt(peer->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
        bind(peer->fd, (struct sockaddr *)&address, size) != 0) {
        die("peer: cannot bind %s", peer->address);
    }
    if (peer->options.manner == PEER_REFUSE) {
        return;
    }
    if (listen(peer->fd, black_hole ? 0 : PEER_BACKLOG) != 0) {
        die("peer: cannot listen on %s", peer->address);
    }
    if (black_hole) {
        peer_fill_queue(peer);
        return;
    }
    peer->accept_event =
        event_new(peer->peers->base, peer->fd, EV_READ | EV_PERSIST, peer_on_accept, peer);
    if (peer->accept_event == NULL || event_add(peer->accept_event, NULL) != 0) {
        die("peer: no event for %s", peer->address);
    }
}

static void peer_for_each_conn(struct peer *peer, void (*each)(struct peer_conn *conn))
{
    struct peer_conn *conn = LIST_FIRST(&peer->host.conns);
    while (conn != NULL) {
        struct peer_conn *next = peer_conn_next(conn);
        each(conn);
        conn = next;
    }
}

static void peer_do_add(struct peer *peer, int argument)
{
    (void)argument;
    LIST_INSERT_HEAD(&peer->peers->all, peer, link);
    peer_open_listener(peer);
}

static void peer_do_set_manner(struct peer *peer, int argument)
{
    peer_close_listener(peer);
    peer->options.manner = (enum peer_manner)argument;
    peer_open_listener(peer);
}

static void peer_do_kill(struct peer *peer, int argument)
{
    (void)argument;
    peer_do_set_manner(peer, PEER_REFUSE);
    peer_for_each_conn(peer, peer_conn_reset);
}

static void peer_do_reset_all(struct peer *peer, int argument)
{
    (void)argument;
    peer_for_each_conn(peer, peer_conn_reset);
}

static void peer_do_end_all(struct peer *peer, int argument)
{
    (void)argument;
    peer_for_each_conn(peer, peer_conn_end);
}

static void peer_do_listen_again(struct peer *peer, int argument)
{
    (void)argument;
    peer_for_each_conn(peer, peer_conn_listen_again);
}

/* Runs a command in the thread and waits until it is done. */
static void peers_call(struct peers *peers, peer_command_fn *run, struct peer *peer, int argument)
{
    struct peer_command command = {.run = run, .peer = peer, .argument = argument};
    pthread_mutex_lock(&peers->lock);
    STAILQ_INSERT_TAIL(&peers->commands, &command, link);
    eventfd_write(peers->wake_fd, 1);
    while (!command.done) {
        pthread_cond_wait(&peers->changed, &peers->lock);
    }
    pthread_mutex_unlock(&peers->lock);
}

static void peers_on_wake(evutil_socket_t fd, short what, void *context)
{
    struct peers *peers = context;
    eventfd_t value;
    (void)what;
    eventfd_read(fd, &value);
    pthread_mutex_lock(&peers->lock);
    while (!STAILQ_EMPTY(&peers->commands)) {
        struct peer_command *command = STAILQ_FIRST(&peers->commands);
        STAILQ_REMOVE_HEAD(&peers->commands, link);
        pthread_mutex_unlock(&peers->lock);
        command->run(command->peer, command->argument);
        pthread_mutex_lock(&peers->lock);
        command->done = true;
        pthread_cond_broadcast(&peers->changed);
    }
    if (peers->stopping) {
        event_base_loopbreak(peers->base);
    }
    pthread_mutex_unlock(&peers->lock);
}

static void *peers_run(void *context)
{
    struct peers *peers = context;
    event_base_dispatch(peers->base);
    return NULL;
}

struct peers *peers_start(void)
{
    struct peers *peers = must_calloc(1, sizeof(*peers));
    pthread_condattr_t attributes;
    pthread_mutex_init(&peers->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&peers->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    STAILQ_INIT(&peers->commands);
    LIST_INIT(&peers->all);
    peers->base = event_base_new();
    peers->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (peers->base == NULL || peers->wake_fd < 0) {
        die("peers: no event loop");
    }
    peers->wake_event =
        event_new(peers->base, peers->wake_fd, EV_READ | EV_PERSIST, peers_on_wake, peers);
    if (peers->wake_event == NULL || event_add(peers->wake_event, NULL) != 0 ||
        pthread_create(&peers->thread, NULL, peers_run, peers) != 0) {
        die("peers: no thread");
    }
    return peers;
}

static void peer_free(struct peer *peer)
{
    LIST_REMOVE(peer, link);
    peer_close_listener(peer);
    peer_for_each_conn(peer, peer_conn_reset);
    free(peer->id);
    free(peer->ip);
    free(peer);
}

void peers_stop(struct peers *peers)
{
    if (peers == NULL) {
        return;
    }
    pthread_mutex_lock(&peers->lock);
    peers->stopping = true;
    eventfd_write(peers->wake_fd, 1);
    pthread_mutex_unlock(&peers->lock);
    pthread_join(peers->thread, NULL);
    while (!LIST_EMPTY(&peers->all)) {
        peer_free(LIST_FIRST(&peers->all));
    }
    event_free(peers->wake_event);
    event_base_free(peers->base);
    close(peers->wake_fd);
    pthread_cond_destroy(&peers->changed);
    pthread_mutex_destroy(&peers->lock);
    free(peers);
}

struct peer *peer_add(struct peers *peers, const struct peer_options *options)
{
    struct peer *peer = must_calloc(1, sizeof(*peer));
    peer->peers = peers;
    peer->options = *options;
    peer->ip = must_copy(options->ip);
    peer->id = must_copy(options->id != NULL ? options->id : options->ip);
    peer->fd = -1;
    peer->filler = -1;
    snprintf(peer->address, sizeof(peer->address),
             strchr(options->ip, ':') != NULL ? "[%s]:%u" : "%s:%u", options->ip, options->port);
    peer->options.ip = peer->ip;
    peer->options.id = peer->id;
    peer->host.base = peers->base;
    peer->host.id = peer->id;
    peer->host.size = options->size;
    peer->host.interval_ms = options->interval_ms;
    peer->host.count = peer_host_count;
    LIST_INIT(&peer->host.conns);
    peers_call(peers, peer_do_add, peer, 0);
    return peer;
}

struct peer *peer_add_manner(struct peers *peers, enum peer_manner manner, const char *ip,
                             uint16_t port)
{
    struct peer_options options = {.manner = manner, .ip = ip, .port = port};
    return peer_add(peers, &options);
}

struct peer *peer_add_identify(struct peers *peers, const char *ip, uint16_t port)
{
    return peer_add_manner(peers, PEER_IDENTIFY, ip, port);
}

const char *peer_address(const struct peer *peer)
{
    return peer->address;
}

void peer_set_manner(struct peer *peer, enum peer_manner manner)
{
    peers_call(peer->peers, peer_do_set_manner, peer, (int)manner);
}

void peer_kill(struct peer *peer)
{
    peers_call(peer->peers, peer_do_kill, peer, 0);
}

void peer_reset_all(struct peer *peer)
{
    peers_call(peer->peers, peer_do_reset_all, peer, 0);
}

void peer_end_all(struct peer *peer)
{
    peers_call(peer->peers, peer_do_end_all, peer, 0);
}

void peer_listen_again(struct peer *peer)
{
    peers_call(peer->peers, peer_do_listen_again, peer, 0);
}

uint64_t peer_count(struct peer *peer, enum peer_counter counter)
{
    pthread_mutex_lock(&peer->peers->lock);
    uint64_t value = peer->counters[counter];
    pthread_mutex_unlock(&peer->peers->lock);
    return value;
}

static bool peer_wait_for(struct peer *peer, enum peer_counter counter, uint64_t value, int ms,
                          bool exactly)
{
    struct timespec end = moment_deadline(ms);
    const uint64_t *now = &peer->counters[counter];
    bool over = false;
    pthread_mutex_lock(&peer->peers->lock);
    while (!(exactly ? *now == value : *now >= value) && !over) {
        over = pthread_cond_timedwait(&peer->peers->changed, &peer->peers->lock, &end) == ETIMEDOUT;
    }
    bool reached = exactly ? *now == value : *now >= value;
    pthread_mutex_unlock(&peer->peers->lock);
    return reached;
}

bool peer_wait(struct peer *peer, enum peer_counter counter, uint64_t value, int ms)
{
    return peer_wait_for(peer, counter, value, ms, false);
}

bool peer_wait_exactly(struct peer *peer, enum peer_counter counter, uint64_t value, int ms)
{
    return peer_wait_for(peer, counter, value, ms, true);
}
