#include "config/options.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/item.h"
#include "config/model.h"
#include "config/value.h"

static const char *const balance_choices[] = {"round-robin", "least-connections", "random-two",
                                              NULL};
static const char *const family_choices[] = {"any", "ipv4", "ipv6", NULL};
static const char *const level_choices[] = {"error", "warning", "info", "debug", NULL};
static const char *const format_choices[] = {"text", "json", NULL};
static const char *const stop_choices[] = {"drain", "linger", NULL};
static const char *const proxy_choices[] = {"off", "v1", "v2", NULL};
static const char *const switch_choices[] = {"off", "on", NULL};

#define MEMBER(type, member)                                                                       \
    .offset = offsetof(struct type, member), .width = sizeof((struct type){0}.member)
#define GLOBAL(member) .scope = OPTION_GLOBAL, MEMBER(global_options, member)
#define UPSTREAM(member) .scope = OPTION_UPSTREAM, MEMBER(upstream_options, member)
#define DURATION(from, to) .type = OPTION_DURATION, .min = (from), .max = (to)
#define COUNT(from, to) .type = OPTION_COUNT, .min = (from), .max = (to)
#define RATE(from, to) .type = OPTION_RATE, .min = (from), .max = (to)
#define DRAIN(from, to) .type = OPTION_DRAIN, .min = (from), .max = (to)
#define CHOICE(names) .type = OPTION_CHOICE, .choices = (names)
#define MSEC USEC_PER_MSEC
#define SEC USEC_PER_SEC
#define HOUR (3600 * USEC_PER_SEC)

