/* A whole configuration. The input is in parts, divided by lines of "%%": redial.conf, the files
 * of two upstreams, arguments (one a line), REDIAL_UPSTREAMS, REDIAL_SET, and the texts of -o (one
 * a line). An upstream's file that is empty is not there. */
#include <string.h>

#include "config/load.h"
#include "config_folders.h"
#include "errors_check.h"
#include "input.h"
#include "option_check.h"
#include "target.h"

#define DIVIDER "\n%%\n"
#define WORDS_MOST 8

/* --- the files ----------------------------------------------------------------------------------
 */

enum { MAIN_FILE, UPSTREAM_A, UPSTREAM_B, FILES };
static const char *const file_names[FILES] = {"redial.conf", "upstreams.d/a.conf",
                                              "upstreams.d/b.conf"};
static struct config_folders folders = {.names = file_names, .count = FILES};

/* Writes the files. Returns the folder that holds those that are there. */
static const char *write_files(struct input *input)
{
    int upstreams = 0;
    config_folders_open(&folders);
    for (int file = MAIN_FILE; file < FILES; file++) {
        struct input content = input_until(input, DIVIDER);
        if (content.left > 0 && file > MAIN_FILE)
            memory_file_write(&folders.files[++upstreams], &content);
        else if (file == MAIN_FILE)
            memory_file_write(&folders.files[MAIN_FILE], &content);
    }
    return config_folders_path(&folders, (2u << upstreams) - 1);
}

/* --- the words ----------------------------------------------------------------------------------
 */

static size_t read_words(struct input part, char *words[WORDS_MOST])
{
    size_t count = 0;
    while (part.left > 0 && count < WORDS_MOST) {
        struct input word = input_until(&part, "\n");
        words[count++] = input_text(&word);
    }
    return count;
}

static void free_words(char **words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(words[i]);
}

/* --- what comes of it ------------------------------------------------------------------------- */

static void check_options(enum option_scope scope, const void *options)
{
    for (size_t i = 0; i < option_count; i++)
        if (option_table[i].scope == scope)
            option_check(&option_table[i], options);
}

static bool same_listen(const struct listen *a, const struct listen *b)
{
    return a->kind == b->kind && address_equal(&a->address, &b->address) &&
           (listen_is_address(a) || strcmp(a->path, b->path) == 0);
}

/* Whether another listener than `wanted` itself is where that one is. */
static bool listens_on(const struct config *config, const struct listen *wanted)
{
    for (size_t i = 0; i < config->upstream_count; i++) {
        const struct upstream_options *options = &config->upstreams[i].options;
        for (size_t j = 0; j < options->listen_count; j++)
            if (&options->listens[j] != wanted && same_listen(&options->listens[j], wanted))
                return true;
    }
    return false;
}

static void check_upstream(const struct config *config, const struct upstream_config *upstream)
{
    const struct upstream_options *options = &upstream->options;
    expect(upstream->name && *upstream->name);
    check_options(OPTION_UPSTREAM, options);
    expect(options->listen_count > 0 && options->target_count > 0);
    expect(options->min_ttl <= options->max_ttl && options->eject_base <= options->eject_max);
    expect(options->source_count < 2 || (options->source_count == 2 &&
                                         options->sources[0].family != options->sources[1].family));
    for (size_t i = 0; i < options->listen_count; i++) {
        const struct listen *listen = &options->listens[i];
        expect(!listen_is_address(listen) || address_is_loopback(&listen->address) ||
               options->allowed_count > 0);
        expect(!listens_on(config, listen));
    }
    for (size_t i = 0; i < options->target_count; i++)
        if (options->targets[i].kind == TARGET_ADDRESS)
            expect(!listens_on(config, &(struct listen){.address = options->targets[i].address}));
}

/* A configuration, or errors: never both, never neither. */
static void check_load(const struct config_sources *sources)
{
    struct errors errors = {0};
    struct config *config = config_load(sources, &errors);
    expect((config == NULL) == (errors.count > 0));
    errors_check(&errors);
    errors_clear(&errors);
    if (!config)
        return;
    check_options(OPTION_GLOBAL, &config->global);
    expect(config->upstream_count > 0);
    for (size_t i = 0; i < config->upstream_count; i++)
        check_upstream(config, &config->upstreams[i]);
    config_unref(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    char *arguments[WORDS_MOST], *overrides[WORDS_MOST];
    const char *path = write_files(&input);
    size_t argument_count = read_words(input_until(&input, DIVIDER), arguments);
    struct input part = input_until(&input, DIVIDER);
    char *environment_upstreams = input_text(&part);
    part = input_until(&input, DIVIDER);
    char *environment_set = input_text(&part);
    size_t override_count = read_words(input, overrides);
    check_load(&(struct config_sources){.path = path,
                                        .upstreams = arguments,
                                        .upstream_count = argument_count,
                                        .overrides = overrides,
                                        .override_count = override_count,
                                        .environment_upstreams = environment_upstreams,
                                        .environment_set = environment_set});
    free_words(arguments, argument_count);
    free_words(overrides, override_count);
    free(environment_upstreams);
    free(environment_set);
    return 0;
}
