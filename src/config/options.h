#ifndef REDIAL_CONFIG_OPTIONS_H
#define REDIAL_CONFIG_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which struct of model.h a key's value belongs to. */
enum option_scope { OPTION_GLOBAL, OPTION_UPSTREAM };

enum option_type {
    OPTION_DURATION,
    OPTION_COUNT,
    OPTION_RATE, /* a count, with or without "/s" */
    OPTION_CHOICE,
    OPTION_DRAIN,   /* "drain" and a duration */
    OPTION_LISTENS, /* the lists: repeatable, and several with commas */
    OPTION_TARGETS,
    OPTION_NETWORKS,
    OPTION_RESOLVERS,
    OPTION_SOURCES,
    OPTION_ADMINS,
};

/* One key. The table of all of them is the only place that knows names, ranges and defaults: the
 * parser, `--help` and the test that holds the manual to them read it. */
struct config_option {
    const char *section, *key;
    enum option_scope scope;
    enum option_type type;
    size_t offset;              /* of the value in the scope's struct; lists: of the pointer */
    size_t width;               /* bytes of it */
    int64_t min, max;           /* duration (µs) and count */
    const char *const *choices; /* in the order of the enum; NULL ends it */
    const char *zero;           /* a word that means 0 (a list: empty), such as "off"; or NULL */
    const char *minus;          /* a word that means -1, such as "adaptive"; or NULL */
    const char *default_text;   /* NULL: an empty list */
    bool per_file;              /* belongs into an upstream's own file, not among the defaults */
    bool reloadable;
    const char *help;
};

extern const struct config_option option_table[];
extern const size_t option_count;

/* The option, or NULL. */
const struct config_option *option_find(const char *section, const char *key);

/* Whether any key has this section. */
bool option_section_known(const char *section);

/* The items of a list in the scope's struct, one behind the other; borrowed. */
const void *option_items(const struct config_option *option, const void *options,
                         size_t *ret_count);

/* A value that is no list, as a number. */
int64_t option_value(const struct config_option *option, const void *options);

/* Whether the type is a list, to which a further value is appended. */
bool option_is_list(const struct config_option *option);

/* Reads `text` into the scope's struct; a list is appended to, or emptied by its word for that.
 * Returns 0, or -EINVAL with ret_why (of `size` bytes) saying what is wrong and what is right, or
 * -ENOMEM; then nothing has changed. */
int option_set(const struct config_option *option, void *options, const char *text, char *ret_why,
               size_t size);

/* Empties a list. */
void option_clear_list(const struct config_option *option, void *options);

/* Sets every default of a scope in a zeroed struct. Returns 0 or -ENOMEM. */
int option_set_defaults(enum option_scope scope, void *options);

/* Frees what the options of a scope hold. */
void option_free_all(enum option_scope scope, void *options);

#endif
