/* One accepted connection of a scripted peer, and how it behaves. Used by peer.c only; everything
 * here runs in the thread of `struct peers`. */
#ifndef TESTLIB_PEER_CONN_H
#define TESTLIB_PEER_CONN_H

#include "peer.h"

#include <event2/event.h>
#include <stdint.h>
#include <sys/queue.h>

struct peer_conn;
LIST_HEAD(peer_conn_list, peer_conn);

/* What a connection needs from its peer. */
struct peer_host {
    struct event_base *base;
    const char *id;
    uint64_t size;
    int interval_ms;
    struct peer_conn_list conns;
    void (*count)(struct peer_host *host, enum peer_counter counter, int64_t change);
};

/* Takes over an accepted, non-blocking descriptor. */
void peer_conn_start(struct peer_host *host, enum peer_manner manner, int fd);

/* A DEAF connection becomes a SINK. */
void peer_conn_listen_again(struct peer_conn *conn);

/* Sends the orderly end, closes and frees. */
void peer_conn_end(struct peer_conn *conn);

/* Resets and frees. */
void peer_conn_reset(struct peer_conn *conn);

/* The next connection of the list, for loops that free the one at hand. */
struct peer_conn *peer_conn_next(struct peer_conn *conn);

#endif