/* clang-format off: a table is read by its columns */
const struct config_option option_table[] = {
    {"redial", "threads", GLOBAL(threads), COUNT(1, 256), .zero = "auto", .default_text = "auto",
     .help = "worker threads; auto: the CPUs this process may use"},
    {"redial", "resolver", GLOBAL(resolvers), .type = OPTION_RESOLVERS, .reloadable = true,
     .help = "DNS servers, HOST[:PORT]; default: those of resolv.conf"},
    {"redial", "admin", GLOBAL(admins), .type = OPTION_ADMINS, .zero = "off",
     .default_text = "unix:/run/redial/admin.sock",
     .help = "admin interface: unix:PATH, or loopback HOST:PORT to read alone; or off"},
    {"redial", "log-level", GLOBAL(log_level), CHOICE(level_choices), .default_text = "info",
     .reloadable = true, .help = "the least important line that is written"},
    {"redial", "log-format", GLOBAL(log_format), CHOICE(format_choices), .default_text = "text",
     .reloadable = true, .help = "one text line, or one JSON object, an event"},
    {"redial", "access-log", GLOBAL(access_log), CHOICE(switch_choices), .default_text = "off",
     .reloadable = true, .help = "one line a connection when it ends"},
    {"redial", "max-connections", GLOBAL(max_connections), COUNT(1, 10000000), .zero = "auto",
     .default_text = "auto", .reloadable = true,
     .help = "connections open at once; auto: what the descriptor limit carries"},
    {"redial", "stop-timeout", GLOBAL(stop_timeout), DURATION(0, 24 * HOUR), .default_text = "30s",
     .reloadable = true, .help = "how long SIGTERM lets open connections finish"},
    {"redial", "stop-mode", GLOBAL(stop_mode), CHOICE(stop_choices), .default_text = "drain",
     .reloadable = true,
     .help = "on SIGTERM: drain accepts nobody more, linger does until the last has gone"},
    {"redial", "dns-budget", GLOBAL(dns_budget), RATE(10, 100000), .default_text = "512/s",
     .reloadable = true, .help = "DNS packets sent a second, for all upstreams together"},

    {"upstream", "listen", UPSTREAM(listens), .type = OPTION_LISTENS, .per_file = true,
     .reloadable = true,
     .help = "where applications connect: 127.0.0.1:PORT, PORT, unix:PATH, systemd:NAME"},
    {"upstream", "target", UPSTREAM(targets), .type = OPTION_TARGETS, .per_file = true,
     .reloadable = true,
     .help = "the service: name:port, srv:_service._proto.name or address:port"},
    {"upstream", "balance", UPSTREAM(balance), CHOICE(balance_choices),
     .default_text = "round-robin", .reloadable = true, .help = "how an address is chosen"},
    {"upstream", "allow", UPSTREAM(allowed), .type = OPTION_NETWORKS, .reloadable = true,
     .help = "networks (CIDR) that may connect; default: loopback alone"},
    {"upstream", "max-connections", UPSTREAM(max_connections), COUNT(1, 10000000), .zero = "off",
     .default_text = "off", .reloadable = true,
     .help = "connections of this upstream open at once"},

    {"dns", "family", UPSTREAM(family), CHOICE(family_choices), .default_text = "any",
     .reloadable = true, .help = "the addresses asked for: any, ipv4 or ipv6"},
    {"dns", "min-ttl", UPSTREAM(min_ttl), DURATION(100 * MSEC, 24 * HOUR), .default_text = "1s",
     .reloadable = true, .help = "a lesser TTL counts as this one; 0 too"},
    {"dns", "max-ttl", UPSTREAM(max_ttl), DURATION(100 * MSEC, 24 * HOUR), .default_text = "5m",
     .reloadable = true, .help = "a greater TTL counts as this one"},

    {"dns", "hold", UPSTREAM(hold), DURATION(0, 24 * HOUR), .default_text = "30s",
     .reloadable = true, .help = "how long DNS must say that there is nothing before it counts"},
    {"dns", "sample-size", UPSTREAM(sample_size), COUNT(1, 4096), .default_text = "8",
     .reloadable = true, .help = "an answer of so many addresses may be a part of the whole"},

    {"dns", "search", UPSTREAM(search), CHOICE(switch_choices), .default_text = "off",
     .reloadable = true, .help = "complete names by the search list of resolv.conf"},
    {"dns", "resolver", UPSTREAM(resolvers), .type = OPTION_RESOLVERS, .reloadable = true,
     .help = "DNS servers of this upstream; default: those of [redial]"},

    {"connect", "timeout", UPSTREAM(connect_timeout), DURATION(1 * MSEC, HOUR),
     .default_text = "2s", .reloadable = true, .help = "how long one address may take to accept"},
    {"connect", "deadline", UPSTREAM(deadline), DURATION(1 * MSEC, HOUR), .default_text = "10s",
     .reloadable = true, .help = "how long a client waits in all before it is reset"},

    {"connect", "source", UPSTREAM(sources), .type = OPTION_SOURCES, .reloadable = true,
     .help = "address of this host that connects come from: one IPv4, one IPv6 address"},
    {"connect", "hedge-after", UPSTREAM(hedge_after), DURATION(1 * MSEC, HOUR), .zero = "off",
     .minus = "adaptive", .default_text = "250ms", .reloadable = true,
     .help = "after which a second address is tried beside the first; adaptive: the p99 of before"},
    {"connect", "attempts", UPSTREAM(attempts), COUNT(0, 10000), .default_text = "0",
     .reloadable = true, .help = "connects started for a client at most; 0: no limit but time"},

    {"eject", "failures", UPSTREAM(eject_failures), COUNT(1, 10000), .zero = "off",
     .default_text = "1", .reloadable = true,
     .help = "failures in a row that put an address out of rotation"},
    {"eject", "base", UPSTREAM(eject_base), DURATION(100 * MSEC, 24 * HOUR), .default_text = "2s",
     .reloadable = true, .help = "how long it is out before redial itself tries it; doubles"},
    {"eject", "max", UPSTREAM(eject_max), DURATION(100 * MSEC, 24 * HOUR), .default_text = "60s",
     .reloadable = true, .help = "the longest wait between two such tries"},

    {"check", "interval", UPSTREAM(check_interval), DURATION(100 * MSEC, 24 * HOUR), .zero = "off",
     .default_text = "off", .reloadable = true,
     .help = "how often each address is connected to, to see whether it accepts"},
    {"check", "timeout", UPSTREAM(check_timeout), DURATION(1 * MSEC, HOUR), .default_text = "1s",
     .reloadable = true, .help = "how long a check may take"},
    {"check", "rise", UPSTREAM(check_rise), COUNT(1, 1000), .default_text = "2", .reloadable = true,
     .help = "good checks in a row that bring an address back"},
    {"check", "fall", UPSTREAM(check_fall), COUNT(1, 1000), .default_text = "3", .reloadable = true,
     .help = "failed checks in a row that put an address out of rotation"},

    {"session", "idle-timeout", UPSTREAM(idle_timeout), DURATION(100 * MSEC, 10000 * HOUR),
     .zero = "off", .default_text = "off", .reloadable = true,
     .help = "close a connection that carried nothing for so long"},
    {"session", "max-age", UPSTREAM(max_age), DURATION(1 * SEC, 1000 * HOUR), .zero = "off",
     .default_text = "off", .reloadable = true,
     .help = "close a connection so old at its next idle moment, give or take a tenth"},
    {"session", "removed", UPSTREAM(removed_drain), DRAIN(1 * SEC, 24 * HOUR), .zero = "keep",
     .default_text = "keep", .reloadable = true,
     .help = "connections to addresses that are gone: keep, or drain DURATION"},
    {"session", "keepalive", UPSTREAM(keepalive), CHOICE(switch_choices), .default_text = "on",
     .reloadable = true, .help = "probe idle connections, so that a vanished peer is noticed"},
    {"session", "user-timeout", UPSTREAM(user_timeout), DURATION(1 * SEC, 12 * HOUR), .zero = "off",
     .default_text = "30s", .reloadable = true,
     .help = "how long a backend may leave bytes or probes unacknowledged"},
    {"session", "proxy-protocol", UPSTREAM(proxy_protocol), CHOICE(proxy_choices),
     .default_text = "off", .reloadable = true,
     .help = "tell the backend whose connection it is, in the PROXY protocol: off, v1 or v2"},

    {"zone", "prefer", UPSTREAM(preferred), .type = OPTION_NETWORKS, .reloadable = true,
     .help = "networks (CIDR) whose addresses go first, the others when none of them can"},
};
/* clang-format on */

