#include "config/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/model.h"
#include "config/suggest.h"

#define WHY_MAX 192

static const struct setting *settings_find(const struct settings *settings,
                                           const struct config_option *option)
{
    for (size_t i = 0; i < settings->count; i++)
        if (settings->items[i].option == option)
            return &settings->items[i];
    return NULL;
}

/* --- refusing --------------------------------------------------------------------- */

static void report_unknown(const char *section, const char *key, struct origin origin,
                           struct errors *errors)
{
    if (!option_section_known(section)) {
        const char *near = option_suggest(section, NULL);
        errors_add(errors, origin, "unknown section [%.60s]%s%s%s", section,
                   near ? ": did you mean [" : "", near ? near : "", near ? "]?" : "");
        return;
    }
    const char *near = option_suggest(section, key);
    if (near) {
        errors_add(errors, origin, "unknown key %.60s in [%s]: did you mean %s?", key, section,
                   near);
        return;
    }
    for (size_t i = 0; i < option_count; i++)
        if (strcmp(option_table[i].key, key) == 0) {
            errors_add(errors, origin, "unknown key %.60s in [%s]: it belongs in [%s]", key,
                       section, option_table[i].section);
            return;
        }
    errors_add(errors, origin, "unknown key %.60s in [%s]", key, section);
}

static bool may_hold(const struct settings *settings, enum source_kind kind,
                     const struct config_option *option, struct origin origin,
                     struct errors *errors)
{
    if (kind == SOURCE_UPSTREAM && option->scope == OPTION_GLOBAL) {
        errors_add(errors, origin, "[%s] %s is for the whole process: it belongs in redial.conf",
                   option->section, option->key);
        return false;
    }
    if (kind != SOURCE_UPSTREAM && option->per_file) {
        errors_add(errors, origin,
                   "[%s] %s is for one upstream: it belongs in upstreams.d/NAME.conf",
                   option->section, option->key);
        return false;
    }
    const struct setting *before = settings_find(settings, option);
    if (before && kind != SOURCE_OVERRIDE && !option_is_list(option)) {
        errors_add(errors, origin, "%s is set twice: the first time in line %d", option->key,
                   before->origin.line);
        return false;
    }
    return true;
}

const struct address_claim *address_registry_listener(const struct address_registry *registry,
                                                      const struct address *address)
{
    bool any = address_is_unspecified(address);
    for (size_t i = 0; i < registry->listen_count; i++) {
        const struct address *claimed = &registry->listens[i].address;
        if (claimed->family != address->family || claimed->in.sin_port != address->in.sin_port)
            continue;
        if (any || address_equal(address, claimed) || address_is_unspecified(claimed))
            return &registry->listens[i];
    }
    return NULL;
}

const struct address_claim *address_registry_reached(const struct address_registry *registry,
                                                     const struct address *address)
{
    const struct address_claim *claim = address_registry_listener(registry, address);
    bool own = claim && (address_equal(&claim->address, address) || address_is_loopback(address) ||
                         address_is_unspecified(address));
    return own ? claim : NULL;
}

const struct address_claim *address_registry_claim(const struct address_registry *registry,
                                                   const struct listen *listen)
{
    char text[LISTEN_TEXT_MAX];
    if (listen_is_address(listen))
        return address_registry_listener(registry, &listen->address);
    listen_format(listen, text);
    for (size_t i = 0; i < registry->listen_count; i++)
        if (registry->listens[i].label && strcmp(registry->listens[i].label, text) == 0)
            return &registry->listens[i];
    return NULL;
}

static void report_claimed(const struct listen *listen, const struct address_claim *claim,
                           struct origin origin, struct errors *errors)
{
    char text[LISTEN_TEXT_MAX];
    listen_format(listen, text);
    if (claim->origin.line > 0)
        errors_add(errors, origin, "listen address %s is taken already, by %s:%d", text,
                   claim->origin.file, claim->origin.line);
    else
        errors_add(errors, origin, "listen address %s is taken already, by the %s", text,
                   claim->origin.file);
}

static void add_claim(struct address_claim **claims, size_t *count, struct address_claim claim,
                      struct errors *errors)
{
    struct address_claim *grown = reallocarray(*claims, *count + 1, sizeof *grown);
    if (!grown) {
        free(claim.label);
        errors_no_memory(errors);
        return;
    }
    grown[(*count)++] = claim;
    *claims = grown;
}

