#ifndef REDIAL_PROXY_STREAM_H
#define REDIAL_PROXY_STREAM_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/address.h"

struct loop;
struct stream;

/* Something happened on the socket; `readable` and `writable` say what may be tried now. */
typedef void stream_handler(struct stream *stream, void *owner);

/* A connected or connecting TCP socket in a worker's loop. It is registered once, edge-triggered
 * (epoll(7)), and remembers what it may try until the kernel says EAGAIN. */
struct stream {
    int fd;
    bool readable, writable;
    stream_handler *handler;
    void *owner;
    struct event event;
};

/* Takes over the descriptor; when it fails, the descriptor is closed with a reset. Returns 0 or
 * -errno. The handler is never called before this returns. */
int stream_new(struct loop *loop, int fd, stream_handler *handler, void *owner,
               struct stream **ret_stream);

/* From now on another one is told. */
void stream_set_owner(struct stream *stream, stream_handler *handler, void *owner);

/* Closes it in order (what was sent still goes out) and frees it. Accepts NULL. */
void stream_close(struct stream *stream);

/* Closes it with a TCP reset, so that the peer does not take this for an orderly end. A Unix socket
 * has no resets: its peer sees one only where it sent bytes that were not read. */
void stream_reset(struct stream *stream);

/* recv(2) and send(2) that keep `readable` and `writable` true to what the kernel said. They return
 * bytes, or -errno; -EAGAIN where there is nothing to do now. */
ssize_t stream_receive(struct stream *stream, void *buffer, size_t size);
ssize_t stream_send(struct stream *stream, const void *bytes, size_t size);

/* The address on this host that the connection has; "none" for a Unix socket. */
struct address stream_local_address(const struct stream *stream);

/* Who has connected to this end of a Unix socket (SO_PEERCRED of unix(7)). Returns false for any
 * other socket. */
struct ucred;
bool stream_peer_process(const struct stream *stream, struct ucred *ret_process);

/* How a connect ended: SO_ERROR of socket(7), as 0 or -errno. */
int stream_connect_error(const struct stream *stream);

/* Whether the connection broke, by a reset or a time-out. What is only a hint that it may, such as
 * an ICMP message, does not count (RFC 1122 §4.2.3.9), so SO_ERROR is no good for this. */
bool stream_is_broken(const struct stream *stream);

/* Whether the other end of a Unix socket is closed, both ways, and has left nothing to read: nobody
 * waits there. Over TCP that cannot be told from a half-close. */
bool stream_is_left(const struct stream *stream);

/* Whether the kernel holds no bytes of the connection: what came was read, what was sent was
 * acknowledged; of a Unix socket: read. */
bool stream_is_empty(const struct stream *stream);

/* Closes a bare descriptor with a TCP reset. */
void socket_reset(int fd);

#endif
