#ifndef REDIAL_CTL_UNITS_H
#define REDIAL_CTL_UNITS_H

#include <stdbool.h>

/* Numbers as a person reads them. Each writes into the buffer and returns it; what is no number
 * (NAN, a negative one) becomes "-". */
#define UNITS_MAX 32

/* A span of seconds, as the configuration writes it: `0.40ms`, `12ms`, `1.8s`, `3m 12s`, `3d 4h`.
 */
const char *units_span(double seconds, char text[UNITS_MAX]);

/* A count: exact up to five digits, then `123k`, `1.23M`. */
const char *units_count(double count, char text[UNITS_MAX]);

/* A number a second: `0`, `0.5`, `12`, `1234`, `123k`. */
const char *units_rate(double rate, char text[UNITS_MAX]);

/* A share of 1: `0%`, `3.2%`, `50%`. */
const char *units_share(double share, char text[UNITS_MAX]);

/* A point of time as redial writes it, 2026-11-25T22:19:06.123Z, in seconds since 1970; NAN where
 * the text (may be NULL) is none. */
double units_moment(const char *text);

/* `22:19:06`, and month and day before it where that is not the day of `now`. */
const char *units_clock(double moment, double now, char text[UNITS_MAX]);

/* `2026-11-25 22:19:06 UTC` */
const char *units_date(double moment, char text[UNITS_MAX]);

#endif
