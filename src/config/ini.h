#ifndef REDIAL_CONFIG_INI_H
#define REDIAL_CONFIG_INI_H

#include <stdio.h>

#include "config/errors.h"

/* INI text, read strictly: `[section]`, `key = value`, whole-line comments behind `#` or `;`, and a
 * comment behind a value that begins with blank and `#` or `;`. A line may be 64 KiB long. */

/* Called for each `[section]`, with NULL for key and value, and for each `key = value`. The texts
 * are borrowed for the call. */
typedef void ini_handler(void *arg, const char *section, const char *key, const char *value,
                         int line);

/* Reads a whole stream; what is wrong with the text itself is added to `errors` under `file` and
 * the rest is still read. Returns 0, or -errno when the stream could not be read. */
int ini_read(FILE *stream, const char *file, ini_handler *handler, void *arg,
             struct errors *errors);

#endif