const size_t option_count = sizeof option_table / sizeof *option_table;

/* --- finding ------------------------------------------------------------------ */

const struct config_option *option_find(const char *section, const char *key)
{
    for (size_t i = 0; i < option_count; i++)
        if (strcmp(option_table[i].section, section) == 0 && strcmp(option_table[i].key, key) == 0)
            return &option_table[i];
    return NULL;
}

bool option_section_known(const char *section)
{
    for (size_t i = 0; i < option_count; i++)
        if (strcmp(option_table[i].section, section) == 0)
            return true;
    return false;
}

/* What a value is in the structs. */
union any_value {
    uint8_t byte;
    uint32_t word;
    int64_t number;
};

/* --- scalars -------------------------------------------------------------------- */

static int set_duration(const struct config_option *option, int64_t *value, const char *text,
                        char *why, size_t size)
{
    char low[VALUE_DURATION_MAX], high[VALUE_DURATION_MAX];
    usec_t span;
    int result = value_parse_duration(text, &span);
    if (result == -EINVAL) {
        snprintf(why, size, "it is not a duration such as 250ms, 5s, 2m or 1h%s%s%s%s",
                 option->zero ? ", nor " : "", option->zero ? option->zero : "",
                 option->minus ? ", nor " : "", option->minus ? option->minus : "");
    } else if (result < 0 || span < option->min || span > option->max) {
        result = -EINVAL;
        snprintf(why, size, "it must be from %s to %s", value_format_duration(option->min, low),
                 value_format_duration(option->max, high));
    } else {
        *value = span;
    }
    return result;
}

/* `drain 60s`; or `drain:60s`, where a blank cannot be. */
static int set_drain(const struct config_option *option, int64_t *value, const char *text,
                     char *why, size_t size)
{
    const size_t length = strlen("drain");
    size_t gap = strncmp(text, "drain", length) == 0 ? strspn(text + length, " \t:") : 0;
    if (gap > 0)
        return set_duration(option, value, text + length + gap, why, size);
    snprintf(why, size, "it must be %s, or drain and a duration: drain 60s", option->zero);
    return -EINVAL;
}

static int set_count(const struct config_option *option, int64_t *value, const char *text,
                     char *why, size_t size)
{
    int64_t count;
    int result = value_parse_count(text, &count);
    if (result == 0 && count >= option->min && count <= option->max) {
        *value = count;
        return 0;
    }
    snprintf(why, size, "it must be a number from %lld to %lld%s%s", (long long)option->min,
             (long long)option->max, option->zero ? ", or " : "", option->zero ? option->zero : "");
    return -EINVAL;
}

