/* A client of redial's, with a plan: what it sends, how fast, and how it leaves. */
#ifndef CHAOS_CALLER_H
#define CHAOS_CALLER_H

#include "ledger.h"

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

enum leave {
    LEAVE_IN_ORDER, /* when both sides have said everything */
    LEAVE_RESET,    /* with a reset, after so many bytes or so long */
    LEAVE_CLOSE     /* likewise, by close(2): an end, or a reset where something was not read */
};

struct plan {
    unsigned upstream;
    struct head head;
    bool narrow;    /* it takes little at a time: client.h */
    bool ends_last; /* sends its end when the backend's came, not when all is sent */
    uint32_t burst; /* bytes it sends at a time */
    uint32_t gulp;  /* bytes it reads at a time; 0: it does not read */
    bool paced;     /* once a turn, and not as fast as it goes */
    uint64_t stall_at;
    int stall_ms; /* when it has sent and received so many bytes, it rests for so long */
    enum leave leave;
    uint64_t leave_at; /* bytes sent and received */
    int leave_ms;
};

enum ending {
    ENDING_NONE,    /* it is not over */
    ENDING_ORDER,   /* both sides ended */
    ENDING_RESET,   /* it was reset */
    ENDING_LEFT,    /* it left, as planned */
    ENDING_REFUSED, /* it could not connect */
    ENDING_ERROR    /* another error */
};

struct caller {
    struct plan plan;
    int fd;
    bool connected;
    size_t head_sent;
    uint64_t sent; /* of the pattern */
    uint64_t received;
    bool ended_sending;
    bool got_end;
    bool met; /* a backend has its head, and it was looked at how long that took */
    bool bad; /* a byte was not the pattern's, or one too many came */
    enum ending ending;
    int error;
    int64_t began_ms;
    int64_t stalled_until_ms;
    bool stalled;
};

/* Begins to connect. */
void caller_start(struct caller *caller, const struct plan *plan, const char *address);

/* What it waits for: false when for time alone. */
bool caller_poll(const struct caller *caller, int64_t now_ms, struct pollfd *poll);

/* Does what can be done now. */
void caller_step(struct caller *caller, int64_t now_ms);

/* Makes it come to its end: no stall and no pace from now on; who does not read leaves. */
void caller_hurry(struct caller *caller);

const char *ending_name(enum ending ending);

#endif
