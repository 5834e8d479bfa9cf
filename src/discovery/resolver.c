#include "discovery/resolver.h"

#include <ares.h>
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file_stamp.h"
#include "base/list.h"
#include "discovery/budget.h"
#include "discovery/hosts.h"
#include "discovery/resolv_conf.h"
#include "discovery/route.h"
#include "discovery/servers.h"

#define DNS_PORT 53

/* What a question costs of the budget: by TCP the packets that open and close the connection count
 * as well. */
#define UDP_PACKETS 1
#define TCP_PACKETS 5

/* A query's place in the search list when that is another one now; the next place is the first. */
#define BEGIN_AGAIN SIZE_MAX

/* Looks at files and interfaces are no dearer than this, however many questions there are. */
#define LOOK_EVERY USEC_PER_SEC

/* One list of servers in use. */
struct group {
    struct list node;
    struct servers *servers;
    bool system; /* the list of resolv.conf */
};

struct resolver {
    struct event_base *base;
    struct budget budget;
    uint64_t sent;
    resolver_busy *busy;
    void *busy_arg;
    resolver_reread *reread;
    void *reread_arg;
    struct event *pump;
    struct list urgent, waiting; /* queries to be sent */
    struct list queries;         /* all */
    struct list groups;
    struct hosts *hosts;
    const char *conf_path;
    struct file_stamp conf_stamp;
    struct resolv_conf conf;
    usec_t conf_looked, route_looked;
    bool has_route;
};

struct query {
    struct list node; /* of the resolver */
    struct list turn; /* of the resolver's urgent or waiting ones */
    struct resolver *resolver;
    resolver_callback *callback; /* NULL: cancelled, c-ares has it still */
    void *arg;
    struct question question;
    struct answer partial; /* what a truncated answer named, while TCP is asked for the whole */
    size_t candidate;      /* of the search list */
    size_t server;
    unsigned asked; /* by UDP */
    bool by_tcp, with_ares;
    char asked_name[RESOLV_CONF_NAME_MOST + 1];
    char name[];
};

/* --- resolv.conf(5) ------------------------------------------------------------------------ */

static struct servers_manner manner_of(const struct resolv_conf *conf)
{
    return (struct servers_manner){
        .timeout = conf->timeout > 0 ? conf->timeout * USEC_PER_SEC : SERVERS_TIMEOUT,
        .rounds = conf->attempts > 0 ? conf->attempts : SERVERS_ROUNDS,
        .rotate = conf->rotate,
    };
}

static void begin_searches_again(struct resolver *resolver)
{
    list_each(node, &resolver->queries)
    {
        struct query *query = list_entry(node, struct query, node);
        if (query->question.search)
            query->candidate = BEGIN_AGAIN;
    }
}

/* Reads the file again where it has changed. What cannot be used changes nothing. */
static void refresh_conf(struct resolver *resolver, usec_t now)
{
    struct resolv_conf conf;
    if (now - resolver->conf_looked < LOOK_EVERY)
        return;
    resolver->conf_looked = now;
    if (!file_stamp_changed(&resolver->conf_stamp, resolver->conf_path))
        return;
    int result = resolv_conf_read(resolver->conf_path, &conf);
    if (result == 0 && conf.server_count == 0)
        result = -ENODATA; /* half written, maybe */
    struct servers_manner manner = manner_of(&conf);
    list_each(node, &resolver->groups)
    {
        struct group *group = list_entry(node, struct group, node);
        if (group->system && result == 0)
            result = servers_replace(group->servers, conf.servers, conf.server_count, &manner);
    }
    if (result == 0) {
        struct resolv_conf old = resolver->conf;
        resolver->conf = conf;
        conf = old;
        begin_searches_again(resolver);
    }
    resolv_conf_clear(&conf);
    if (result == -EMFILE || result == -ENFILE || result == -ENOMEM)
        resolver->conf_stamp = (struct file_stamp){0}; /* once more, in a moment */
    if (resolver->reread)
        resolver->reread(resolver->reread_arg, result);
}

static bool has_route(struct resolver *resolver, usec_t now)
{
    if (resolver->route_looked == 0 || now - resolver->route_looked >= LOOK_EVERY) {
        resolver->route_looked = now;
        resolver->has_route = route_has_ipv6();
    }
    return resolver->has_route;
}

/* --- queries --------------------------------------------------------------------------------- */

/* Goes to the n-th name to be asked for, or the next one that is no longer than names may be.
 * Returns false behind the last. */
static bool take_candidate(struct query *query, size_t n)
{
    const struct resolv_conf *conf = &query->resolver->conf;
    bool there;
    query->candidate = n;
    while ((there = resolv_conf_candidate(conf, query->name, query->question.search,
                                          query->candidate, query->asked_name)) &&
           *query->asked_name == '\0')
        query->candidate++;
    return there;
}

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
    list_append(query->question.urgent ? &resolver->urgent : &resolver->waiting, &query->turn);
    event_add(resolver->pump, &(struct timeval){0});
}