static int set_rate(const struct config_option *option, int64_t *value, const char *text, char *why,
                    size_t size)
{
    char number[32];
    size_t length = strlen(text);
    if (length > 2 && length < sizeof number && strcmp(text + length - 2, "/s") == 0) {
        memcpy(number, text, length - 2);
        number[length - 2] = '\0';
        text = number;
    }
    return set_count(option, value, text, why, size);
}

static int set_choice(const struct config_option *option, int64_t *value, const char *text,
                      char *why, size_t size)
{
    int length = snprintf(why, size, "it must be one of:");
    for (int64_t i = 0; option->choices[i]; i++) {
        if (strcmp(option->choices[i], text) == 0) {
            *value = i;
            return 0;
        }
        if (length > 0 && (size_t)length < size)
            length += snprintf(why + length, size - (size_t)length, " %s", option->choices[i]);
    }
    return -EINVAL;
}

/* --- lists ------------------------------------------------------------------------ */

/* In the structs a list is a pointer followed by its size_t count; so each list type differs only
 * in what one element is and how it is read. */
struct any_list {
    void *items;
    size_t count;
};

#define ASSERT_LIST(type, items, count)                                                            \
    static_assert(offsetof(struct type, count) == offsetof(struct type, items) + sizeof(void *),   \
                  "a list is a pointer and its count")
ASSERT_LIST(global_options, resolvers, resolver_count);
ASSERT_LIST(global_options, admins, admin_count);
ASSERT_LIST(upstream_options, listens, listen_count);
ASSERT_LIST(upstream_options, targets, target_count);
ASSERT_LIST(upstream_options, allowed, allowed_count);
ASSERT_LIST(upstream_options, resolvers, resolver_count);
ASSERT_LIST(upstream_options, preferred, preferred_count);
ASSERT_LIST(upstream_options, sources, source_count);

/* What an element is; one text becomes at most LISTEN_EXPANSION_MAX of them. */
static const struct list_type {
    size_t size;
    int (*parse)(const char *text, void *items, const char **why);
    void (*clear)(void *item); /* NULL: it owns nothing */
} list_types[] = {
    [OPTION_LISTENS] = {sizeof(struct listen), item_parse_listen, item_clear_listen},
    [OPTION_TARGETS] = {sizeof(struct target), item_parse_target, item_clear_target},
    [OPTION_NETWORKS] = {sizeof(struct network), item_parse_network, NULL},
    [OPTION_RESOLVERS] = {sizeof(struct address), item_parse_resolver, NULL},
    [OPTION_SOURCES] = {sizeof(struct address), item_parse_source, NULL},
    [OPTION_ADMINS] = {sizeof(struct listen), item_parse_admin, item_clear_listen},
};

static void list_read(const struct config_option *option, const void *options,
                      struct any_list *ret_list)
{
    memcpy(ret_list, (const char *)options + option->offset, sizeof *ret_list);
}

const void *option_items(const struct config_option *option, const void *options, size_t *ret_count)
{
    struct any_list list;
    list_read(option, options, &list);
    *ret_count = list.count;
    return list.items;
}

static void list_write(const struct config_option *option, void *options,
                       const struct any_list *list)
{
    memcpy((char *)options + option->offset, list, sizeof *list);
}

static void clear_items(void *items, size_t count, const struct list_type *type)
{
    for (size_t i = 0; i < count && type->clear; i++)
        type->clear((char *)items + i * type->size);
}

static void list_free(struct any_list *list, const struct list_type *type)
{
    clear_items(list->items, list->count, type);
    free(list->items);
}

/* Returns false where there is no memory. */
static bool list_add(struct any_list *list, const void *items, size_t count, size_t size)
{
    char *grown = reallocarray(list->items, list->count + count, size);
    if (!grown)
        return false;
    memcpy(grown + list->count * size, items, count * size);
    list->items = grown;
    list->count += count;
    return true;
}

