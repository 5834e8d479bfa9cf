#include "discovery/resolver.h"

#include <ares.h>
#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/list.h"
#include "discovery/budget.h"
#include "discovery/channel.h"
#include "discovery/hosts.h"

#define SILENT_ROUNDS 2

struct server {
    struct address address;
    struct channel *udp, *tcp;
};

struct resolver {
    struct event_base *base;
    struct budget budget;
    resolver_busy *busy;
    void *busy_arg;
    struct event *pump;
    struct list urgent, waiting; /* queries to be sent */
    struct list queries;         /* all */
    struct hosts *hosts;
    size_t server_count;
    size_t preferred; /* who answered last */
    struct server servers[];
};

struct query {
    struct list node; /* of the resolver */
    struct list turn; /* of the resolver's urgent or waiting ones */
    struct resolver *resolver;
    resolver_callback *callback; /* NULL: cancelled, c-ares has it still */
    void *arg;
    struct answer partial; /* what a truncated answer named, while TCP is asked for the whole */
    size_t server;
    unsigned asked; /* by UDP */
    bool urgent, by_tcp, with_ares;
    enum dns_type type;
    char name[];
};

/* --- queries ------------------------------------------------------------------------------- */

static void query_free(struct query *query)
{
    list_remove(&query->node);
    list_remove(&query->turn);
    answer_clear(&query->partial);
    free(query);
}

