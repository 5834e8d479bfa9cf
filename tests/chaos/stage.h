/* All that takes part: redial, DNS, backends, clients; and the loop that all of them live in. */
#ifndef CHAOS_STAGE_H
#define CHAOS_STAGE_H

#include "caller.h"
#include "fleet.h"
#include "liar.h"
#include "subject.h"

#include <stdbool.h>
#include <stdint.h>

enum { STAGE_UPSTREAMS = 3, STAGE_BACKENDS = 6, STAGE_LIVE = 160 };

/* A stream of chance of its own (xorshift), so that what is drawn depends on the seed alone. */
struct dice {
    uint64_t state;
};
struct dice dice_new(uint64_t seed);
uint32_t dice_below(struct dice *dice, uint32_t limit);

struct upstream {
    const char *name;
    const char *balance;
    char listen[32]; /* redial's */
    char front[32];  /* where clients connect: the same, or a mutant's */
    struct backend backends[STAGE_BACKENDS];
    size_t count;
    unsigned sample; /* DNS answers are so many of them; 0: all */
    struct liar_name *dns;
    int64_t blackout_ends_ms; /* 0: none */
    unsigned shrunk;          /* how often DNS said in this storm that only one is left */
    uint32_t anchors;         /* kept by wait.c: who has been well since the storm began */
};

struct stage {
    uint64_t seed;
    struct dice steps; /* what happens */
    struct dice plans; /* what clients do */
    struct subject subject;
    struct liar liar;
    struct ledger *ledger;
    int ledger_fd;
    struct upstream upstreams[STAGE_UPSTREAMS];
    struct caller *callers; /* all of this storm, by the ids of their heads */
    size_t caller_count;
    size_t live;
    bool clients_come;
    int64_t next_client_us;
    unsigned storm;
    int64_t began_ms;
    pid_t mutant;
    int64_t longest_wait_ms; /* kept by wait.c: for a backend, while one was well */
    const char *fault;       /* the first thing that may not be; it ends all */
};

/* Those that DNS names, by the truth, and that serve whoever connects. */
uint32_t upstream_well_ones(const struct upstream *upstream);

/* Starts everything; mutant: what is put between the clients and redial, or NULL. */
void stage_open(struct stage *stage, uint64_t seed, const char *mutant);

/* What redial wrote when something was wrong, and the end of all. Returns whether nothing was. */
bool stage_close(struct stage *stage);

/* Notes what may not be. The first one counts. */
void stage_fail(struct stage *stage, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints a line with the time. */
void stage_say(const struct stage *stage, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* One turn of the loop, of some milliseconds at most. */
void stage_turn(struct stage *stage);

/* Turns until the moment, or a fault. */
void stage_run_until(struct stage *stage, int64_t moment);

/* Turns until this holds: false, and a fault, when it does not within ms milliseconds (scaled). */
bool stage_wait(struct stage *stage, bool (*holds)(struct stage *stage), const char *what, int ms);

/* Writes an upstream's file with these lines behind the usual ones. */
void stage_write_upstream(struct stage *stage, const struct upstream *upstream, const char *lines);

#endif
