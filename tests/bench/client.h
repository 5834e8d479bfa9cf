#ifndef REDIAL_BENCH_CLIENT_H
#define REDIAL_BENCH_CLIENT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

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
};

struct client;

/* NULL without memory. client_free() closes what is open. */
struct client *client_new(const struct client_plan *plan);
void client_free(struct client *client);

/* Carries on until that many exchanges are done in all (0: any number) or the time, in seconds of
 * CLOCK_MONOTONIC, has come. False after the first failure: figures with failures are none. */
bool client_run(struct client *client, uint64_t done, double until);

/* So far: complete exchanges, bytes of responses; what failed, for people, or NULL. */
uint64_t client_done(const struct client *client);
uint64_t client_bytes(const struct client *client);
const char *client_error(const struct client *client);

double client_now(void);

#endif
