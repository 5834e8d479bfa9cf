#include "config/compare.h"

#include <string.h>

struct items {
    const char *first;
    size_t count;
};

bool listen_same_place(const struct listen *a, const struct listen *b)
{
    return a->kind == b->kind && (listen_is_address(a) ? address_equal(&a->address, &b->address)
                                                       : strcmp(a->path, b->path) == 0);
}

bool listen_equal(const struct listen *a, const struct listen *b)
{
    return listen_same_place(a, b) && a->mode == b->mode && a->user == b->user &&
           a->group == b->group;
}

bool listen_collides(const struct listen *a, const struct listen *b)
{
    if (!listen_is_address(a) || !listen_is_address(b))
        return listen_same_place(a, b);
    if (a->address.family != b->address.family ||
        address_port(&a->address) != address_port(&b->address))
        return false;
    return address_equal(&a->address, &b->address) || address_is_unspecified(&a->address) ||
           address_is_unspecified(&b->address);
}

static bool same_listen(const void *a, const void *b)
{
    return listen_equal(a, b);
}

static bool same_target(const void *a, const void *b)
{
    const struct target *one = a, *other = b;
    return one->kind == other->kind && address_equal(&one->address, &other->address) &&
           one->port == other->port && one->absolute == other->absolute &&
           (one->kind == TARGET_ADDRESS || strcmp(one->name, other->name) == 0);
}

static bool same_network(const void *a, const void *b)
{
    const struct network *one = a, *other = b;
    return address_equal(&one->address, &other->address) && one->prefix == other->prefix;
}

static bool same_address(const void *a, const void *b)
{
    return address_equal(a, b);
}

static const struct list_type {
    size_t size;
    bool (*equal)(const void *a, const void *b);
} list_types[] = {
    [OPTION_LISTENS] = {sizeof(struct listen), same_listen},
    [OPTION_TARGETS] = {sizeof(struct target), same_target},
    [OPTION_NETWORKS] = {sizeof(struct network), same_network},
    [OPTION_RESOLVERS] = {sizeof(struct address), same_address},
    [OPTION_SOURCES] = {sizeof(struct address), same_address},
    [OPTION_ADMINS] = {sizeof(struct listen), same_listen},
};

static bool same_list(const struct list_type *type, const struct items *a, const struct items *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!type->equal(a->first + i * type->size, b->first + i * type->size))
            return false;
    return true;
}

bool option_equal(const struct config_option *option, const void *a, const void *b)
{
    struct items one, other;
    if (!option_is_list(option))
        return option_value(option, a) == option_value(option, b);
    one.first = option_items(option, a, &one.count);
    other.first = option_items(option, b, &other.count);
    return same_list(&list_types[option->type], &one, &other);
}

/* The servers that are asked in the end: an upstream's own, or those of [redial]. */
static struct items servers_of(const struct global_options *global,
                               const struct upstream_options *options)
{
    if (options->resolver_count > 0)
        return (struct items){(const char *)options->resolvers, options->resolver_count};
    return (struct items){(const char *)global->resolvers, global->resolver_count};
}

/* Whether a key says how endpoints are found. */
static bool concerns_discovery(const struct config_option *option)
{
    if (strcmp(option->section, "dns") == 0)
        return strcmp(option->key, "resolver") != 0;
    return (strcmp(option->section, "upstream") == 0 && strcmp(option->key, "target") == 0) ||
           strcmp(option->section, "zone") == 0;
}

bool same_discovery(const struct global_options *global_a, const struct upstream_options *a,
                    const struct global_options *global_b, const struct upstream_options *b)
{
    const struct items servers_a = servers_of(global_a, a), servers_b = servers_of(global_b, b);
    for (size_t i = 0; i < option_count; i++)
        if (option_table[i].scope == OPTION_UPSTREAM && concerns_discovery(&option_table[i]) &&
            !option_equal(&option_table[i], a, b))
            return false;
    return same_list(&list_types[OPTION_RESOLVERS], &servers_a, &servers_b);
}
