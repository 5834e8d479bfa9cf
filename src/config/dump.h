#ifndef REDIAL_CONFIG_DUMP_H
#define REDIAL_CONFIG_DUMP_H

#include <stdio.h>

#include "config/config.h"

/* Writes a configuration as the files that redial would read it from, every key with its value:
 * `# redial.conf` and [redial], then `# upstreams.d/NAME.conf` and all sections of each upstream.
 * Any thread. */
void config_dump(const struct config *config, FILE *out);

#endif
