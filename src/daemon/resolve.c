#include "daemon/resolve.h"

#include <event2/event.h>
#include <string.h>

#include "config/config.h"
#include "discovery/discovery.h"

/* What stays the same for all questions of one upstream. */
struct print {
    struct event_base *base;
    struct resolver *resolver;
    struct servers *servers;
    const struct upstream_options *options;
    FILE *out;
    size_t found; /* addresses */
};

/* One question of the print-out. */
struct inquiry {
    struct print *print;
    enum dns_type type;
    uint16_t port;
    const char *indent;
    struct answer services; /* SRV: what was found */
};

static void print_record(FILE *out, const struct record *record, uint16_t port)
{
    char text[ADDRESS_TEXT_MAX];
    if (record_is_srv(record)) {
        fprintf(out, " %s:%u", record->target, record->port);
        fprintf(out, " (priority %u, weight %u)", record->priority, record->weight);
        return;
    }
    struct address address = record_address(record);
    address_set_port(&address, port);
    fprintf(out, " %s", address_format(&address, text));
}

static void on_reply(void *arg, const struct reply *reply)
{
    struct inquiry *inquiry = arg;
    struct print *print = inquiry->print;
    const struct answer *answer = reply->answer;
    char text[ADDRESS_TEXT_MAX];
    fprintf(print->out, "%s%s %s:", inquiry->indent, reply->asked, dns_type_name(inquiry->type));
    if (answer->outcome != ANSWER_RECORDS)
        fprintf(print->out, " %s", answer_outcome_name(answer->outcome));
    for (size_t i = 0; i < answer->count; i++)
        print_record(print->out, &answer->records[i], inquiry->port);
    if (answer->ttl != ANSWER_TTL_UNKNOWN)
        fprintf(print->out, ", ttl %us", answer->ttl);
    if (reply->source == REPLY_HOSTS)
        fprintf(print->out, ", from /etc/hosts");
    else if (reply->source == REPLY_SERVER)
        fprintf(print->out, ", from %s", address_format(&reply->server, text));
    else
        fprintf(print->out, ", since this host has no IPv6 route");
    fputc('\n', print->out);
    if (inquiry->type != DNS_TYPE_SRV)
        print->found += answer->count;
    else if (!answer_copy(&inquiry->services, answer))
        inquiry->services = (struct answer){0};
}

static void ask(struct inquiry *inquiry, const char *name, bool search)
{
    struct print *print = inquiry->print;
    struct query *query;
    struct question question = {
        .servers = print->servers,
        .name = name,
        .type = inquiry->type,
        .search = search,
        .needs_route = print->options->family != FAMILY_IPV6,
        .urgent = true,
    };
    if (resolver_ask(print->resolver, &question, on_reply, inquiry, &query) == 0)
        event_base_dispatch(print->base); /* returns when nothing is left to wait for */
}

static void print_host(struct print *print, const char *name, bool search, uint16_t port,
                       const char *indent)
{
    struct inquiry inquiry = {.print = print, .type = DNS_TYPE_A, .port = port, .indent = indent};
    if (print->options->family != FAMILY_IPV6)
        ask(&inquiry, name, search);
    inquiry.type = DNS_TYPE_AAAA;
    if (print->options->family != FAMILY_IPV4)
        ask(&inquiry, name, search);
}

static void print_service(struct print *print, const char *name, bool search)
{
    struct inquiry inquiry = {.print = print, .type = DNS_TYPE_SRV, .indent = "  "};
    ask(&inquiry, name, search);
    for (size_t i = 0; i < inquiry.services.count; i++)
        print_host(print, inquiry.services.records[i].target, false,
                   inquiry.services.records[i].port, "    ");
    answer_clear(&inquiry.services);
}

static void print_target(struct print *print, const struct target *target)
{
    char text[ADDRESS_TEXT_MAX];
    bool search = print->options->search != 0 && !target->absolute;
    switch (target->kind) {
    case TARGET_NAME:
        print_host(print, target->name, search, target->port, "  ");
        break;
    case TARGET_SERVICE:
        print_service(print, target->name, search);
        break;
    case TARGET_ADDRESS:
        fprintf(print->out, "  %s, static\n", address_format(&target->address, text));
        print->found++;
        break;
    }
}

/* Returns whether an address was found. */
static bool print_upstream(struct print *print, const struct config *config,
                           const struct upstream_config *upstream)
{
    print->options = &upstream->options;
    print->found = 0;
    fprintf(print->out, "%s\n", upstream->name);
    int result =
        discovery_servers(print->resolver, &config->global, print->options, &print->servers);
    if (result < 0)
        fprintf(print->out, "  no DNS server can be used: %s\n", strerror(-result));
    for (size_t i = 0; i < print->options->target_count && result == 0; i++)
        print_target(print, &print->options->targets[i]);
    if (print->found == 0)
        fprintf(print->out, "  no address: clients would wait and be reset\n");
    return print->found > 0;
}

int resolve_print(const struct config *config, FILE *out)
{
    struct print print = {.base = event_base_new(), .out = out};
    int status = 0;
    if (!print.base ||
        resolver_new(print.base, (unsigned)config->global.dns_budget, &print.resolver) < 0) {
        fprintf(out, "no memory to ask with\n");
        status = 1;
    }
    for (size_t i = 0; i < config->upstream_count && print.resolver; i++)
        if (!print_upstream(&print, config, &config->upstreams[i]))
            status = 1;
    resolver_free(print.resolver);
    if (print.base)
        event_base_free(print.base);
    return status;
}
