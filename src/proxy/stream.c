#include "proxy/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/loop.h"
#include "proxy/pipe.h"

static void on_ready(struct watch *watch, uint32_t events)
{
    struct stream *stream = list_entry(watch, struct stream, watch);
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        stream->readable = true;
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
        stream->writable = true;
    if (events & (EPOLLRDHUP | EPOLLHUP))
        stream->ended = true;
    if (events & EPOLLHUP)
        stream->hung_up = true;
    if (events & EPOLLERR)
        stream->broken = true;
    stream->handler(stream, stream->owner);
}

int stream_new(struct loop *loop, int fd, stream_handler *handler, void *owner,
               struct stream **ret_stream)
{
    int result = -ENOMEM;
    struct stream *stream = spare_take(&loop->spares, SPARE_STREAM, sizeof *stream);
    if (stream) {
        *stream = (struct stream){.watch = {fd, on_ready}, .loop = loop};
        stream_set_owner(stream, handler, owner);
        result = loop_watch(loop, &stream->watch, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    }
    if (result < 0) {
        socket_reset(fd);
        if (stream)
            spare_give(&loop->spares, SPARE_STREAM, stream);
        return result;
    }
    *ret_stream = stream;
    return 0;
}

void stream_set_owner(struct stream *stream, stream_handler *handler, void *owner)
{
    stream->handler = handler;
    stream->owner = owner;
}

void stream_close(struct stream *stream)
{
    if (!stream)
        return;
    loop_forget(stream->loop, &stream->watch);
    close(stream->watch.fd);
    spare_give(&stream->loop->spares, SPARE_STREAM, stream);
}

void stream_reset(struct stream *stream)
{
    if (!stream)
        return;
    loop_forget(stream->loop, &stream->watch);
    socket_reset(stream->watch.fd);
    spare_give(&stream->loop->spares, SPARE_STREAM, stream);
}

void socket_reset(int fd)
{
    struct linger abort_now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort_now, sizeof abort_now);
    close(fd);
}

bool socket_is_broken(int fd)
{
    char byte;
    return recv(fd, &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT) < 0 && errno != EAGAIN;
}

void stream_end(struct stream *stream)
{
    shutdown(stream->watch.fd, SHUT_WR);
}

ssize_t stream_receive(struct stream *stream, void *buffer, size_t size)
{
    ssize_t got;
    if (stream->drained)
        return 0;
    do {
        got = recv(stream->watch.fd, buffer, size, 0);
    } while (got < 0 && errno == EINTR);
    if (got > 0 && (size_t)got < size && !stream->broken) {
        /* All that there is now: more of it brings an event. What came with the end was all. */
        stream->drained = stream->ended;
        stream->readable = stream->ended;
    }
    if (got >= 0)
        return got;
    if (errno == EAGAIN)
        stream->readable = false;
    return -errno;
}

/* A connection of one question and one answer is spared the call. */
static void forbid_delay(struct stream *stream)
{
    int one = 1;
    if (stream->sent &&
        setsockopt(stream->watch.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0)
        stream->nagle = false;
    stream->sent = true;
}

ssize_t stream_send(struct stream *stream, const void *bytes, size_t size)
{
    ssize_t put;
    if (stream->nagle)
        forbid_delay(stream);
    do {
        put = send(stream->watch.fd, bytes, size, MSG_NOSIGNAL);
    } while (put < 0 && errno == EINTR);
    if (put >= 0) {
        stream->writable = (size_t)put == size; /* less means full: epoll(7) */
        return put;
    }
    if (errno == EAGAIN)
        stream->writable = false;
    return -errno;
}

ssize_t stream_receive_into(struct stream *stream, struct pipe *pipe, size_t size)
{
    ssize_t got;
    do {
        got =
            splice(stream->watch.fd, NULL, pipe->in, NULL, size, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    } while (got < 0 && errno == EINTR);
    if (got >= 0) {
        pipe->filled += (size_t)got;
        return got;
    }
    if (errno == EAGAIN)
        stream->readable = false;
    return -errno;
}

ssize_t stream_send_from(struct stream *stream, struct pipe *pipe)
{
    ssize_t put;
    if (stream->nagle)
        forbid_delay(stream);
    do {
        put = splice(pipe->out, NULL, stream->watch.fd, NULL, pipe->filled,
                     SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    } while (put < 0 && errno == EINTR);
    if (put >= 0) {
        pipe->filled -= (size_t)put;
        return put;
    }
    if (errno == EAGAIN)
        stream->writable = false;
    return -errno;
}

struct address stream_local_address(const struct stream *stream)
{
    struct sockaddr_storage name = {0};
    socklen_t length = sizeof name;
    if (getsockname(stream->watch.fd, (struct sockaddr *)&name, &length) < 0)
        length = 0;
    return address_from_sockaddr((struct sockaddr *)&name, length);
}

bool stream_peer_process(const struct stream *stream, struct ucred *ret_process)
{
    int family = AF_UNSPEC;
    socklen_t size = sizeof family, length = sizeof *ret_process;
    return getsockopt(stream->watch.fd, SOL_SOCKET, SO_DOMAIN, &family, &size) == 0 &&
           family == AF_UNIX &&
           getsockopt(stream->watch.fd, SOL_SOCKET, SO_PEERCRED, ret_process, &length) == 0;
}

int stream_connect_error(const struct stream *stream)
{
    int error = 0;
    socklen_t length = sizeof error;
    if (getsockopt(stream->watch.fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
        return -errno;
    return -error;
}

bool stream_is_left(const struct stream *stream)
{
    int bytes = 0;
    return stream->hung_up && ioctl(stream->watch.fd, FIONREAD, &bytes) == 0 && bytes == 0;
}

bool stream_is_empty(const struct stream *stream)
{
    int unread = 0, unsent = 0;
    return ioctl(stream->watch.fd, FIONREAD, &unread) == 0 && unread == 0 &&
           ioctl(stream->watch.fd, SIOCOUTQ, &unsent) == 0 && unsent == 0;
}
