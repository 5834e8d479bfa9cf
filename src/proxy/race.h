#ifndef REDIAL_PROXY_RACE_H
#define REDIAL_PROXY_RACE_H

#include <stdbool.h>

#include "config/model.h"
#include "discovery/endpoint.h"
#include "proxy/connect.h"

/* So many connects are under way for one client at a time. */
#define RACE_LANES 2

struct race;

/* One connect to one endpoint. */
struct lane {
    struct race *race;
    struct endpoint *endpoint; /* NULL: the lane is free */
    struct connect_attempt *attempt;
    usec_t started;
};

/* How a lane ended. The endpoint is the callee's again, and so is the stream, which is NULL unless
 * it was accepted. The lane is free already, the others run on. */
struct race_result {
    struct endpoint *endpoint;
    usec_t started;
    enum connect_outcome outcome;
    int error; /* positive */
    struct stream *stream;
};

typedef void race_callback(void *arg, const struct race_result *result);

/* Connects to several endpoints side by side, in one worker's loop. */
struct race {
    struct loop *loop;
    race_callback *callback;
    void *arg;
    struct lane lanes[RACE_LANES];
};

void race_init(struct race *race, struct loop *loop, race_callback *callback, void *arg);

/* Starts a connect in a free lane, of which there must be one, as the options say. Returns 0: then
 * exactly one callback comes, not before this returns, unless the lane is dropped. Returns -errno
 * where it failed at once: then none comes, and the endpoint stays the caller's. */
int race_start(struct race *race, struct endpoint *endpoint,
               const struct upstream_options *options);

/* How many lanes are under way, and the one that began last; NULL: none. */
unsigned race_count(const struct race *race);
struct lane *race_newest(struct race *race);

/* Whether a lane is under way to this endpoint. */
bool race_has(const struct race *race, const struct endpoint *endpoint);

/* Closes the connect with a reset; no callback comes. Returns the endpoint, which is the caller's
 * again. It was given a chance and did not take it; or, withdrawn, nobody wants to know any more.
 */
struct endpoint *race_drop(struct lane *lane);
struct endpoint *race_withdraw(struct lane *lane);

#endif
