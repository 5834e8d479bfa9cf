#include "config/dump.h"

#include <inttypes.h>
#include <string.h>

#include "config/options.h"
#include "config/value.h"

/* --- items of lists ----------------------------------------------------------------------------
 */

static void write_listen(const void *item, FILE *out)
{
    const struct listen *listen = item;
    char text[LISTEN_TEXT_MAX];
    fputs(listen_format(listen, text), out);
    if (!listen_is_unix(listen))
        return;
    fprintf(out, " mode=%04o", (unsigned)listen->mode);
    if (listen->user != LISTEN_USER_OWN)
        fprintf(out, " user=%u", (unsigned)listen->user);
    if (listen->group != LISTEN_GROUP_OWN)
        fprintf(out, " group=%u", (unsigned)listen->group);
}

static void write_target(const void *item, FILE *out)
{
    char text[TARGET_TEXT_MAX];
    fputs(target_format(item, text), out);
}

static void write_network(const void *item, FILE *out)
{
    char text[NETWORK_TEXT_MAX];
    fputs(network_format(item, text), out);
}

static void write_address(const void *item, FILE *out)
{
    char text[ADDRESS_TEXT_MAX];
    fputs(address_format(item, text), out);
}

/* Without its port, which is 0. */
static void write_source(const void *item, FILE *out)
{
    char text[ADDRESS_TEXT_MAX];
    fputs(address_format_ip(item, text), out);
}

static const struct list_type {
    size_t size;
    void (*write)(const void *item, FILE *out);
} list_types[] = {
    [OPTION_LISTENS] = {sizeof(struct listen), write_listen},
    [OPTION_TARGETS] = {sizeof(struct target), write_target},
    [OPTION_NETWORKS] = {sizeof(struct network), write_network},
    [OPTION_RESOLVERS] = {sizeof(struct address), write_address},
    [OPTION_SOURCES] = {sizeof(struct address), write_source},
    [OPTION_ADMINS] = {sizeof(struct listen), write_listen},
};

/* --- keys ---------------------------------------------------------------------------------------
 */

static void write_list(const struct config_option *option, const void *options, FILE *out)
{
    size_t count;
    const char *items = option_items(option, options, &count);
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "%s = ", option->key);
        list_types[option->type].write(items + i * list_types[option->type].size, out);
        fputc('\n', out);
    }
    if (count == 0)
        fprintf(out, option->zero ? "%s = off\n" : "#%s: none\n", option->key);
}

static void write_value(const struct config_option *option, int64_t value, FILE *out)
{
    char text[VALUE_DURATION_MAX];
    if (value == 0 && option->zero)
        fputs(option->zero, out);
    else if (value == -1 && option->minus)
        fputs(option->minus, out);
    else if (option->type == OPTION_CHOICE)
        fputs(option->choices[value], out);
    else if (option->type == OPTION_DURATION || option->type == OPTION_DRAIN)
        fprintf(out, "%s%s", option->type == OPTION_DRAIN ? "drain " : "",
                value_format_duration(value, text));
    else
        fprintf(out, "%" PRId64 "%s", value, option->type == OPTION_RATE ? "/s" : "");
}

static void write_scope(enum option_scope scope, const void *options, FILE *out)
{
    const char *section = "";
    for (size_t i = 0; i < option_count; i++) {
        const struct config_option *option = &option_table[i];
        if (option->scope != scope)
            continue;
        if (strcmp(option->section, section) != 0)
            fprintf(out, "%s[%s]\n", *section != '\0' ? "\n" : "", option->section);
        section = option->section;
        if (option_is_list(option)) {
            write_list(option, options, out);
            continue;
        }
        fprintf(out, "%s = ", option->key);
        write_value(option, option_value(option, options), out);
        fputc('\n', out);
    }
}

void config_dump(const struct config *config, FILE *out)
{
    fputs("# redial.conf\n", out);
    write_scope(OPTION_GLOBAL, &config->global, out);
    for (size_t i = 0; i < config->upstream_count; i++) {
        fprintf(out, "\n# upstreams.d/%s.conf\n", config->upstreams[i].name);
        write_scope(OPTION_UPSTREAM, &config->upstreams[i].options, out);
    }
}
