#include "config/value.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct unit {
    const char *name;
    usec_t span;
} units[] = {
    {"ms", USEC_PER_MSEC},
    {"s", USEC_PER_SEC},
    {"m", 60 * USEC_PER_SEC},
    {"h", 3600 * USEC_PER_SEC},
};
#define UNIT_COUNT (sizeof units / sizeof *units)

/* Reads leading digits and returns what stands behind them, NULL where there are none. */
static const char *parse_digits(const char *text, int64_t *ret_number, int *ret_error)
{
    int64_t number = 0;
    const char *at = text;
    *ret_error = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (number > (INT64_MAX - (*at - '0')) / 10) {
            *ret_error = -ERANGE;
            return NULL;
        }
        number = number * 10 + (*at - '0');
    }
    if (at == text) {
        *ret_error = -EINVAL;
        return NULL;
    }
    *ret_number = number;
    return at;
}

int value_parse_count(const char *text, int64_t *ret_count)
{
    int64_t count;
    int error;
    const char *rest = parse_digits(text, &count, &error);
    if (!rest)
        return error;
    if (*rest != '\0')
        return -EINVAL;
    *ret_count = count;
    return 0;
}

int value_parse_duration(const char *text, usec_t *ret_span)
{
    int64_t number;
    int error;
    const char *rest = parse_digits(text, &number, &error);
    if (!rest)
        return error;
    if (number == 0 && *rest == '\0') {
        *ret_span = 0;
        return 0;
    }
    for (size_t i = 0; i < UNIT_COUNT; i++)
        if (strcmp(rest, units[i].name) == 0) {
            if (number > INT64_MAX / units[i].span)
                return -ERANGE;
            *ret_span = number * units[i].span;
            return 0;
        }
    return -EINVAL;
}

const char *value_format_duration(usec_t span, char text[VALUE_DURATION_MAX])
{
    size_t best = 0;
    for (size_t i = 0; i < UNIT_COUNT; i++)
        if (span % units[i].span == 0)
            best = i;
    if (span == 0)
        best = 1;
    snprintf(text, VALUE_DURATION_MAX, "%lld%s", (long long)(span / units[best].span),
             units[best].name);
    return text;
}