/* Begins (again) with the first server of the list as it is now. */
static void query_restart(struct query *query)
{
    query->server = servers_first(query->question.servers, clock_now());
    query->asked = 0;
    query->by_tcp = false;
    query_later(query);
}

/* Whether another server, or the same one again, may know better. A server that spoke is asked
 * once, a silent one in every round: the question or the answer may have been lost. */
static bool worth_asking_on(const struct query *query, enum answer_outcome outcome)
{
    size_t servers = servers_count(query->question.servers);
    switch (outcome) {
    case ANSWER_TIMEOUT:
        return query->asked < servers * servers_rounds(query->question.servers);
    case ANSWER_SERVFAIL:
    case ANSWER_REFUSED:
    case ANSWER_MALFORMED:
    case ANSWER_UNREACHABLE:
        return query->asked < servers;
    default:
        return false;
    }
}

static void query_finish(struct query *query, const struct answer *answer, enum reply_source source)
{
    resolver_callback *callback = query->callback;
    void *arg = query->arg;
    char asked[RESOLV_CONF_NAME_MOST + 1];
    struct reply reply = {.answer = answer, .source = source, .asked = asked};
    strcpy(asked, query->asked_name);
    if (source == REPLY_SERVER)
        reply.server = *servers_address(query->question.servers, query->server);
    query_free(query);
    callback(arg, &reply);
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
    if (query->partial.outcome != ANSWER_RECORDS || answer->outcome <= ANSWER_NXDOMAIN)
        return;
    answer_clear(answer);
    *answer = query->partial;
    answer->truncated = true;
    query->partial = (struct answer){.outcome = ANSWER_MALFORMED};
}

/* Silence and refusal are likely to meet the next name as well; an error may be this one's own. */
static void judge_server(const struct query *query, enum answer_outcome outcome)
{
    if (outcome == ANSWER_TIMEOUT || outcome == ANSWER_UNREACHABLE || outcome == ANSWER_REFUSED)
        servers_blame(query->question.servers, query->server, clock_now());
    else if (outcome != ANSWER_LOCAL_FAULT)
        servers_praise(query->question.servers, query->server);
}

static void judge_answer(struct query *query, struct answer *answer)
{
    if (query->by_tcp)
        use_partial(query, answer);
    else
        judge_server(query, answer->outcome);
    if (worth_asking_on(query, answer->outcome)) {
        query->server = (query->server + 1) % servers_count(query->question.servers);
        query->by_tcp = false;
        query_later(query);
        return;
    }
    /* A name without records of this type exists: A and AAAA must not find different ones. */
    if (answer->outcome == ANSWER_NXDOMAIN && take_candidate(query, query->candidate + 1))
        query_restart(query);
    else
        query_finish(query, answer, REPLY_SERVER);
}

static void on_answer(void *arg, int status, int timeouts, unsigned char *message, int length)
{
    struct query *query = arg;
    struct answer answer = {.outcome = ANSWER_MALFORMED, .ttl = ANSWER_TTL_UNKNOWN};
    (void)timeouts;
    query->with_ares = false;
    if (!query->callback) {
        query_free(query);
        return;
    }
    if (status == ARES_EDESTRUCTION) { /* resolv.conf names others now */
        query_restart(query);
        return;
    }
    if (message)
        answer_parse(message, (size_t)length, query->asked_name, query->question.type, &answer);
    else
        answer.outcome = channel_outcome(status);
    if (message && is_truncated(message, length) && !query->by_tcp)
        ask_by_tcp(query, &answer);
    else
        judge_answer(query, &answer);
    answer_clear(&answer);
}

static void query_send(struct query *query)
{
    enum transport transport = query->by_tcp ? TRANSPORT_TCP : TRANSPORT_UDP;
    query->with_ares = true;
    if (!query->by_tcp)
        query->asked++;
    channel_ask(servers_channel(query->question.servers, query->server, transport),
                query->asked_name, query->question.type, on_answer, query);
}

/* hosts(5) goes before DNS, and a host that cannot use the answer does not ask. Returns whether the
 * query is over. */
static bool answered_here(struct query *query, usec_t now)
{
    struct resolver *resolver = query->resolver;
    enum dns_type type = query->question.type;
    struct answer answer = {.outcome = ANSWER_NOT_ASKED, .ttl = ANSWER_TTL_UNKNOWN};
    if (query->asked > 0)
        return false;
    if (type != DNS_TYPE_SRV && hosts_answer(resolver->hosts, query->name, type, &answer)) {
        strcpy(query->asked_name, query->question.name);
        query_finish(query, &answer, REPLY_HOSTS);
    } else if (type == DNS_TYPE_AAAA && query->question.needs_route && !has_route(resolver, now)) {
        query_finish(query, &answer, REPLY_NOBODY);
    } else {
        return false;
    }
    answer_clear(&answer);
    return true;
}

