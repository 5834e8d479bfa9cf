#ifndef REDIAL_PROXY_STREAM_H
#define REDIAL_PROXY_STREAM_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

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

/* Takes over the descriptor, also when it fails. Returns 0 or -ENOMEM. The handler is never called
 * before this returns. */
int stream_new(struct loop *loop, int fd, stream_handler *handler, void *owner,
               struct stream **ret_stream);

/* From now on another one is told. */
void stream_set_owner(struct stream *stream, stream_handler *handler, void *owner);

/* Closes it in order (what was sent still goes out) and frees it. Accepts NULL. */
void stream_close(struct stream *stream);

/* Closes it with a TCP reset, so that the peer does not take this for an orderly end. */
void stream_reset(struct stream *stream);

/* recv(2) and send(2) that keep `readable` and `writable` true to what the kernel said. They return
 * bytes, or -errno; -EAGAIN where there is nothing to do now. */
ssize_t stream_receive(struct stream *stream, void *buffer, size_t size);
ssize_t stream_send(struct stream *stream, const void *bytes, size_t size);

/* The socket's pending error, taken from it (SO_ERROR of socket(7)): 0 or -errno. */
int stream_error(const struct stream *stream);

#endif
