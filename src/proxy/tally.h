#ifndef REDIAL_PROXY_TALLY_H
#define REDIAL_PROXY_TALLY_H

#include "base/clock.h"
#include "base/counter.h"
#include "base/histogram.h"
#include "proxy/session_end.h"

/* What is counted of an upstream's connections, for whoever wants to see them. Each worker has a
 * tally of its own that it alone writes, so that counting costs no lock and no cache line that
 * another thread has; the sum of all is made when somebody asks. An upstream keeps its tallies for
 * as long as it lives, whatever becomes of the views. */

#define TALLY_CONNECT_BOUNDS 14
#define TALLY_ATTEMPTS_BOUNDS 8
#define TALLY_DURATION_BOUNDS 11

/* Microseconds from 0.5 ms to 10 s; connects; microseconds from 10 ms to a day. */
extern const struct scale tally_connect_scale, tally_attempts_scale, tally_duration_scale;

/* Of one worker. All zero: nothing yet. Meant to be read by tally_add_to() only. */
struct tally {
    _Alignas(64) counter bytes_up;
    counter bytes_down;
    counter opened;
    counter ended[SESSION_ENDS];
    counter started, accepted, failed, hedged, given_up; /* connects */
    counter connect_sum, connect_counts[TALLY_CONNECT_BOUNDS + 1];
    counter attempts_sum, attempts_counts[TALLY_ATTEMPTS_BOUNDS + 1];
    counter duration_sum, duration_counts[TALLY_DURATION_BOUNDS + 1];
};

/* Memory that an upstream costs once a thread that has served it. */
#define TALLY_SIZE_MOST 640
_Static_assert(sizeof(struct tally) <= TALLY_SIZE_MOST, "a tally is small");

/* The sum of some tallies, as plain numbers. While the workers go on counting, figures that belong
 * together may differ by what happened in between, but `ended` never exceeds `opened`, nor what
 * became of connects those that were started. */
struct tally_sum {
    uint64_t opened;              /* connections of clients that redial began to serve */
    uint64_t ended[SESSION_ENDS]; /* of those, by enum session_end */
    uint64_t open;                /* the rest of them: that live */
    uint64_t dialling;            /* of those, that have no endpoint yet */
    uint64_t bytes_up;            /* received from clients, of open connections too */
    uint64_t bytes_down;          /* received from endpoints */

    /* Connects to endpoints, of clients' connections; redial's own probes are not among them. Those
     * that are none of accepted, failed and given up are under way. */
    uint64_t started;
    uint64_t accepted; /* each is a connection that has an endpoint */
    uint64_t failed;   /* refused, unreachable, timed out */
    uint64_t given_up; /* closed while pending: another one won or took its place, or the client
                          went away; or not begun, by a fault of this host */
    uint64_t hedged;   /* of those started: beside another one that was pending */

    struct histogram connect_time; /* of accepted connects, in microseconds */
    struct histogram attempts;     /* connects for one client, of dials that have ended, in whatever
                                      way; 0 where no address was known */
    struct histogram duration;     /* of connections that have ended, in microseconds */
};

/* Nothing counted yet, as of an upstream that nobody has used. */
void tally_sum_init(struct tally_sum *sum);

/* Adds a tally's figures to `sum`. Any thread. */
void tally_add_to(const struct tally *tally, struct tally_sum *sum);

/* --- counting: by the worker that has the tally ---------------------------------------------- */

/* Counts a value in a histogram. */
static inline void tally_value(counter *sum, counter *counts, const struct scale *scale,
                               int64_t value)
{
    value = value > 0 ? value : 0;
    counter_add(&counts[scale_bucket(scale, value)], 1);
    counter_add(sum, (uint64_t)value);
}

/* A connection is served, and dials. */
static inline void tally_opened(struct tally *tally)
{
    counter_add(&tally->opened, 1);
}

/* Bytes have come from the client and the endpoint. */
static inline void tally_carried(struct tally *tally, uint64_t up, uint64_t down)
{
    counter_add(&tally->bytes_up, up);
    counter_add(&tally->bytes_down, down);
}

/* It has ended, after its dial. */
static inline void tally_ended(struct tally *tally, enum session_end end, usec_t duration)
{
    tally_value(&tally->duration_sum, tally->duration_counts, &tally_duration_scale, duration);
    counter_add(&tally->ended[end], 1);
}

/* A connect begins: maybe one beside another. */
static inline void tally_started(struct tally *tally)
{
    counter_add(&tally->started, 1);
}

static inline void tally_hedged(struct tally *tally)
{
    counter_add(&tally->hedged, 1);
}

/* What became of it: one of these three. */
static inline void tally_accepted(struct tally *tally, usec_t span)
{
    tally_value(&tally->connect_sum, tally->connect_counts, &tally_connect_scale, span);
    counter_add(&tally->accepted, 1);
}

static inline void tally_failed(struct tally *tally)
{
    counter_add(&tally->failed, 1);
}

static inline void tally_given_up(struct tally *tally)
{
    counter_add(&tally->given_up, 1);
}

/* A dial is over, whatever came of it, after so many connects. */
static inline void tally_dialled(struct tally *tally, unsigned attempts)
{
    tally_value(&tally->attempts_sum, tally->attempts_counts, &tally_attempts_scale, attempts);
}

#endif
