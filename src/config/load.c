#include "config/load.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/compare.h"
#include "config/file.h"
#include "config/ini.h"
#include "config/settings.h"

#define NAME_LIMIT 64
#define COMMAND_LINE "command line"

/* An upstream before it is built: its name and what its own source says. */
struct draft {
    char *name;
    char *file;  /* what errors call its source */
    bool broken; /* its source has errors: what is missing may just be misspelt */
    struct settings settings;
};

struct loader {
    struct errors *errors;
    struct settings main, environment, arguments; /* the last two are -o and its twin */
    struct address_registry registry;
    struct draft *drafts;
    size_t draft_count;
    char *main_file;
    bool allow_empty;
};

/* Notes that there is no memory where `memory` is NULL. Returns it. */
static void *had(struct loader *loader, void *memory)
{
    if (!memory)
        errors_no_memory(loader->errors);
    return memory;
}

static char *format_text(struct loader *loader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static char *format_text(struct loader *loader, const char *format, ...)
{
    char *text;
    va_list args;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    return had(loader, text);
}

/* Takes over the texts, of which each may be NULL. Returns NULL where one is, or there is no memory
 * for more. */
static struct draft *draft_new(struct loader *loader, char *name, char *file)
{
    struct draft *grown = NULL;
    if (name && file)
        grown = had(loader, reallocarray(loader->drafts, loader->draft_count + 1, sizeof *grown));
    if (!grown) {
        free(name);
        free(file);
        return NULL;
    }
    loader->drafts = grown;
    struct draft *draft = &loader->drafts[loader->draft_count++];
    *draft = (struct draft){.name = name, .file = file};
    return draft;
}

/* --- files --------------------------------------------------------------------------- */

struct file_target {
    struct loader *loader;
    struct settings *settings;
    enum source_kind kind;
    const char *file;
    char unknown_section[64]; /* told once, not with each of its keys */
};

static void on_setting(void *arg, const char *section, const char *key, const char *value, int line)
{
    struct file_target *target = arg;
    if (!option_section_known(section)) {
        if (strcmp(target->unknown_section, section) == 0)
            return;
        snprintf(target->unknown_section, sizeof target->unknown_section, "%s", section);
    } else if (!key) {
        return;
    }
    settings_add(target->settings, target->kind, section, key, value,
                 (struct origin){target->file, line}, &target->loader->registry,
                 target->loader->errors);
}

/* Returns false where there is nothing to read. */
static bool read_file(struct loader *loader, const char *path, enum source_kind kind,
                      struct settings *settings)
{
    FILE *stream = file_open(path, kind == SOURCE_MAIN, loader->errors);
    if (!stream)
        return false;
    struct file_target target = {loader, settings, kind, path, ""};
    int result = ini_read(stream, path, on_setting, &target, loader->errors);
    if (result < 0)
        errors_add(loader->errors, (struct origin){path, 0}, "it cannot be read: %s",
                   strerror(-result));
    fclose(stream);
    return true;
}

static bool name_valid(const char *name)
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                 "._-");
    return length > 0 && length <= NAME_LIMIT && name[length] == '\0';
}

static void read_upstream_file(struct loader *loader, const char *directory, const char *entry)
{
    char *path = format_text(loader, "%s/%s", directory, entry);
    char *name = had(loader, strndup(entry, strlen(entry) - strlen(".conf")));
    struct draft *draft = draft_new(loader, name, path);
    if (!draft)
        return;
    if (!name_valid(name))
        errors_add(loader->errors, (struct origin){path, 0},
                   "the name of an upstream has 1 to %d letters, digits, dots, hyphens and "
                   "underscores: rename the file",
                   NAME_LIMIT);
    size_t before = loader->errors->count;
    read_file(loader, path, SOURCE_UPSTREAM, &draft->settings);
    draft->broken = loader->errors->count != before;
}

