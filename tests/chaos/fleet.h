/* The backends, as the model commands them: real processes, whose listening sockets the model
 * keeps, so that it knows of every connection that it broke. */
#ifndef CHAOS_FLEET_H
#define CHAOS_FLEET_H

#include "ledger.h"
#include "liar.h"

#include <stdbool.h>
#include <sys/types.h>

enum backend_state {
    BACKEND_ALIVE,
    BACKEND_DEAD,      /* killed: connects are refused */
    BACKEND_FROZEN,    /* SIGSTOP: its kernel accepts */
    BACKEND_BLACK_HOLE /* SYNs are unanswered; open connections go on */
};

struct backend {
    struct ledger *ledger;
    int ledger_fd;
    unsigned index; /* in the ledger */
    char ip[LIAR_ADDRESS_SIZE];
    uint16_t port;
    int listener;
    pid_t pid; /* 0: none */
    enum backend_state state;
    unsigned seed;
    int64_t well_since_ms; /* kept by wait.c; 0: it is not well */
};

/* Starts one; each other one takes little at a time (client.h). ip, port, ledger, ledger_fd and
 * index are set, all else is zero. Aborts on failure.
 */
void backend_start(struct backend *backend);

/* SIGKILL. Each connection that this breaks is marked in the ledger. */
void backend_kill(struct backend *backend);

void backend_freeze(struct backend *backend);

void backend_black_hole(struct backend *backend);

void backend_set_manner(struct backend *backend, enum manner manner);

/* Whether it serves whoever connects. */
bool backend_is_well(const struct backend *backend);

/* From whatever state to one that serves. */
void backend_heal(struct backend *backend);

#endif
