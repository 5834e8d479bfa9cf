/* A relay between two real connections; the test holds the far ends. */
#ifndef UNIT_RELAY_RIG_H
#define UNIT_RELAY_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "proxy/loop.h"
#include "proxy/relay.h"

/* One far end: what it sends and gets is a pattern, so that each byte is checked by its place. */
struct far_end {
    int fd; /* -1: closed */
    uint8_t seed;
    uint64_t sent, to_send; /* it sends up to here */
    uint64_t got;
    bool holds_back; /* does not read */
    bool got_end;    /* an orderly one */
    int got_error;   /* errno */
};

struct rig {
    struct loop loop;
    struct relay relay;
    struct task again;
    struct far_end client, endpoint;
    enum relay_verdict verdict;
    unsigned agains, runs;
};

/* Both sides begin in that mode. */
void rig_open(struct rig *rig, enum relay_mode mode);
void rig_close(struct rig *rig);

/* Sends the endpoint `size` bytes of the client's pattern by relay_send_first(), before the client
 * goes on behind them. */
void rig_send_first(struct rig *rig, size_t size);

/* The same by the bare stream, `most` bytes or until it takes no more. */
void rig_fill_endpoint(struct rig *rig, uint64_t most);

/* One turn: both far ends send and read pieces of random size, then the relay's events run. */
void rig_turn(struct rig *rig);

/* Turns until `done`: false when it takes more than ten seconds. */
bool rig_until(struct rig *rig, bool (*done)(const struct rig *rig));

/* Has the relay come to its end? */
bool rig_over(const struct rig *rig);

/* Has everything that was to be sent arrived, both ways? */
bool rig_carried(const struct rig *rig);

#endif
