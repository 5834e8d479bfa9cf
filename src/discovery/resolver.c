#include "discovery/resolver.h"

#include <ares.h>
#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/list.h"
#include "discovery/hosts.h"

#define SERVER_TIMEOUT_MSEC 1000
#define EDNS_PAYLOAD 1232 /* fits every path without fragments */
#define SILENT_ROUNDS 2
#define CLASS_IN 1

struct server {
    struct resolver *resolver;
    struct address address;
    ares_channel channel;
    struct event *timer;
    struct list watches;
};

/* A socket of c-ares in the loop. */
struct watch {
    struct list node;
    struct server *server;
    ares_socket_t fd;
    struct event *event;
};

struct resolver {
    struct event_base *base;
    struct hosts *hosts;
    size_t server_count;
    size_t preferred; /* who answered last */
    struct list queries;
    struct server servers[];
};

struct query {
    struct list node;
    struct resolver *resolver;
    resolver_callback *callback; /* NULL: cancelled, c-ares has it still */
    void *arg;
    struct event *send; /* sends from the loop, never from within a call of ours or c-ares's */
    size_t server;
    unsigned asked;
    bool with_ares;
    enum dns_type type;
    char name[];
};

/* --- c-ares in the loop ------------------------------------------------------------------ */

/* Arms the timer for the next thing that c-ares waits for; without one the loop sleeps. */
static void arm_timer(struct server *server)
{
    struct timeval wait;
    if (!ares_timeout(server->channel, NULL, &wait)) {
        event_del(server->timer);
        return;
    }
    /* c-ares rounds down: a millisecond more saves a turn in which nothing is due yet. */
    struct timeval rounded =
        clock_timeval((usec_t)wait.tv_sec * USEC_PER_SEC + wait.tv_usec + USEC_PER_MSEC);
    event_add(server->timer, &rounded);
}

