#include "questions.h"

#include <errno.h>
#include <string.h>

#include "../target.h"

#define SERVERS_MOST 8
#define LIST_MOST 4

struct servers {
    struct address addresses[LIST_MOST];
    size_t count;
};

struct resolver {
    unsigned budget;
};

static struct list waiting;
static size_t count;
static bool has_route, lacks_memory;

static struct servers known[SERVERS_MOST];
static size_t known_count;

void questions_begin(bool route)
{
    expect(count == 0);
    list_init(&waiting);
    has_route = route;
    lacks_memory = false;
}

void questions_set_route(bool route)
{
    has_route = route;
}

void questions_lack_memory(void)
{
    lacks_memory = true;
}

/* --- as discovery/resolver.h says ------------------------------------------------------------- */

int resolver_new(struct event_base *base, unsigned budget, struct resolver **ret_resolver)
{
    struct resolver *resolver = calloc(1, sizeof *resolver);
    expect(base && resolver);
    resolver->budget = budget;
    *ret_resolver = resolver;
    return 0;
}

void resolver_free(struct resolver *resolver)
{
    expect(count == 0);
    free(resolver);
}

void resolver_set_budget(struct resolver *resolver, unsigned budget)
{
    expect(budget >= 10);
    resolver->budget = budget;
}

static bool are(const struct servers *servers, const struct address *addresses, size_t number)
{
    bool same = servers->count == number;
    for (size_t i = 0; i < number && same; i++)
        same = address_equal(&servers->addresses[i], &addresses[i]);
    return same;
}

static bool is_bad(const struct address *address)
{
    struct address bad;
    return address_parse_ip(QUESTIONS_BAD_SERVER, address_port(address), &bad) &&
           address_equal(&bad, address);
}

int resolver_servers(struct resolver *resolver, const struct address *addresses, size_t number,
                     struct servers **ret_servers)
{
    size_t i = 0;
    expect(resolver && number <= LIST_MOST);
    if (number > 0 && is_bad(&addresses[0]))
        return -EINVAL;
    while (i < known_count && !are(&known[i], addresses, number))
        i++;
    if (i == known_count) {
        expect(known_count < SERVERS_MOST);
        known[i].count = number;
        for (size_t j = 0; j < number; j++)
            known[i].addresses[j] = addresses[j];
        known_count++;
    }
    *ret_servers = &known[i];
    return 0;
}

bool resolver_may_ask(struct resolver *resolver, const struct question *question)
{
    expect(resolver && question->type == DNS_TYPE_AAAA);
    return has_route;
}

/* One question a time, whoever wants its answer. */
static void expect_news(const struct question *question)
{
    list_each(node, &waiting)
    {
        const struct query *query = list_entry(node, struct query, node);
        expect(query->servers != question->servers || query->type != question->type ||
               query->search != question->search || strcmp(query->name, question->name) != 0);
    }
}

int resolver_ask(struct resolver *resolver, const struct question *question,
                 resolver_callback *callback, void *arg, struct query **ret_query)
{
    expect(resolver && question->servers && question->name[0] != '\0');
    expect_news(question);
    if (lacks_memory) {
        lacks_memory = false;
        return -ENOMEM;
    }
    struct query *query = calloc(1, sizeof *query);
    expect(query && strlen(question->name) < sizeof query->name);
    strcpy(query->name, question->name);
    query->servers = question->servers;
    query->type = question->type;
    query->search = question->search;
    query->callback = callback;
    query->arg = arg;
    list_append(&waiting, &query->node);
    count++;
    *ret_query = query;
    return 0;
}

void query_cancel(struct query *query)
{
    if (!query)
        return;
    list_remove(&query->node);
    count--;
    free(query);
}

/* --- for the input ---------------------------------------------------------------------------- */

size_t questions_count(void)
{
    return count;
}

struct query *questions_nth(size_t n)
{
    struct list *node = waiting.next;
    while (n-- > 0)
        node = node->next;
    return list_entry(node, struct query, node);
}

const struct query *questions_of(const void *lookup)
{
    list_each(node, &waiting)
    {
        const struct query *query = list_entry(node, struct query, node);
        if (query->arg == lookup)
            return query;
    }
    return NULL;
}

void questions_answer(struct query *query, const struct answer *answer)
{
    const struct query copy = *query;
    struct reply reply = {.answer = answer, .source = REPLY_SERVER, .asked = copy.name};
    expect(address_parse_ip("192.0.2.53", 53, &reply.server));
    query_cancel(query);
    copy.callback(copy.arg, &reply);
}
