#include "client.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "exchange.h"
#include "pace.h"

#define EVENTS_A_TURN 256
#define SMALL_BODY 8192
#define DISCARD_SIZE (1024 * 1024)
#define SOURCES 16

struct connection {
    int fd; /* -1: closed */
    bool unsent;
    uint64_t got;
    int64_t begun; /* the exchange, or when it was due: CLOCK_MONOTONIC, ns */
};

/* At a rate: the connections that wait for work, who waited longest goes first. */
struct queue {
    struct connection **ring;
    uint64_t first, count;
};

struct client {
    struct client_plan plan;
    int loop;
    uint64_t started, done;
    _Atomic uint64_t bytes;
    _Atomic bool stopped;
    const char *error;
    struct histogram latency;
    struct pace pace;
    struct queue idle;
    int64_t until; /* at a rate: what is due later does not begin */
    uint64_t expected;
    size_t request_size;
    char request[REQUEST_MAX];
    struct connection *connections;
    uint64_t slots;
};

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

double client_now(void)
{
    return (double)now_ns() / 1e9;
}

uint64_t client_done(const struct client *client)
{
    return client->done;
}

uint64_t client_bytes(const struct client *client)
{
    return atomic_load_explicit(&client->bytes, memory_order_relaxed);
}

const char *client_error(const struct client *client)
{
    return client->error;
}

struct histogram *client_latency(struct client *client)
{
    return &client->latency;
}

void client_stop(struct client *client)
{
    atomic_store(&client->stopped, true);
}

static bool origin_closes(const struct client *client)
{
    return client->plan.mode == CLIENT_SHORT && !client->plan.client_closes;
}

static void put_idle(struct client *client, struct connection *connection)
{
    struct queue *idle = &client->idle;

    idle->ring[(idle->first + idle->count++) % client->slots] = connection;
}

static struct connection *take_idle(struct client *client)
{
    struct queue *idle = &client->idle;
    struct connection *connection = idle->ring[idle->first];

    idle->first = (idle->first + 1) % client->slots;
    idle->count--;
    return connection;
}

/* The timer is in the loop beside the connections, as the one that is none. */
static bool set_pace(struct client *client)
{
    struct epoll_event event = {.events = EPOLLIN};

    if (client->plan.rate <= 0)
        return true;
    client->idle.ring = calloc(client->slots, sizeof(struct connection *));
    if (!client->idle.ring || pace_start(&client->pace, client->plan.rate) != 0)
        return false;
    for (uint64_t i = 0; i < client->slots; i++)
        put_idle(client, &client->connections[i]);
    return epoll_ctl(client->loop, EPOLL_CTL_ADD, client->pace.timer, &event) == 0;
}

struct client *client_new(const struct client_plan *plan)
{
    struct client *client = calloc(1, sizeof(*client));

    if (!client)
        return NULL;
    client->plan = *plan;
    client->pace.timer = -1;
    client->slots = plan->mode == CLIENT_IDLE ? plan->limit : (uint64_t)plan->active;
    client->connections = calloc(client->slots, sizeof(*client->connections));
    client->loop = epoll_create1(EPOLL_CLOEXEC);
    if (!client->connections || client->loop < 0 || !set_pace(client)) {
        client->slots = 0;
        client_free(client);
        return NULL;
    }
    for (uint64_t i = 0; i < client->slots; i++)
        client->connections[i].fd = -1;
    client->expected = RESPONSE_HEAD_SIZE + plan->body;
    client->request_size =
        (size_t)snprintf(client->request, sizeof(client->request), REQUEST_FORMAT, plan->body,
                         origin_closes(client) ? REQUEST_CLOSE : "");
    return client;
}

void client_free(struct client *client)
{
    for (uint64_t i = 0; i < client->slots; i++) {
        if (client->connections[i].fd >= 0)
            close(client->connections[i].fd);
    }
    if (client->loop >= 0)
        close(client->loop);
    pace_stop(&client->pace);
    free(client->idle.ring);
    free(client->connections);
    free(client);
}

static void connection_close(struct connection *connection)
{
    if (connection->fd >= 0)
        close(connection->fd);
    connection->fd = -1;
}

static void connection_failed(struct client *client, struct connection *connection,
                              const char *reason)
{
    client->error = reason;
    connection_close(connection);
}

static void watch(struct client *client, struct connection *connection, int how, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = connection};

    epoll_ctl(client->loop, how, connection->fd, &event);
}

/* A request is smaller than any send buffer: it goes as a whole or, while connecting, not yet. */
static void send_request(struct client *client, struct connection *connection)
{
    ssize_t n = send(connection->fd, client->request, client->request_size, MSG_NOSIGNAL);

    if (n == (ssize_t)client->request_size) {
        if (connection->unsent)
            watch(client, connection, EPOLL_CTL_MOD, EPOLLIN);
        connection->unsent = false;
    } else if (n < 0 && errno == EAGAIN && !connection->unsent) {
        connection->unsent = true;
        watch(client, connection, EPOLL_CTL_MOD, EPOLLOUT);
    } else if (n >= 0 || errno != EAGAIN) {
        connection_failed(client, connection, n >= 0 ? "request cut short" : strerror(errno));
    }
}

static bool may_start(struct client *client)
{
    if (client->plan.limit && client->started >= client->plan.limit)
        return false;
    client->started++;
    return true;
}

/* The side that ends a connection keeps its port for a minute. Where that is this side, the load
 * takes its connections from several addresses, or it would soon search long for a free port. */