static void on_timer(evutil_socket_t fd, short events, void *arg)
{
    struct server *server = arg;
    (void)fd;
    (void)events;
    ares_process_fd(server->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    arm_timer(server);
}

static void on_socket(evutil_socket_t fd, short events, void *arg)
{
    struct server *server = ((struct watch *)arg)->server; /* the watch may go meanwhile */
    ares_process_fd(server->channel, events & EV_READ ? fd : ARES_SOCKET_BAD,
                    events & EV_WRITE ? fd : ARES_SOCKET_BAD);
    arm_timer(server);
}

static struct watch *watch_find(struct server *server, ares_socket_t fd)
{
    list_each(node, &server->watches)
    {
        struct watch *watch = list_entry(node, struct watch, node);
        if (watch->fd == fd)
            return watch;
    }
    return NULL;
}

static void watch_free(struct watch *watch)
{
    list_remove(&watch->node);
    if (watch->event)
        event_free(watch->event);
    free(watch);
}

static struct watch *watch_new(struct server *server, ares_socket_t fd)
{
    struct watch *watch = calloc(1, sizeof *watch);
    if (!watch)
        return NULL;
    *watch = (struct watch){.server = server, .fd = fd};
    list_append(&server->watches, &watch->node);
    return watch;
}

/* c-ares tells what it wants of a socket. Where memory lacks for it, the question times out. */
static void on_socket_state(void *data, ares_socket_t fd, int readable, int writable)
{
    struct server *server = data;
    struct watch *watch = watch_find(server, fd);
    if (!readable && !writable) {
        if (watch)
            watch_free(watch);
        return;
    }
    if (!watch && !(watch = watch_new(server, fd)))
        return;
    if (watch->event)
        event_free(watch->event);
    short wanted = (short)(EV_PERSIST | (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));
    watch->event = event_new(server->resolver->base, fd, wanted, on_socket, watch);
    if (!watch->event || event_add(watch->event, NULL) < 0)
        watch_free(watch);
}

/* --- servers ------------------------------------------------------------------------------- */

static int server_open(struct server *server, struct resolver *resolver,
                       const struct address *address)
{
    struct ares_options options = {
        .flags = ARES_FLAG_EDNS | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_NOCHECKRESP,
        .timeout = SERVER_TIMEOUT_MSEC,
        .tries = 1,
        .ednspsz = EDNS_PAYLOAD,
        .sock_state_cb = on_socket_state,
        .sock_state_cb_data = server,
    };
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ |
               ARES_OPT_SOCK_STATE_CB;
#ifdef ARES_OPT_QUERY_CACHE
    options.qcache_max_ttl = 0; /* redial keeps the answers; a cache below would only age them */
    mask |= ARES_OPT_QUERY_CACHE;
#endif
    char text[ADDRESS_TEXT_MAX];
    server->resolver = resolver;
    server->address = *address;
    list_init(&server->watches);
    if (ares_init_options(&server->channel, &options, mask) != ARES_SUCCESS) {
        server->channel = NULL;
        return -ENOMEM;
    }
    if (ares_set_servers_ports_csv(server->channel, address_format(address, text)) != ARES_SUCCESS)
        return -EINVAL;
    server->timer = evtimer_new(resolver->base, on_timer, server);
    return server->timer ? 0 : -ENOMEM;
}

static void server_close(struct server *server)
{
    if (server->channel)
        ares_destroy(server->channel); /* ends every query and closes every socket */
    if (server->timer)
        event_free(server->timer);
}

/* The servers that resolv.conf names, as c-ares reads it. The caller frees *ret_servers. */
static int system_servers(struct address **ret_servers, size_t *ret_count)
{
    ares_channel channel;
    struct ares_addr_port_node *nodes = NULL;
    size_t count = 0;
    if (ares_init(&channel) != ARES_SUCCESS)
        return -ENOMEM;
    int status = ares_get_servers_ports(channel, &nodes);
    ares_destroy(channel);
    for (struct ares_addr_port_node *node = nodes; node; node = node->next)
        count++;
    struct address *servers = calloc(count + 1, sizeof *servers);
    count = 0;
    for (struct ares_addr_port_node *node = nodes; servers && node; node = node->next) {
        uint16_t port = node->udp_port ? (uint16_t)node->udp_port : 53;
        servers[count++] = node->family == AF_INET6
                               ? address_ipv6((struct in6_addr *)&node->addr.addr6, port)
                               : address_ipv4(&node->addr.addr4, port);
    }
    if (nodes)
        ares_free_data(nodes);
    *ret_servers = servers;
    *ret_count = count;
    return !servers || status != ARES_SUCCESS ? -ENOMEM : 0;
}

static int open_servers(struct event_base *base, const struct address *servers, size_t count,
                        struct resolver **ret_resolver)
{
    if (count == 0)
        return -ENOENT;
    struct resolver *resolver = calloc(1, sizeof *resolver + count * sizeof(struct server));
    if (!resolver)
        return -ENOMEM;
    resolver->base = base;
    list_init(&resolver->queries);
    resolver->hosts = hosts_new(HOSTS_PATH);
    if (!resolver->hosts) {
        resolver_free(resolver);
        return -ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        resolver->server_count++;
        int result = server_open(&resolver->servers[i], resolver, &servers[i]);
        if (result < 0) {
            resolver_free(resolver);
            return result;
        }
    }
    *ret_resolver = resolver;
    return 0;
}

int resolver_new(struct event_base *base, const struct address *servers, size_t count,
                 struct resolver **ret_resolver)
{
    if (count > 0)
        return open_servers(base, servers, count, ret_resolver);
    struct address *system = NULL;
    size_t system_count = 0;
    int result = system_servers(&system, &system_count);
    if (result == 0)
        result = open_servers(base, system, system_count, ret_resolver);
    free(system);
    return result;
}

/* --- queries ------------------------------------------------------------------------------- */

static void query_free(struct query *query)
{
    list_remove(&query->node);
    if (query->send)
        event_free(query->send);
    free(query);
}

void resolver_free(struct resolver *resolver)
{
    if (!resolver)
        return;
    list_each(node, &resolver->queries) query_cancel(list_entry(node, struct query, node));
    for (size_t i = 0; i < resolver->server_count; i++)
        server_close(&resolver->servers[i]);
    hosts_free(resolver->hosts);
    free(resolver);
}

static void query_later(struct query *query)
{
    event_add(query->send, &(struct timeval){0});
}

static enum answer_outcome outcome_of_status(int status)
{
    switch (status) {
    case ARES_ETIMEOUT:
        return ANSWER_TIMEOUT;
    case ARES_ECONNREFUSED:
        return ANSWER_UNREACHABLE;
    case ARES_ENOMEM:
        return ANSWER_LOCAL_FAULT;
    default:
        return ANSWER_MALFORMED;
    }
}

/* Whether another server, or the same one again, may know better. A server that spoke is asked
 * once, a silent one twice: the question or the answer may have been lost. */
static bool worth_asking_on(const struct query *query, enum answer_outcome outcome)
{
    size_t servers = query->resolver->server_count;
    switch (outcome) {
    case ANSWER_TIMEOUT:
        return query->asked < servers * SILENT_ROUNDS;
    case ANSWER_SERVFAIL:
    case ANSWER_REFUSED:
    case ANSWER_MALFORMED:
    case ANSWER_UNREACHABLE:
        return query->asked < servers;
    default:
        return false;
    }
}

static void query_finish(struct query *query, const struct answer *answer,
                         const struct address *server)
{
    resolver_callback *callback = query->callback;
    void *arg = query->arg;
    query_free(query);
    callback(arg, answer, server);
}

static void on_answer(void *arg, int status, int timeouts, unsigned char *message, int length)
{
    struct query *query = arg;
    struct answer answer = {.outcome = outcome_of_status(status), .ttl = ANSWER_TTL_UNKNOWN};
    struct address server = query->resolver->servers[query->server].address;
    (void)timeouts;
    query->with_ares = false;
    if (!query->callback) {
        query_free(query);
        return;
    }
    if (message)
        answer_parse(message, (size_t)length, query->name, query->type, &answer);
    if (worth_asking_on(query, answer.outcome)) {
        query->server = (query->server + 1) % query->resolver->server_count;
        query_later(query);
    } else {
        if (answer.outcome <= ANSWER_NXDOMAIN)
            query->resolver->preferred = query->server;
        query_finish(query, &answer, &server);
    }
    answer_clear(&answer);
}

static void on_send(evutil_socket_t fd, short events, void *arg)
{
    struct query *query = arg;
    struct server *server = &query->resolver->servers[query->server];
    struct answer answer;
    (void)fd;
    (void)events;
    if (query->asked == 0 &&
        hosts_answer(query->resolver->hosts, query->name, query->type, &answer)) {
        query_finish(query, &answer, &(struct address){.family = AF_UNSPEC});
        answer_clear(&answer);
        return;
    }
    query->asked++;
    query->with_ares = true;
    ares_query(server->channel, query->name, CLASS_IN, (int)query->type, on_answer, query);
    arm_timer(server); /* the query may have ended already; the server has not */
}

int resolver_ask(struct resolver *resolver, const char *name, enum dns_type type,
                 resolver_callback *callback, void *arg, struct query **ret_query)
{
    size_t size = strlen(name) + 1;
    struct query *query = calloc(1, sizeof *query + size);
    if (!query)
        return -ENOMEM;
    *query = (struct query){.resolver = resolver,
                            .callback = callback,
                            .arg = arg,
                            .server = resolver->preferred,
                            .type = type};
    memcpy(query->name, name, size);
    list_append(&resolver->queries, &query->node);
    query->send = evtimer_new(resolver->base, on_send, query);
    if (!query->send) {
        query_free(query);
        return -ENOMEM;
    }
    query_later(query);
    *ret_query = query;
    return 0;
}

void query_cancel(struct query *query)
{
    if (!query)
        return;
    query->callback = NULL;
    if (!query->with_ares)
        query_free(query);
}
