/* One life of redial, from its start to its end, with a fault in it. */
#ifndef FAULT_SCENARIO_H
#define FAULT_SCENARIO_H

#include <stdbool.h>

/* What all scenarios of a process stand on: DNS, backends, a configuration. */
struct ground;

/* `faulty` is the path of the library that makes calls fail. */
struct ground *ground_open(const char *faulty);
void ground_close(struct ground *ground);

struct fault {
    const char *call; /* NULL: nothing fails */
    unsigned long at; /* the at-th of the process */
    bool on;          /* and all after it */
};

#define LIFE_CALLS_MOST 40

/* Descriptors of the pipe that the second worker keeps, if it ever had a stream. */
#define LIFE_PIPE 2

struct life {
    bool failed;     /* a call was made to fail: it had so many calls */
    bool refused;    /* redial ended at its start, with status 1 and a line that says why */
    int answered;    /* of clients' questions, and of the administrator's */
    int unserved;    /* … those that got a reset, an end or nothing */
    long blocks;     /* of memory, not given back at its end; -1: it ended otherwise */
    int descriptors; /* while nobody was connected; -1: unknown */
    char fault[256]; /* what must not be, for a person; or empty */
    struct {
        char name[24];
        unsigned long count;
    } calls[LIFE_CALLS_MOST]; /* how often each was called, of a life that ended in order */
};

/* Lives it. */
void ground_live(struct ground *ground, const struct fault *fault, struct life *ret_life);

/* Where the call that failed last was made; "" where that is unknown. Owned by the ground. */
const char *ground_trace(struct ground *ground);

#endif