static void claim_listens(const struct upstream_options *options, struct origin origin,
                          struct address_registry *registry, struct errors *errors)
{
    char text[LISTEN_TEXT_MAX];
    for (size_t i = 0; i < options->listen_count; i++) {
        const struct listen *listen = &options->listens[i];
        const struct address_claim *claim = address_registry_claim(registry, listen);
        if (claim) {
            report_claimed(listen, claim, origin, errors);
            return; /* a bare PORT is two addresses and one slip */
        }
        char *label = listen_is_address(listen) ? NULL : strdup(listen_format(listen, text));
        if (!label && !listen_is_address(listen)) {
            errors_no_memory(errors);
            return;
        }
        add_claim(&registry->listens, &registry->listen_count,
                  (struct address_claim){listen->address, label, origin}, errors);
    }
}

static void note_targets(const struct upstream_options *options, struct origin origin,
                         struct address_registry *registry, struct errors *errors)
{
    for (size_t i = 0; i < options->target_count; i++)
        if (options->targets[i].kind == TARGET_ADDRESS)
            add_claim(&registry->targets, &registry->target_count,
                      (struct address_claim){options->targets[i].address, NULL, origin}, errors);
}

/* Reads the value into a throw-away struct, so that each error is told once and at its line. */
static bool value_valid(const struct config_option *option, const char *value, struct origin origin,
                        struct address_registry *registry, struct errors *errors)
{
    union {
        struct global_options global;
        struct upstream_options upstream;
    } scratch;
    char why[WHY_MAX];
    memset(&scratch, 0, sizeof scratch);
    int result = option_set(option, &scratch, value, why, sizeof why);
    if (result == -ENOMEM) {
        errors_no_memory(errors);
        return false;
    }
    if (result < 0) {
        errors_add(errors, origin, "%s = %.100s: %s", option->key, value, why);
        return false;
    }
    if (option->type == OPTION_LISTENS)
        claim_listens(&scratch.upstream, origin, registry, errors);
    if (option->type == OPTION_TARGETS)
        note_targets(&scratch.upstream, origin, registry, errors);
    option_free_all(option->scope, &scratch);
    return true;
}

/* --- the list ----------------------------------------------------------------------- */

void settings_add(struct settings *settings, enum source_kind kind, const char *section,
                  const char *key, const char *value, struct origin origin,
                  struct address_registry *registry, struct errors *errors)
{
    const struct config_option *option = option_find(section, key);
    if (!option) {
        report_unknown(section, key, origin, errors);
        return;
    }
    if (!may_hold(settings, kind, option, origin, errors) ||
        !value_valid(option, value, origin, registry, errors))
        return;
    char *copy = strdup(value);
    struct setting *grown =
        copy ? reallocarray(settings->items, settings->count + 1, sizeof *grown) : NULL;
    if (!grown) {
        free(copy);
        errors_no_memory(errors);
        return;
    }
    settings->items = grown;
    settings->items[settings->count++] = (struct setting){option, copy, origin};
}

int settings_apply(const struct settings *settings, enum option_scope scope, void *options)
{
    char why[WHY_MAX];
    for (size_t i = 0; i < settings->count; i++) {
        const struct setting *setting = &settings->items[i];
        if (setting->option->scope != scope)
            continue;
        if (option_is_list(setting->option) && settings_find(settings, setting->option) == setting)
            option_clear_list(setting->option, options);
        int result = option_set(setting->option, options, setting->value, why, sizeof why);
        if (result < 0)
            return result; /* no memory: it was valid when it was added */
    }
    return 0;
}

struct origin settings_origin(const struct settings *settings, const struct config_option *option)
{
    struct origin origin = {NULL, 0};
    for (size_t i = 0; i < settings->count; i++)
        if (settings->items[i].option == option)
            origin = settings->items[i].origin;
    return origin;
}

void settings_clear(struct settings *settings)
{
    for (size_t i = 0; i < settings->count; i++)
        free(settings->items[i].value);
    free(settings->items);
    *settings = (struct settings){0};
}

void address_registry_clear(struct address_registry *registry)
{
    for (size_t i = 0; i < registry->listen_count; i++)
        free(registry->listens[i].label);
    free(registry->listens);
    free(registry->targets);
    *registry = (struct address_registry){0};
}