/* Reads the words of a list, which it takes apart. */
static int read_words(const struct list_type *type, char *words, struct any_list *added,
                      const char **why)
{
    union {
        struct listen listen[LISTEN_EXPANSION_MAX];
        struct target target;
        struct network network;
        struct address address;
    } parsed;
    char *word;
    while ((word = strsep(&words, ",")) != NULL) {
        *why = "there is nothing between two commas";
        word += strspn(word, " \t");
        for (size_t end = strlen(word); end > 0 && strchr(" \t", word[end - 1]); end--)
            word[end - 1] = '\0';
        int count = *word == '\0' ? -EINVAL : type->parse(word, &parsed, why);
        if (count < 0)
            return count;
        if (!list_add(added, &parsed, (size_t)count, type->size)) {
            clear_items(&parsed, (size_t)count, type);
            return -ENOMEM;
        }
    }
    return 0;
}

static int set_list(const struct config_option *option, void *options, const char *text, char *why,
                    size_t size)
{
    const struct list_type *type = &list_types[option->type];
    const char *reason = NULL;
    struct any_list list, added = {0};
    list_read(option, options, &list);
    char *copy = strdup(text);
    int result = copy ? read_words(type, copy, &added, &reason) : -ENOMEM;
    if (result == 0 && !list_add(&list, added.items, added.count, type->size))
        result = -ENOMEM;
    if (result == 0)
        list_write(option, options, &list);
    else
        snprintf(why, size, "%s", result == -EINVAL ? reason : "there is no memory");
    free(copy);
    if (result < 0)
        list_free(&added, type);
    else
        free(added.items); /* what they own has moved */
    return result;
}

/* --- any option ------------------------------------------------------------------- */

static bool is_word(const char *text, const char *word)
{
    return word && strcmp(text, word) == 0;
}

bool option_is_list(const struct config_option *option)
{
    return option->type >= OPTION_LISTENS;
}

int64_t option_value(const struct config_option *option, const void *options)
{
    union any_value any;
    memcpy(&any, (const char *)options + option->offset, option->width);
    return option->width == sizeof any.byte   ? any.byte
           : option->width == sizeof any.word ? any.word
                                              : any.number;
}

static void store(const struct config_option *option, void *options, int64_t value)
{
    union any_value any = {.number = value};
    if (option->width == sizeof any.byte)
        any.byte = (uint8_t)value;
    else if (option->width == sizeof any.word)
        any.word = (uint32_t)value;
    memcpy((char *)options + option->offset, &any, option->width);
}

static int set_value(const struct config_option *option, int64_t *value, const char *text,
                     char *ret_why, size_t size)
{
    if (is_word(text, option->zero) || is_word(text, option->minus)) {
        *value = is_word(text, option->zero) ? 0 : -1;
        return 0;
    }
    if (option->type == OPTION_DURATION)
        return set_duration(option, value, text, ret_why, size);
    if (option->type == OPTION_DRAIN)
        return set_drain(option, value, text, ret_why, size);
    if (option->type == OPTION_COUNT)
        return set_count(option, value, text, ret_why, size);
    if (option->type == OPTION_RATE)
        return set_rate(option, value, text, ret_why, size);
    return set_choice(option, value, text, ret_why, size);
}

int option_set(const struct config_option *option, void *options, const char *text, char *ret_why,
               size_t size)
{
    int64_t value;
    if (option_is_list(option) && is_word(text, option->zero)) {
        option_clear_list(option, options);
        return 0;
    }
    if (option_is_list(option))
        return set_list(option, options, text, ret_why, size);
    int result = set_value(option, &value, text, ret_why, size);
    if (result == 0)
        store(option, options, value);
    return result;
}

void option_clear_list(const struct config_option *option, void *options)
{
    struct any_list list;
    list_read(option, options, &list);
    list_free(&list, &list_types[option->type]);
    list_write(option, options, &(struct any_list){0});
}

int option_set_defaults(enum option_scope scope, void *options)
{
    char why[128];
    for (size_t i = 0; i < option_count; i++) {
        const struct config_option *option = &option_table[i];
        if (option->scope != scope || !option->default_text)
            continue;
        int result = option_set(option, options, option->default_text, why, sizeof why);
        if (result < 0)
            return result; /* no memory; a unit test sets every default */
    }
    return 0;
}

void option_free_all(enum option_scope scope, void *options)
{
    for (size_t i = 0; i < option_count; i++)
        if (option_table[i].scope == scope && option_is_list(&option_table[i]))
            option_clear_list(&option_table[i], options);
}
