/* TCP sockets on loopback, all non-blocking. What cannot be made aborts the test. */
#ifndef UNIT_LOOPBACK_H
#define UNIT_LOOPBACK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/address.h"

/* A listening socket on a free port of 127.0.0.1. */
int loopback_listen(struct address *ret_address);

/* A socket whose port is taken and refuses; close it to give the port back. */
int loopback_refuse(struct address *ret_address);

/* A socket of loopback_refuse() accepts from now on. */
void loopback_begin_to_listen(int fd);

/* A listening socket whose queue is full: a connect to it hangs. */
#define BLACK_HOLE_FILL 4
struct black_hole {
    struct address address;
    int listener, fill[BLACK_HOLE_FILL];
};
void black_hole_open(struct black_hole *hole);
void black_hole_close(struct black_hole *hole);

/* Connects and waits until it is connected. Returns the descriptor or -errno. */
int loopback_connect(const struct address *address);

/* Takes one client, waiting up to a second: -1 where none came. */
int loopback_accept(int listener);

/* Two connected ends. */
void loopback_pair(int ret_ends[2]);

/* Closes with a reset. */
void loopback_reset(int fd);

/* Waits until the descriptor is readable: false when `ms` milliseconds passed. */
bool loopback_wait(int fd, int ms);

/* How the connection ends: 0 orderly, or -errno; -ETIMEDOUT where it does not within two seconds.
 * Bytes before the end are dropped. */
int loopback_end(int fd);

#endif
