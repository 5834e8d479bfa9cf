#ifndef REDIAL_CTL_RATES_H
#define REDIAL_CTL_RATES_H

#include <jansson.h>
#include <stddef.h>

/* What the differences of counters say, from one look at /status to the next. A number that nobody
 * knows is NAN: there was no look before it, or redial was started anew between the two. */

/* The last minute of a number, a value a look. */
#define SERIES_MOST 60
struct series {
    double values[SERIES_MOST]; /* a ring */
    size_t count;               /* of all that were ever added */
};

void series_add(struct series *series, double value);

/* The value `age` looks ago, 0: the newest; NAN where there is none. */
double series_at(const struct series *series, size_t age);

/* Of one upstream, or of all. All a second, but active (now) and p99 (seconds, the longest of all).
 */
struct rate {
    char *name; /* owned; NULL: of all */
    double opened_before, errors_before, failed_before;
    struct series opened;
    struct series errors; /* connections that ended by a fault of the other side */
    struct series failed; /* connects, which another one follows */
    struct series active, p99;
};

/* All zero: before the first look. */
struct rates {
    struct rate all;
    struct rate *upstreams;
    size_t count;
    double uptime, pid;
};

/* Takes a look in. */
void rates_take(struct rates *rates, const json_t *status);

/* The rates of an upstream, or NULL. Borrowed. */
const struct rate *rates_find(const struct rates *rates, const char *name);

void rates_clear(struct rates *rates);

#endif
