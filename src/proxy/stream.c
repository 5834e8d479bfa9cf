#include "proxy/stream.h"

#include <errno.h>
#include <event2/event.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/loop.h"

static void on_event(evutil_socket_t fd, short events, void *arg)
{
    struct stream *stream = arg;
    (void)fd;
    stream->readable = stream->readable || events & EV_READ;
    stream->writable = stream->writable || events & EV_WRITE;
    stream->handler(stream, stream->owner);
}

int stream_new(struct loop *loop, int fd, stream_handler *handler, void *owner,
               struct stream **ret_stream)
{
    struct stream *stream = calloc(1, sizeof *stream);
    if (stream) {
        stream->fd = fd;
        stream_set_owner(stream, handler, owner);
        event_assign(&stream->event, loop->base, fd, EV_READ | EV_WRITE | EV_ET | EV_PERSIST,
                     on_event, stream);
        if (event_add(&stream->event, NULL) == 0) {
            *ret_stream = stream;
            return 0;
        }
    }
    socket_reset(fd);
    free(stream);
    return -ENOMEM;
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
    event_del(&stream->event);
    close(stream->fd);
    free(stream);
}

void stream_reset(struct stream *stream)
{
    if (!stream)
        return;
    event_del(&stream->event);
    socket_reset(stream->fd);
    free(stream);
}

void socket_reset(int fd)
{
    struct linger abort_now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort_now, sizeof abort_now);
    close(fd);
}

ssize_t stream_receive(struct stream *stream, void *buffer, size_t size)
{
    ssize_t got;
    do {
        got = recv(stream->fd, buffer, size, 0);
    } while (got < 0 && errno == EINTR);
    if (got >= 0)
        return got;
    if (errno == EAGAIN)
        stream->readable = false;
    return -errno;
}

ssize_t stream_send(struct stream *stream, const void *bytes, size_t size)
{
    ssize_t put;
    do {
        put = send(stream->fd, bytes, size, MSG_NOSIGNAL);
    } while (put < 0 && errno == EINTR);
    if (put >= 0)
        return put;
    if (errno == EAGAIN)
        stream->writable = false;
    return -errno;
}

struct address stream_local_address(const struct stream *stream)
{
    struct sockaddr_storage name = {0};
    socklen_t length = sizeof name;
    if (getsockname(stream->fd, (struct sockaddr *)&name, &length) < 0)
        length = 0;
    return address_from_sockaddr((struct sockaddr *)&name, length);
}

bool stream_peer_process(const struct stream *stream, struct ucred *ret_process)
{
    int family = AF_UNSPEC;
    socklen_t size = sizeof family, length = sizeof *ret_process;
    return getsockopt(stream->fd, SOL_SOCKET, SO_DOMAIN, &family, &size) == 0 &&
           family == AF_UNIX &&
           getsockopt(stream->fd, SOL_SOCKET, SO_PEERCRED, ret_process, &length) == 0;
}

int stream_connect_error(const struct stream *stream)
{
    int error = 0;
    socklen_t length = sizeof error;
    if (getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
        return -errno;
    return -error;
}

bool stream_is_broken(const struct stream *stream)
{
    struct pollfd state = {.fd = stream->fd};
    return poll(&state, 1, 0) > 0 && state.revents & POLLERR;
}

bool stream_is_left(const struct stream *stream)
{
    struct pollfd state = {.fd = stream->fd};
    int bytes = 0;
    return poll(&state, 1, 0) > 0 && state.revents & POLLHUP &&
           ioctl(stream->fd, FIONREAD, &bytes) == 0 && bytes == 0;
}

bool stream_is_empty(const struct stream *stream)
{
    int unread = 0, unsent = 0;
    return ioctl(stream->fd, FIONREAD, &unread) == 0 && unread == 0 &&
           ioctl(stream->fd, SIOCOUTQ, &unsent) == 0 && unsent == 0;
}