/* Sends it from the loop: never from within a call of ours or of c-ares's. */
static void query_later(struct query *query)
{
    struct resolver *resolver = query->resolver;
    list_append(query->urgent ? &resolver->urgent : &resolver->waiting, &query->turn);
    event_add(resolver->pump, &(struct timeval){0});
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

/* RFC 1035 §4.1.1: TC is the second bit of the third byte. */
static bool is_truncated(const unsigned char *message, int length)
{
    return length > 2 && message[2] & 0x02;
}

/* The whole answer must come by TCP, from the same server; what is here already is kept for the
 * case that it does not. */
static void ask_by_tcp(struct query *query, struct answer *answer)
{
    answer_clear(&query->partial);
    query->partial = *answer;
    *answer = (struct answer){.outcome = ANSWER_MALFORMED};
    query->by_tcp = true;
    query_later(query);
}

/* TCP failed: a part is better than nothing, as long as nobody takes it for the whole. */
static void use_partial(struct query *query, struct answer *answer)
{
    if (query->partial.outcome != ANSWER_ADDRESSES || answer->outcome <= ANSWER_NXDOMAIN)
        return;
    answer_clear(answer);
    *answer = query->partial;
    answer->truncated = true;
    query->partial = (struct answer){.outcome = ANSWER_MALFORMED};
}

static void judge_answer(struct query *query, struct answer *answer)
{
    struct resolver *resolver = query->resolver;
    struct address server = resolver->servers[query->server].address;
    if (query->by_tcp)
        use_partial(query, answer);
    if (worth_asking_on(query, answer->outcome)) {
        query->server = (query->server + 1) % resolver->server_count;
        query->by_tcp = false;
        query_later(query);
        return;
    }
    if (answer->outcome <= ANSWER_NXDOMAIN)
        resolver->preferred = query->server;
    query_finish(query, answer, &server);
}

static void on_answer(void *arg, int status, int timeouts, unsigned char *message, int length)
{
    struct query *query = arg;
    struct answer answer = {.outcome = outcome_of_status(status), .ttl = ANSWER_TTL_UNKNOWN};
    (void)timeouts;
    query->with_ares = false;
    if (!query->callback) {
        query_free(query);
        return;
    }
    if (message)
        answer_parse(message, (size_t)length, query->name, query->type, &answer);
    if (message && is_truncated(message, length) && !query->by_tcp)
        ask_by_tcp(query, &answer);
    else
        judge_answer(query, &answer);
    answer_clear(&answer);
}

static void query_send(struct query *query)
{
    const struct server *server = &query->resolver->servers[query->server];
    query->with_ares = true;
    if (!query->by_tcp)
        query->asked++;
    channel_ask(query->by_tcp ? server->tcp : server->udp, query->name, query->type, on_answer,
                query);
}

/* hosts(5) goes before DNS. Returns whether it ended the query. */
static bool answered_by_hosts(struct query *query)
{
    struct answer answer;
    if (query->asked > 0 ||
        !hosts_answer(query->resolver->hosts, query->name, query->type, &answer))
        return false;
    query_finish(query, &answer, &(struct address){.family = AF_UNSPEC});
    answer_clear(&answer);
    return true;
}

static struct query *next_to_send(const struct resolver *resolver)
{
    const struct list *from =
        !list_empty(&resolver->urgent) ? &resolver->urgent : &resolver->waiting;
    return list_empty(from) ? NULL : list_entry(from->next, struct query, turn);
}

static void on_pump(evutil_socket_t fd, short events, void *arg)
{
    struct resolver *resolver = arg;
    struct query *query;
    (void)fd;
    (void)events;
    while ((query = next_to_send(resolver)) != NULL) {
        usec_t now = clock_now();
        if (answered_by_hosts(query))
            continue;
        usec_t wait = budget_take(&resolver->budget, now);
        if (wait > 0) {
            struct timeval span = clock_timeval(wait);
            event_add(resolver->pump, &span);
            return;
        }
        list_remove(&query->turn);
        query_send(query);
        if (resolver->busy && budget_reached_half(&resolver->budget, now))
            resolver->busy(resolver->busy_arg, resolver->budget.rate);
    }
}

int resolver_ask(struct resolver *resolver, const char *name, enum dns_type type, bool urgent,
                 resolver_callback *callback, void *arg, struct query **ret_query)
{
    size_t size = strlen(name) + 1;
    struct query *query = calloc(1, sizeof *query + size);
    if (!query)
        return -ENOMEM;
    *query = (struct query){.resolver = resolver,
                            .callback = callback,
                            .arg = arg,
                            .partial = {.outcome = ANSWER_MALFORMED},
                            .server = resolver->preferred,
                            .urgent = urgent,
                            .type = type};
    memcpy(query->name, name, size);
    list_init(&query->turn);
    list_append(&resolver->queries, &query->node);
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

/* --- servers ------------------------------------------------------------------------------- */

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

static int server_open(struct resolver *resolver, const struct address *address)
{
    struct server *server = &resolver->servers[resolver->server_count++];
    server->address = *address;
    int result = channel_open(resolver->base, address, TRANSPORT_UDP, &server->udp);
    return result < 0 ? result : channel_open(resolver->base, address, TRANSPORT_TCP, &server->tcp);
}

static int open_servers(struct event_base *base, const struct address *servers, size_t count,
                        unsigned budget, struct resolver **ret_resolver)
{
    if (count == 0)
        return -ENOENT;
    struct resolver *resolver = calloc(1, sizeof *resolver + count * sizeof(struct server));
    if (!resolver)
        return -ENOMEM;
    resolver->base = base;
    list_init(&resolver->queries);
    list_init(&resolver->urgent);
    list_init(&resolver->waiting);
    budget_init(&resolver->budget, budget, clock_now());
    resolver->pump = evtimer_new(base, on_pump, resolver);
    resolver->hosts = hosts_new(HOSTS_PATH);
    int result = resolver->pump && resolver->hosts ? 0 : -ENOMEM;
    for (size_t i = 0; i < count && result == 0; i++)
        result = server_open(resolver, &servers[i]);
    if (result < 0) {
        resolver_free(resolver);
        return result;
    }
    *ret_resolver = resolver;
    return 0;
}

int resolver_new(struct event_base *base, const struct address *servers, size_t count,
                 unsigned budget, struct resolver **ret_resolver)
{
    if (count > 0)
        return open_servers(base, servers, count, budget, ret_resolver);
    struct address *system = NULL;
    size_t system_count = 0;
    int result = system_servers(&system, &system_count);
    if (result == 0)
        result = open_servers(base, system, system_count, budget, ret_resolver);
    free(system);
    return result;
}

void resolver_on_busy(struct resolver *resolver, resolver_busy *busy, void *arg)
{
    resolver->busy = busy;
    resolver->busy_arg = arg;
}

void resolver_free(struct resolver *resolver)
{
    if (!resolver)
        return;
    list_each(node, &resolver->queries) query_cancel(list_entry(node, struct query, node));
    for (size_t i = 0; i < resolver->server_count; i++) {
        channel_close(resolver->servers[i].udp);
        channel_close(resolver->servers[i].tcp);
    }
    if (resolver->pump)
        event_free(resolver->pump);
    hosts_free(resolver->hosts);
    free(resolver);
}