bool resolver_may_ask(struct resolver *resolver, const struct question *question)
{
    return hosts_knows(resolver->hosts, question->name) || has_route(resolver, clock_now());
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
    refresh_conf(resolver, clock_now());
    while ((query = next_to_send(resolver)) != NULL) {
        usec_t now = clock_now();
        if (query->candidate == BEGIN_AGAIN && query->asked == 0)
            take_candidate(query, 0);
        if (answered_here(query, now))
            continue;
        usec_t wait =
            budget_take(&resolver->budget, query->by_tcp ? TCP_PACKETS : UDP_PACKETS, now);
        if (wait > 0) {
            struct timeval span = clock_timeval(wait);
            event_add(resolver->pump, &span);
            return;
        }
        list_remove(&query->turn);
        query_send(query);
        resolver->sent++;
        if (resolver->busy && budget_reached_half(&resolver->budget, now))
            resolver->busy(resolver->busy_arg, resolver->budget.rate);
    }
}

int resolver_ask(struct resolver *resolver, const struct question *question,
                 resolver_callback *callback, void *arg, struct query **ret_query)
{
    size_t size = strlen(question->name) + 1;
    struct query *query = calloc(1, sizeof *query + size);
    if (!query)
        return -ENOMEM;
    *query = (struct query){.resolver = resolver,
                            .callback = callback,
                            .arg = arg,
                            .question = *question,
                            .partial = {.outcome = ANSWER_MALFORMED}};
    memcpy(query->name, question->name, size);
    query->question.name = query->name;
    list_init(&query->turn);
    list_append(&resolver->queries, &query->node);
    take_candidate(query, 0);
    query_restart(query);
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

/* --- the resolver ------------------------------------------------------------------------------
 */

int resolver_servers(struct resolver *resolver, const struct address *addresses, size_t count,
                     struct servers **ret_servers)
{
    bool system = count == 0;
    list_each(node, &resolver->groups)
    {
        struct group *group = list_entry(node, struct group, node);
        if (group->system == system && (system || servers_are(group->servers, addresses, count))) {
            *ret_servers = group->servers;
            return 0;
        }
    }
    struct group *group = calloc(1, sizeof *group);
    if (!group)
        return -ENOMEM;
    struct servers_manner manner = manner_of(&resolver->conf);
    struct address loopback = address_ipv4(&(struct in_addr){htonl(INADDR_LOOPBACK)}, DNS_PORT);
    if (system) {
        addresses = resolver->conf.servers;
        count = resolver->conf.server_count;
    }
    if (count == 0) { /* as other resolvers do: resolv.conf(5) */
        addresses = &loopback;
        count = 1;
    }
    int result = servers_new(resolver->base, addresses, count, &manner, &group->servers);
    if (result < 0) {
        free(group);
        return result;
    }
    group->system = system;
    list_append(&resolver->groups, &group->node);
    *ret_servers = group->servers;
    return 0;
}

int resolver_new_with_files(struct event_base *base, unsigned budget, const char *hosts_path,
                            const char *resolv_conf_path, struct resolver **ret_resolver)
{
    struct resolver *resolver = calloc(1, sizeof *resolver);
    if (!resolver)
        return -ENOMEM;
    resolver->base = base;
    resolver->conf_path = resolv_conf_path;
    list_init(&resolver->queries);
    list_init(&resolver->urgent);
    list_init(&resolver->waiting);
    list_init(&resolver->groups);
    budget_init(&resolver->budget, budget, clock_now());
    resolver->pump = evtimer_new(base, on_pump, resolver);
    resolver->hosts = hosts_new(hosts_path);
    if (!resolver->pump || !resolver->hosts) {
        resolver_free(resolver);
        return -ENOMEM;
    }
    file_stamp_changed(&resolver->conf_stamp, resolv_conf_path);
    resolver->conf_looked = clock_now();
    resolv_conf_read(resolv_conf_path, &resolver->conf);
    *ret_resolver = resolver;
    return 0;
}

uint64_t resolver_sent(const struct resolver *resolver)
{
    return resolver->sent;
}

void resolver_set_budget(struct resolver *resolver, unsigned budget)
{
    resolver->budget.rate = budget;
}

int resolver_new(struct event_base *base, unsigned budget, struct resolver **ret_resolver)
{
    return resolver_new_with_files(base, budget, HOSTS_PATH, RESOLV_CONF_PATH, ret_resolver);
}

void resolver_on_busy(struct resolver *resolver, resolver_busy *busy, void *arg)
{
    resolver->busy = busy;
    resolver->busy_arg = arg;
}

void resolver_on_reread(struct resolver *resolver, resolver_reread *reread, void *arg)
{
    resolver->reread = reread;
    resolver->reread_arg = arg;
}

void resolver_free(struct resolver *resolver)
{
    if (!resolver)
        return;
    list_each(node, &resolver->queries) query_cancel(list_entry(node, struct query, node));
    list_each(node, &resolver->groups)
    {
        struct group *group = list_entry(node, struct group, node);
        servers_free(group->servers);
        free(group);
    }
    if (resolver->pump)
        event_free(resolver->pump);
    hosts_free(resolver->hosts);
    resolv_conf_clear(&resolver->conf);
    free(resolver);
}
