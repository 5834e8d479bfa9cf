#include "ctl/units.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *nothing(char text[UNITS_MAX])
{
    return strcpy(text, "-");
}

static bool is_sane(double number)
{
    return number >= 0 && number < 1e15; /* false for NAN */
}

/* `number` with at most one decimal, which is left out where it is zero. */
static const char *tenths(double number, const char *unit, char text[UNITS_MAX])
{
    double rounded = round(number * 10) / 10;
    snprintf(text, UNITS_MAX, "%.*f%s", rounded == floor(rounded) ? 0 : 1, rounded, unit);
    return text;
}

static const char *pair(double seconds, const char *units, double large, double small,
                        char text[UNITS_MAX])
{
    double whole = floor(seconds / large);
    double rest = floor((seconds - whole * large) / small);
    if (rest > 0)
        snprintf(text, UNITS_MAX, "%.0f%c %.0f%c", whole, units[0], rest, units[1]);
    else
        snprintf(text, UNITS_MAX, "%.0f%c", whole, units[0]);
    return text;
}

const char *units_span(double seconds, char text[UNITS_MAX])
{
    if (!is_sane(seconds))
        return nothing(text);
    if (seconds == 0)
        return strcpy(text, "0s");
    if (seconds < 0.000995)
        snprintf(text, UNITS_MAX, "%.2fms", seconds * 1000);
    else if (seconds < 0.00995)
        return tenths(seconds * 1000, "ms", text);
    else if (seconds < 0.9995)
        snprintf(text, UNITS_MAX, "%.0fms", seconds * 1000);
    else if (seconds < 9.95)
        return tenths(seconds, "s", text);
    else if (seconds < 59.5)
        snprintf(text, UNITS_MAX, "%.0fs", seconds);
    else if (seconds < 3600)
        return pair(seconds < 60 ? 60 : seconds, "ms", 60, 1, text);
    else if (seconds < 86400)
        return pair(seconds, "hm", 3600, 60, text);
    else
        return pair(seconds, "dh", 86400, 3600, text);
    return text;
}

/* Three digits and a letter for each thousand. */
static const char *scaled(double number, char text[UNITS_MAX])
{
    static const char letters[] = "kMGT";
    size_t step = 0;
    number /= 1000;
    for (; number >= 999.5 && step < sizeof letters - 2; step++)
        number /= 1000;
    snprintf(text, UNITS_MAX, "%.*f%c",
             number < 9.995   ? 2
             : number < 99.95 ? 1
                              : 0,
             number, letters[step]);
    return text;
}

const char *units_count(double count, char text[UNITS_MAX])
{
    if (!is_sane(count))
        return nothing(text);
    if (count >= 99999.5)
        return scaled(count, text);
    snprintf(text, UNITS_MAX, "%.0f", count);
    return text;
}

const char *units_rate(double rate, char text[UNITS_MAX])
{
    if (!is_sane(rate))
        return nothing(text);
    return rate < 9.95 ? tenths(rate, "", text) : units_count(rate, text);
}

const char *units_share(double share, char text[UNITS_MAX])
{
    if (!is_sane(share))
        return nothing(text);
    if (share < 0.0995)
        return tenths(share * 100, "%", text);
    snprintf(text, UNITS_MAX, "%.0f%%", share * 100);
    return text;
}

double units_moment(const char *text)
{
    struct tm utc = {0};
    const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &utc) : NULL;
    double fraction = 0, place = 1;
    if (!rest)
        return NAN;
    if (*rest == '.')
        for (rest++; *rest >= '0' && *rest <= '9'; rest++)
            fraction += (*rest - '0') * (place /= 10);
    return strcmp(rest, "Z") == 0 ? (double)timegm(&utc) + fraction : NAN;
}

static bool split(double moment, struct tm *ret_utc)
{
    time_t seconds = is_sane(moment) ? (time_t)moment : 0;
    return is_sane(moment) && gmtime_r(&seconds, ret_utc) && ret_utc->tm_year < 8100;
}

const char *units_clock(double moment, double now, char text[UNITS_MAX])
{
    struct tm utc;
    bool today = floor(moment / 86400) == floor(now / 86400);
    if (!split(moment, &utc))
        return nothing(text);
    strftime(text, UNITS_MAX, today ? "%H:%M:%S" : "%m-%d %H:%M:%S", &utc);
    return text;
}

const char *units_date(double moment, char text[UNITS_MAX])
{
    struct tm utc;
    if (!split(moment, &utc))
        return nothing(text);
    strftime(text, UNITS_MAX, "%Y-%m-%d %H:%M:%S UTC", &utc);
    return text;
}
