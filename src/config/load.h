#ifndef REDIAL_CONFIG_LOAD_H
#define REDIAL_CONFIG_LOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "config/errors.h"

#define CONFIG_DEFAULT_PATH "/etc/redial"

/* Where a configuration comes from. All texts are borrowed for the call. */
struct config_sources {
    const char *path;       /* -c: redial.conf, or the directory that holds it; NULL: not given */
    char *const *upstreams; /* the LISTEN=TARGET arguments */
    size_t upstream_count;
    char *const *overrides; /* the SECTION.KEY=VALUE of -o and the options that stand for one */
    size_t override_count;
    const char *environment_upstreams; /* REDIAL_UPSTREAMS, separated by blanks; or NULL */
    const char *environment_set;       /* REDIAL_SET, likewise */
    bool allow_empty;                  /* files without any upstream are no error */
};

/* Where the files are read from, or NULL where none are. */
const char *config_path(const struct config_sources *sources);

/* Reads every source and reports every error of all of them. The files are read where `path` is
 * given, or where no upstream comes from the command line or the environment. A key's value comes
 * from, weakest first: the default, redial.conf, the upstream's file, REDIAL_SET, -o. Returns a
 * configuration with one reference, or NULL with at least one error. */
struct config *config_load(const struct config_sources *sources, struct errors *errors);

#endif
