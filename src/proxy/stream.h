#ifndef REDIAL_PROXY_STREAM_H
#define REDIAL_PROXY_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/address.h"
#include "proxy/loop.h"

struct stream;

/* Something happened on the socket; the fields of the stream say what may be tried now. */
typedef void stream_handler(struct stream *stream, void *owner);

/* A connected or connecting TCP socket in a worker's loop. It is registered once, edge-triggered
 * (epoll(7)), and remembers what it may try until the kernel says that there is no more. */
struct stream {
    struct watch watch;
    struct loop *loop;
    bool readable, writable;
    bool ended;   /* the peer sends nothing more: what is there still is all (EPOLLRDHUP) */
    bool hung_up; /* nothing goes either way any more (EPOLLHUP) */
    bool broken;  /* reset, timed out or refused (EPOLLERR) */
    bool drained; /* and what was there has been read: the next read is the end */
    bool nagle;   /* the kernel may hold small pieces back still (RFC 896); it is told not to … */
    bool sent;    /* … before a second piece is sent: the first one is never held back */
    stream_handler *handler;
    void *owner;
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

/* Says that nothing more will be sent (shutdown(2)). */
void stream_end(struct stream *stream);

/* recv(2) and send(2) that keep `readable` and `writable` true to what the kernel said: less than
 * was asked for means that there is no more now (epoll(7)). They return bytes, 0 for the peer's
 * end, or -errno; -EAGAIN where there is nothing to do now. */
ssize_t stream_receive(struct stream *stream, void *buffer, size_t size);
ssize_t stream_send(struct stream *stream, const void *bytes, size_t size);

/* The same through a pipe, by splice(2), so that the bytes stay in the kernel: at most `size` into
 * an empty pipe, and what is in it out of it. */
ssize_t stream_receive_into(struct stream *stream, struct pipe *pipe, size_t size);
ssize_t stream_send_from(struct stream *stream, struct pipe *pipe);

/* The address on this host that the connection has; "none" for a Unix socket. */
struct address stream_local_address(const struct stream *stream);

/* Who has connected to this end of a Unix socket (SO_PEERCRED of unix(7)). Returns false for any
 * other socket. */
struct ucred;
bool stream_peer_process(const struct stream *stream, struct ucred *ret_process);

/* How a connect ended: SO_ERROR of socket(7), as 0 or -errno. */
int stream_connect_error(const struct stream *stream);

/* Whether the other end of a Unix socket is closed, both ways, and has left nothing to read: nobody
 * waits there. Over TCP that cannot be told from a half-close. */
bool stream_is_left(const struct stream *stream);

/* Whether the kernel holds no bytes of the connection: what came was read, what was sent was
 * acknowledged; of a Unix socket: read. */
bool stream_is_empty(const struct stream *stream);

/* Closes a bare descriptor with a TCP reset. */
void socket_reset(int fd);

/* Whether the peer of a bare TCP descriptor has broken it off, and left nothing to read. */
bool socket_is_broken(int fd);

#endif