/* Returns -errno where it could not be read. */
static int read_upstream_directory(struct loader *loader, const char *directory)
{
    struct dirent **entries;
    int count = scandir(directory, &entries, file_is_upstream, alphasort);
    if (count < 0)
        return -errno;
    for (int i = 0; i < count; i++) {
        read_upstream_file(loader, directory, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return 0;
}

/* `upstreams` was looked into, with this result. */
static void check_upstream_directory(struct loader *loader, const char *upstreams, int result)
{
    struct origin origin = {upstreams, 0};
    bool lacking = loader->draft_count == 0 && !loader->allow_empty;
    if (result < 0 && result != -ENOENT)
        errors_add(loader->errors, origin, "it cannot be read: %s", strerror(-result));
    else if (result == 0 && lacking)
        errors_add(loader->errors, origin,
                   "there is no upstream: write NAME.conf into it, with listen and target");
    else if (lacking)
        errors_add(loader->errors, origin,
                   "there is no such directory: write NAME.conf into it, with listen and target, "
                   "or give the directory that holds upstreams.d, as in -c %s",
                   CONFIG_DEFAULT_PATH);
}

/* Whether a path of upstreams.d, or in it, was given for what holds it. `directory` is cut. */
static bool is_too_deep(struct loader *loader, const char *path, char *directory,
                        const char *upstreams)
{
    struct stat status;
    if (!file_is_upstreams(directory) || lstat(upstreams, &status) == 0)
        return false;
    file_cut_name(directory);
    errors_add(loader->errors, (struct origin){path, 0},
               "give the directory that holds upstreams.d: -c %s", directory);
    return true;
}

/* `directory` is a copy of `path`, for us to cut. */
static void read_files_of(struct loader *loader, const char *path, char *directory,
                          bool is_directory)
{
    size_t length = strlen(directory);
    while (length > 1 && directory[length - 1] == '/')
        directory[--length] = '\0';
    if (is_directory) {
        loader->main_file = format_text(loader, "%s/redial.conf", directory);
    } else {
        loader->main_file = format_text(loader, "%s", path);
        file_cut_name(directory);
    }
    char *upstreams = format_text(loader, "%s/upstreams.d", directory);
    if (upstreams && loader->main_file && !is_too_deep(loader, path, directory, upstreams)) {
        struct stat link; /* a link that leads nowhere is a mistake, not an absence */
        bool read = true;
        if (!is_directory || lstat(loader->main_file, &link) == 0)
            read = read_file(loader, loader->main_file, SOURCE_MAIN, &loader->main);
        int result = read_upstream_directory(loader, upstreams);
        if (read || result != -ENOENT) /* beside what is no redial.conf there need be none */
            check_upstream_directory(loader, upstreams, result);
    }
    free(upstreams);
}

static void report_no_path(struct loader *loader, const char *path, int error)
{
    struct origin origin = {path, 0};
    if (path[0] == '\0')
        errors_add(loader->errors, (struct origin){COMMAND_LINE, 0},
                   "the path of -c is empty: give redial.conf, or the directory that holds it");
    else if (error != ENOENT && error != ENOTDIR)
        errors_add(loader->errors, origin, "it cannot be read: %s", strerror(error));
    else
        errors_add(loader->errors, origin,
                   "there is no configuration (%s): give LISTEN=TARGET, as in "
                   "redial 127.0.0.1:3001=name.internal:3000, or write %s/upstreams.d/NAME.conf",
                   strerror(error), CONFIG_DEFAULT_PATH);
}

/* `path` names redial.conf, with upstreams.d beside it, or the directory of both. */
static void read_files(struct loader *loader, const char *path)
{
    struct stat status;
    if (stat(path, &status) < 0) {
        report_no_path(loader, path, errno);
        return;
    }
    char *directory = format_text(loader, "%s", path);
    if (directory)
        read_files_of(loader, path, directory, S_ISDIR(status.st_mode));
    free(directory);
}

/* --- command line and environment ------------------------------------------------------ */

static void read_argument(struct loader *loader, const char *text, const char *source)
{
    struct origin origin = {source, 0};
    const char *equals = strrchr(text, '='); /* LISTEN may have some of its own: mode=0660 */
    if (!equals || equals == text || equals[1] == '\0') {
        errors_add(loader->errors, origin,
                   "\"%.100s\" is not LISTEN=TARGET, as in 127.0.0.1:3001=name.internal:3000",
                   text);
        return;
    }
    char *listen = had(loader, strndup(text, (size_t)(equals - text)));
    char *name = had(loader, strndup(text, strcspn(text, " ="))); /* where it listens, no more */
    struct draft *draft = draft_new(loader, name, format_text(loader, "%s", source));
    if (!listen || !draft) {
        free(listen);
        return;
    }
    size_t before = loader->errors->count;
    settings_add(&draft->settings, SOURCE_UPSTREAM, "upstream", "listen", listen, origin,
                 &loader->registry, loader->errors);
    free(listen);
    settings_add(&draft->settings, SOURCE_UPSTREAM, "upstream", "target", equals + 1, origin,
                 &loader->registry, loader->errors);
    draft->broken = loader->errors->count != before;
}

static struct settings *line_of(struct loader *loader, const char *source)
{
    return strcmp(source, COMMAND_LINE) == 0 ? &loader->arguments : &loader->environment;
}

static void read_override(struct loader *loader, const char *text, const char *source)
{
    struct origin origin = {source, 0};
    const char *dot = strchr(text, '.'), *equals = strchr(text, '=');
    bool empty = equals && equals[1] == '\0';
    if (!dot || !equals || dot > equals || dot == text || equals == dot + 1 || empty) {
        errors_add(loader->errors, origin,
                   empty ? "\"%.100s\" has an empty value: leave it out for the default"
                         : "\"%.100s\" is not SECTION.KEY=VALUE, as in connect.timeout=1s",
                   text);
        return;
    }
    char *section = strndup(text, (size_t)(dot - text));
    char *key = strndup(dot + 1, (size_t)(equals - dot - 1));
    if (had(loader, section) && had(loader, key))
        settings_add(line_of(loader, source), SOURCE_OVERRIDE, section, key, equals + 1, origin,
                     &loader->registry, loader->errors);
    free(section);
    free(key);
}

static void read_words(struct loader *loader, const char *text, const char *source,
                       void (*read)(struct loader *, const char *, const char *))
{
    char *copy = format_text(loader, "%s", text ? text : ""), *rest = copy, *word;
    while ((word = strsep(&rest, " \t\r\n")) != NULL)
        if (*word != '\0')
            read(loader, word, source);
    free(copy);
}

/* --- building ---------------------------------------------------------------------------- */

static void check_listens(const struct loader *loader, const struct upstream_options *options)
{
    char text[ADDRESS_TEXT_MAX];
    for (size_t i = 0; i < options->listen_count; i++)
        if (listen_is_address(&options->listens[i]) && options->allowed_count == 0 &&
            !address_is_loopback(&options->listens[i].address))
            errors_add(
                loader->errors,
                address_registry_listener(&loader->registry, &options->listens[i].address)->origin,
                "listen address %s can be reached from other hosts: say which networks may "
                "connect, as in allow = 10.0.0.0/8",
                address_format(&options->listens[i].address, text));
}

/* A target that is one of our own listening addresses would dial itself until nothing is left. */
static void check_loops(const struct loader *loader)
{
    char text[ADDRESS_TEXT_MAX];
    for (size_t i = 0; i < loader->registry.target_count; i++) {
        const struct address_claim *target = &loader->registry.targets[i];
        if (address_registry_reached(&loader->registry, &target->address))
            errors_add(loader->errors, target->origin, "target %s is redial's own listen address",
                       address_format(&target->address, text));
    }
}

/* The kernel takes one address a connect, so a second one of its family would never be used. */
static void check_sources(const struct loader *loader, struct origin origin,
                          const struct upstream_options *options)
{
    size_t ipv4 = 0;
    for (size_t i = 0; i < options->source_count; i++)
        ipv4 += options->sources[i].family == AF_INET;
    if (ipv4 > 1 || options->source_count - ipv4 > 1)
        errors_add(loader->errors, origin, "[connect] source has more than one %s address",
                   ipv4 > 1 ? "IPv4" : "IPv6");
}

static void check_upstream(const struct loader *loader, const struct draft *draft,
                           const struct upstream_options *options)
{
    struct origin whole = {draft->file, 0};
    if (options->listen_count == 0)
        errors_add(loader->errors, whole, "listen is missing in [upstream]");
    if (options->target_count == 0)
        errors_add(loader->errors, whole, "target is missing in [upstream]");
    check_listens(loader, options);
    if (options->min_ttl > options->max_ttl)
        errors_add(loader->errors, whole, "[dns] min-ttl is greater than max-ttl");
    check_sources(loader, whole, options);
    if (options->eject_base > options->eject_max)
        errors_add(loader->errors, whole, "[eject] base is greater than max");
}

/* Where the addresses of the admin interface come from: the strongest source that names them. */
static struct origin admin_origin(const struct loader *loader)
{
    const struct config_option *option = option_find("redial", "admin");
    const struct settings *sources[] = {&loader->arguments, &loader->environment, &loader->main};
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        struct origin origin = settings_origin(sources[i], option);
        if (origin.file)
            return origin;
    }
    return (struct origin){"[redial] admin", 0};
}

/* Who connects to an upstream must not find the admin interface there. The registry cannot know: a
 * weaker source's admin addresses do not count. */
static void check_admin(const struct loader *loader, const struct global_options *options)
{
    struct origin origin = admin_origin(loader);
    char text[LISTEN_TEXT_MAX];
    for (size_t i = 0; i < options->admin_count; i++) {
        const struct listen *admin = &options->admins[i];
        listen_format(admin, text);
        const struct address_claim *claim = address_registry_claim(&loader->registry, admin);
        if (claim)
            errors_add(loader->errors, claim->origin,
                       "listen address %s is that of the admin interface: choose another one, "
                       "here or for [redial] admin",
                       text);
        for (size_t j = 0; j < i; j++)
            if (listen_same_place(admin, &options->admins[j])) {
                errors_add(loader->errors, origin, "admin address %s is named twice", text);
                break;
            }
    }
}

/* Without the admin socket that nobody has asked for, redial starts all the same. */
static void build_global(const struct loader *loader, struct global_options *options)
{
    int result = option_set_defaults(OPTION_GLOBAL, options);
    for (size_t i = 0; i < options->admin_count; i++)
        options->admins[i].optional = true;
    const struct settings *sources[] = {&loader->main, &loader->environment, &loader->arguments};
    for (size_t i = 0; i < sizeof sources / sizeof *sources && result == 0; i++)
        result = settings_apply(sources[i], OPTION_GLOBAL, options);
    if (result < 0)
        errors_no_memory(loader->errors);
    check_admin(loader, options);
}

static void build_upstream(const struct loader *loader, struct draft *draft,
                           struct upstream_config *upstream)
{
    const struct settings *sources[] = {&loader->main, &draft->settings, &loader->environment,
                                        &loader->arguments};
    int result = option_set_defaults(OPTION_UPSTREAM, &upstream->options);
    for (size_t i = 0; i < sizeof sources / sizeof *sources && result == 0; i++)
        result = settings_apply(sources[i], OPTION_UPSTREAM, &upstream->options);
    if (result < 0)
        errors_no_memory(loader->errors);
    upstream->name = draft->name;
    draft->name = NULL;
}

static struct config *build(struct loader *loader)
{
    struct config *config = calloc(1, sizeof *config);
    struct upstream_config *upstreams = calloc(loader->draft_count + 1, sizeof *upstreams);
    if (!had(loader, config) || !had(loader, upstreams)) {
        free(config);
        free(upstreams);
        return NULL;
    }
    config->references = 1;
    build_global(loader, &config->global);
    config->upstreams = upstreams;
    config->upstream_count = loader->draft_count;
    for (size_t i = 0; i < loader->draft_count; i++) {
        build_upstream(loader, &loader->drafts[i], &upstreams[i]);
        if (!loader->drafts[i].broken)
            check_upstream(loader, &loader->drafts[i], &upstreams[i].options);
    }
    return config;
}

static void loader_clear(struct loader *loader)
{
    for (size_t i = 0; i < loader->draft_count; i++) {
        settings_clear(&loader->drafts[i].settings);
        free(loader->drafts[i].name);
        free(loader->drafts[i].file);
    }
    free(loader->drafts);
    settings_clear(&loader->main);
    settings_clear(&loader->environment);
    settings_clear(&loader->arguments);
    address_registry_clear(&loader->registry);
    free(loader->main_file);
}

const char *config_path(const struct config_sources *sources)
{
    const char *words = sources->environment_upstreams;
    bool elsewhere =
        sources->upstream_count > 0 || (words && words[strspn(words, " \t\n")] != '\0');
    if (sources->path)
        return sources->path;
    return elsewhere ? NULL : CONFIG_DEFAULT_PATH;
}

struct config *config_load(const struct config_sources *sources, struct errors *errors)
{
    struct loader loader = {.errors = errors, .allow_empty = sources->allow_empty};
    for (size_t i = 0; i < sources->upstream_count; i++)
        read_argument(&loader, sources->upstreams[i], COMMAND_LINE);
    read_words(&loader, sources->environment_upstreams, "REDIAL_UPSTREAMS", read_argument);
    read_words(&loader, sources->environment_set, "REDIAL_SET", read_override);
    for (size_t i = 0; i < sources->override_count; i++)
        read_override(&loader, sources->overrides[i], COMMAND_LINE);
    const char *path = config_path(sources);
    if (path)
        read_files(&loader, path);
    check_loops(&loader);
    struct config *config = build(&loader);
    loader_clear(&loader);
    if (errors->count == 0)
        return config;
    config_unref(config);
    return NULL;
}
