#ifndef REDIAL_CONFIG_VALUE_H
#define REDIAL_CONFIG_VALUE_H

#include <stdint.h>

#include "base/clock.h"

/* The plain kinds of values. Each returns 0, or -EINVAL where the text is none of its kind and
 * -ERANGE where the number does not fit in 63 bits. */

/* `250ms`, `5s`, `2m`, `1h`, or `0`; a unit is demanded since nobody agrees on the default. */
int value_parse_duration(const char *text, usec_t *ret_span);

/* Digits alone. */
int value_parse_count(const char *text, int64_t *ret_count);

/* The shortest exact form of a duration: `1500ms`, `2s`, `5m`. The buffer is returned. */
#define VALUE_DURATION_MAX 32
const char *value_format_duration(usec_t span, char text[VALUE_DURATION_MAX]);

#endif
