#include "client.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "exchange.h"

#define EVENTS_A_TURN 256
#define SMALL_BODY 8192
#define DISCARD_SIZE (1024 * 1024)
#define SOURCES 16

struct connection {
    int fd; /* -1: closed */
    bool unsent;
    uint64_t got;
};

struct client {
    struct client_plan plan;
    int loop;
    uint64_t started, done, bytes;
    const char *error;
    uint64_t expected;
    size_t request_size;
    char request[REQUEST_MAX];
    struct connection *connections;
    uint64_t slots;
};

double client_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

uint64_t client_done(const struct client *client)
{
    return client->done;
}

uint64_t client_bytes(const struct client *client)
{
    return client->bytes;
}

const char *client_error(const struct client *client)
{
    return client->error;
}

static bool origin_closes(const struct client *client)
{
    return client->plan.mode == CLIENT_SHORT && !client->plan.client_closes;
}

struct client *client_new(const struct client_plan *plan)
{
    struct client *client = calloc(1, sizeof(*client));

    if (!client)
        return NULL;
    client->plan = *plan;
    client->slots = plan->mode == CLIENT_IDLE ? plan->limit : (uint64_t)plan->active;
    client->connections = calloc(client->slots, sizeof(*client->connections));
    client->loop = epoll_create1(EPOLL_CLOEXEC);
    if (!client->connections || client->loop < 0) {
        free(client->connections);
        free(client);
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
    close(client->loop);
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
    *connection = (struct connection){
        .fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
    };
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

static void exchange_done(struct client *client, struct connection *connection)
{
    client->done++;
    if (client->plan.mode == CLIENT_SHORT) {
        connection_close(connection);
        open_connection(client, connection);
    } else if (client->plan.mode == CLIENT_IDLE) {
        if (client->started < client->slots)
            open_connection(client, &client->connections[client->started]);
    } else if (may_start(client)) {
        connection->got = 0;
        send_request(client, connection);
    }
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
    client->bytes += (uint64_t)n;
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
    if (connection->unsent)
        send_request(client, connection);
    else
        read_response(client, connection);
}

static void start(struct client *client)
{
    for (int i = 0; i < client->plan.active && (uint64_t)i < client->slots; i++)
        open_connection(client, &client->connections[i]);
}

bool client_run(struct client *client, uint64_t done, double until)
{
    struct epoll_event events[EVENTS_A_TURN];

    if (!client->started)
        start(client);
    while (!client->error) {
        if ((done && client->done >= done) || client_now() >= until)
            return true;
        int n = epoll_wait(client->loop, events, EVENTS_A_TURN, 10);
        for (int i = 0; i < n; i++)
            on_event(client, events[i].data.ptr);
    }
    return false;
}
