#ifndef REDIAL_CONFIG_SETTINGS_H
#define REDIAL_CONFIG_SETTINGS_H

#include <stdbool.h>

#include "config/errors.h"
#include "config/listen.h"
#include "config/options.h"

/* One `key = value` of a source, known to be valid by itself. */
struct setting {
    const struct config_option *option;
    char *value;
    struct origin origin;
};

/* What one source says: redial.conf, an upstream's file, the overrides of -o. */
struct settings {
    struct setting *items;
    size_t count;
};

/* Which keys a source may hold. */
enum source_kind {
    SOURCE_MAIN,     /* redial.conf: [redial], and defaults for all upstreams */
    SOURCE_UPSTREAM, /* an upstream's own file */
    SOURCE_OVERRIDE, /* -o and REDIAL_SET: what redial.conf takes; the last of a key wins */
};

/* An address, a Unix socket or a name that systemd hands over, and where it was said. */
struct address_claim {
    struct address address;
    char *label; /* unix:PATH or systemd:NAME; NULL: an address */
    struct origin origin;
};

/* Every address that some upstream listens on, and every one that is a static target. */
struct address_registry {
    struct address_claim *listens, *targets;
    size_t listen_count, target_count;
};

/* Adds one setting when the source may hold it and its value is valid; otherwise adds an error with
 * the nearest known name. A listen address is entered in `registry` and may be there only once. */
void settings_add(struct settings *settings, enum source_kind kind, const char *section,
                  const char *key, const char *value, struct origin origin,
                  struct address_registry *registry, struct errors *errors);

/* Applies those of a scope to a struct of model.h. A source that names a list replaces it. Returns
 * 0 or -ENOMEM. */
int settings_apply(const struct settings *settings, enum option_scope scope, void *options);

/* The listener that another one at `address` would collide with, or NULL. An unspecified address
 * (0.0.0.0, ::) collides with every one of its family and port. */
const struct address_claim *address_registry_listener(const struct address_registry *registry,
                                                      const struct address *address);

/* The listener that `listen` would collide with, at an address or a path, or NULL. */
const struct address_claim *address_registry_claim(const struct address_registry *registry,
                                                   const struct listen *listen);

/* The listener that a connect to `address` would reach, as far as can be known without looking at
 * this host's own addresses, or NULL. */
const struct address_claim *address_registry_reached(const struct address_registry *registry,
                                                     const struct address *address);

/* Where the option was set last; no file (NULL) where it was not. */
struct origin settings_origin(const struct settings *settings, const struct config_option *option);

void settings_clear(struct settings *settings);
void address_registry_clear(struct address_registry *registry);

#endif
