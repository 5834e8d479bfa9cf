#include "daemon/resolve.h"

#include <event2/event.h>
#include <string.h>

#include "config/config.h"
#include "discovery/resolver.h"

/* One question of the print-out. */
struct question {
    FILE *out;
    const struct target *target;
    enum dns_type type;
    size_t found;
};

static void on_answer(void *arg, const struct answer *answer, const struct address *server)
{
    struct question *question = arg;
    char text[ADDRESS_TEXT_MAX];
    fprintf(question->out, "  %s %s: ", question->target->name, dns_type_name(question->type));
    if (answer->outcome != ANSWER_ADDRESSES)
        fprintf(question->out, "%s", answer_outcome_name(answer->outcome));
    for (size_t i = 0; i < answer->count; i++) {
        struct address address = answer->addresses[i];
        address_set_port(&address, question->target->port);
        fprintf(question->out, "%s%s", i > 0 ? " " : "", address_format(&address, text));
    }
    if (answer->ttl != ANSWER_TTL_UNKNOWN)
        fprintf(question->out, ", ttl %us", answer->ttl);
    fprintf(question->out, ", from %s\n",
            server->family == AF_UNSPEC ? "/etc/hosts" : address_format(server, text));
    question->found = answer->count;
}

static size_t ask(struct event_base *base, struct resolver *resolver, struct question question)
{
    struct query *query;
    if (resolver_ask(resolver, question.target->name, question.type, true, on_answer, &question,
                     &query) == 0)
        event_base_dispatch(base); /* returns when nothing is left to wait for */
    return question.found;
}

static size_t print_target(struct event_base *base, struct resolver *resolver, FILE *out,
                           const struct upstream_options *options, const struct target *target)
{
    char text[ADDRESS_TEXT_MAX];
    size_t found = 0;
    if (target->kind == TARGET_ADDRESS) {
        fprintf(out, "  %s, static\n", address_format(&target->address, text));
        return 1;
    }
    if (options->family != FAMILY_IPV6)
        found += ask(base, resolver, (struct question){out, target, DNS_TYPE_A, 0});
    if (options->family != FAMILY_IPV4)
        found += ask(base, resolver, (struct question){out, target, DNS_TYPE_AAAA, 0});
    return found;
}

int resolve_print(const struct config *config, FILE *out)
{
    struct event_base *base = event_base_new();
    struct resolver *resolver = NULL;
    int status = 0;
    int result = base ? resolver_new(base, config->global.resolvers, config->global.resolver_count,
                                     (unsigned)config->global.dns_budget, &resolver)
                      : -1;
    if (result < 0)
        fprintf(out, "no DNS server can be used: %s\n", strerror(-result));
    for (size_t i = 0; i < config->upstream_count && result == 0; i++) {
        const struct upstream_options *options = &config->upstreams[i].options;
        size_t found = 0;
        fprintf(out, "%s\n", config->upstreams[i].name);
        for (size_t j = 0; j < options->target_count; j++)
            found += print_target(base, resolver, out, options, &options->targets[j]);
        if (found == 0)
            fprintf(out, "  no address: clients would wait and be reset\n");
        status = found == 0 ? 1 : status;
    }
    resolver_free(resolver);
    if (base)
        event_base_free(base);
    return result < 0 ? 1 : status;
}
