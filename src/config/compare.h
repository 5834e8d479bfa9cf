#ifndef REDIAL_CONFIG_COMPARE_H
#define REDIAL_CONFIG_COMPARE_H

#include <stdbool.h>

#include "config/model.h"
#include "config/options.h"

/* What differs between two configurations. Pure; any thread. */

/* Whether the value is the same in both structs of the option's scope; of a list, in the same
 * order. */
bool option_equal(const struct config_option *option, const void *a, const void *b);

/* Whether it is the same socket, with the same owner and mode. */
bool listen_equal(const struct listen *a, const struct listen *b);

/* Whether it is the same address, path or name, whatever the owner and mode. */
bool listen_same_place(const struct listen *a, const struct listen *b);

/* Whether two sockets cannot be open at once: the same address, or an unspecified one (0.0.0.0, ::)
 * of the same family and port; or the same path. */
bool listen_collides(const struct listen *a, const struct listen *b);

/* Whether the endpoints are found in the same way: the same targets, asked of the same servers, by
 * the same rules. */
bool same_discovery(const struct global_options *global_a, const struct upstream_options *a,
                    const struct global_options *global_b, const struct upstream_options *b);

#endif