static void choose_source(const struct client *client, int fd)
{
    const uint32_t last = 16 + (uint32_t)(client->started % SOURCES);
    const struct sockaddr_in source = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + last),
    };
    const int one = 1;

    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
    bind(fd, (const struct sockaddr *)&source, sizeof(source));
}

static void open_connection(struct client *client, struct connection *connection)
{
    const int one = 1;

    if (!may_start(client))
        return;
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    connection->unsent = false;
    connection->got = 0;
    if (connection->fd < 0) {
        connection_failed(client, connection, strerror(errno));
        return;
    }
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (client->plan.client_closes)
        choose_source(client, connection->fd);
    if (connect(connection->fd, (const struct sockaddr *)&client->plan.target,
                sizeof(client->plan.target)) != 0 &&
        errno != EINPROGRESS) {
        connection_failed(client, connection, strerror(errno));
        return;
    }
    watch(client, connection, EPOLL_CTL_ADD, EPOLLIN);
    /* On loopback the handshake is over by now, so this seldom has to wait. */
    send_request(client, connection);
}

/* The next exchange of this connection, or of a new one in its place. */
static void begin(struct client *client, struct connection *connection, int64_t begun)
{
    connection->begun = begun;
    if (connection->fd < 0) {
        open_connection(client, connection);
    } else if (may_start(client)) {
        connection->got = 0;
        send_request(client, connection);
    }
}

/* CLIENT_IDLE: they have their turns one after the other. */
static struct connection *next_idle(const struct client *client)
{
    return &client->connections[client->started % client->slots];
}

static void exchange_done(struct client *client, struct connection *connection)
{
    int64_t now = now_ns();

    client->done++;
    histogram_add(&client->latency, now - connection->begun);
    if (client->plan.mode == CLIENT_SHORT) {
        connection_close(connection);
        now = now_ns();
    }
    if (client->plan.rate > 0) {
        put_idle(client, connection);
    } else if (client->plan.mode != CLIENT_IDLE) {
        begin(client, connection, now);
    } else if (client->started < client->plan.limit) {
        begin(client, next_idle(client), now);
    }
}

static void begin_what_is_due(struct client *client)
{
    int64_t now = now_ns();

    if (now > client->until)
        now = client->until;
    while (client->idle.count > 0 && pace_is_due(&client->pace, now))
        begin(client, take_idle(client), pace_take(&client->pace));
}

/* Small responses are read and looked at; of a stream the kernel just drops what has come, so
 * that the load leaves the CPU to the proxy. */
static ssize_t receive(const struct client *client, const struct connection *connection)
{
    static char buffer[RESPONSE_HEAD_SIZE + SMALL_BODY + 1];

    if (client->plan.body > SMALL_BODY)
        return recv(connection->fd, NULL, DISCARD_SIZE, MSG_TRUNC);
    ssize_t n = recv(connection->fd, buffer, sizeof(buffer), 0);
    const size_t begin = strlen(RESPONSE_BEGIN);
    if (connection->got == 0 && n >= (ssize_t)begin && memcmp(buffer, RESPONSE_BEGIN, begin) != 0) {
        errno = EBADMSG;
        return -1;
    }
    return n;
}

static void read_response(struct client *client, struct connection *connection)
{
    ssize_t n = receive(client, connection);

    if (n < 0) {
        if (errno != EAGAIN)
            connection_failed(client, connection, strerror(errno));
        return;
    }
    connection->got += (uint64_t)n;
    atomic_fetch_add_explicit(&client->bytes, (uint64_t)n, memory_order_relaxed);
    bool complete = connection->got == client->expected;
    if (connection->got > client->expected)
        connection_failed(client, connection, "more bytes than asked for");
    else if (n == 0 && !(complete && origin_closes(client)))
        connection_failed(client, connection, "closed before the end of the response");
    else if (n == 0 || (complete && !origin_closes(client)))
        exchange_done(client, connection);
}

static void on_event(struct client *client, struct connection *connection)
{
    if (!connection)
        pace_woken(&client->pace);
    else if (connection->unsent)
        send_request(client, connection);
    else
        read_response(client, connection);
}

static void start(struct client *client)
{
    for (int i = 0; i < client->plan.active && (uint64_t)i < client->slots; i++)
        begin(client, &client->connections[i], now_ns());
}

static void turn(struct client *client)
{
    struct epoll_event events[EVENTS_A_TURN];
    int n = epoll_wait(client->loop, events, EVENTS_A_TURN, 10);

    for (int i = 0; i < n; i++)
        on_event(client, events[i].data.ptr);
    if (client->plan.rate > 0)
        begin_what_is_due(client);
}

bool client_run(struct client *client, uint64_t done, double until)
{
    client->until = (int64_t)(until * 1e9);
    if (client->plan.rate <= 0 && !client->started)
        start(client);
    while (!client->error) {
        if ((done && client->done >= done) || client_now() >= until ||
            atomic_load_explicit(&client->stopped, memory_order_relaxed))
            return true;
        turn(client);
    }
    return false;
}

void client_again(struct client *client)
{
    client->plan.limit += client->slots;
    start(client);
}

bool client_finish(struct client *client, double until)
{
    while (!client->error) {
        if (client->idle.count == client->slots && !pace_is_due(&client->pace, client->until))
            return true;
        if (client_now() >= until)
            return false;
        turn(client);
    }
    return false;
}
