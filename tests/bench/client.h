#ifndef REDIAL_BENCH_CLIENT_H
#define REDIAL_BENCH_CLIENT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "histogram.h"

/* What is done with a connection whose response is complete. */
enum client_mode {
    CLIENT_SHORT,  /* it is closed, and a new one opened */
    CLIENT_REUSED, /* the next request goes through it */
    CLIENT_IDLE    /* it stays as it is, and a further one is opened */
};

struct client_plan {
    struct sockaddr_in target;
    enum client_mode mode;
    bool client_closes; /* CLIENT_SHORT: this side ends it, not the origin */
    int active;         /* connections, or for CLIENT_IDLE: of those, at work at a time */
    uint64_t body;      /* bytes of a response's body */
    uint64_t limit;     /* exchanges in all; 0: no limit */
    double rate;        /* exchanges a second, whether or not those before them are done; 0: each
                         * connection begins the next one when the last one is done. Not with
                         * CLIENT_IDLE */
};

struct client;

/* NULL without memory. client_free() closes what is open. */
struct client *client_new(const struct client_plan *plan);
void client_free(struct client *client);

/* Carries on until that many exchanges are done in all (0: any number) or the time, in seconds of
 * CLOCK_MONOTONIC, has come. False after the first failure: figures with failures are none. */
bool client_run(struct client *client, uint64_t done, double until);

/* CLIENT_IDLE, once the limit is reached: each connection is to make one exchange more, which
 * client_run() does. */
void client_again(struct client *client);

/* At a rate: completes what was due before the last client_run() was over, which begins nothing new
 * any more. False after a failure, or when the time has come before. */
bool client_finish(struct client *client, double until);

/* Ends client_run() soon. Any thread. */
void client_stop(struct client *client);

/* So far: complete exchanges; bytes of responses (any thread); what failed, for people, or NULL. */
uint64_t client_done(const struct client *client);
uint64_t client_bytes(const struct client *client);
const char *client_error(const struct client *client);

/* How long exchanges took; it may be cleared at any time. An exchange begins when its connection or
 * request does, at a rate when it is due: the wait for a free connection counts. It is over when
 * the response is complete, or, where the origin ends the connection, that end has come. */
struct histogram *client_latency(struct client *client);

double client_now(void);

#endif
