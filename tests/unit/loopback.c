#include "loopback.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_MS 1000

static int new_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        abort();
    return fd;
}

static int bound_socket(struct address *ret_address)
{
    struct in_addr ip = {.s_addr = htonl(INADDR_LOOPBACK)};
    struct address any = address_ipv4(&ip, 0);
    socklen_t length = sizeof any.in;
    int fd = new_socket();
    if (bind(fd, &any.sa, length) < 0 || getsockname(fd, &any.sa, &length) < 0)
        abort();
    *ret_address = any;
    return fd;
}

int loopback_refuse(struct address *ret_address)
{
    return bound_socket(ret_address);
}

void loopback_begin_to_listen(int fd)
{
    if (listen(fd, SOMAXCONN) < 0)
        abort();
}

int loopback_listen(struct address *ret_address)
{
    int fd = bound_socket(ret_address);
    loopback_begin_to_listen(fd);
    return fd;
}

/* A queue of 0 holds one client; the SYNs of those behind it are dropped. */
void black_hole_open(struct black_hole *hole)
{
    hole->listener = bound_socket(&hole->address);
    if (listen(hole->listener, 0) < 0)
        abort();
    for (size_t i = 0; i < BLACK_HOLE_FILL; i++) {
        hole->fill[i] = new_socket();
        if (connect(hole->fill[i], &hole->address.sa, address_length(&hole->address)) < 0 &&
            errno != EINPROGRESS)
            abort();
    }
}

void black_hole_close(struct black_hole *hole)
{
    close(hole->listener);
    for (size_t i = 0; i < BLACK_HOLE_FILL; i++)
        close(hole->fill[i]);
}

int loopback_connect(const struct address *address)
{
    int fd = new_socket(), error = 0;
    socklen_t length = sizeof error;
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    if (connect(fd, &address->sa, address_length(address)) < 0 && errno != EINPROGRESS)
        error = errno;
    else if (poll(&wait, 1, WAIT_MS) != 1)
        error = ETIMEDOUT;
    else
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error == 0)
        return fd;
    close(fd);
    return -error;
}

bool loopback_wait(int fd, int ms)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    return poll(&wait, 1, ms) == 1;
}

int loopback_accept(int listener)
{
    if (!loopback_wait(listener, WAIT_MS))
        return -1;
    return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

void loopback_pair(int ret_ends[2])
{
    struct address address;
    int listener = loopback_listen(&address);
    ret_ends[0] = loopback_connect(&address);
    ret_ends[1] = loopback_accept(listener);
    if (ret_ends[0] < 0 || ret_ends[1] < 0)
        abort();
    close(listener);
}

void loopback_reset(int fd)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}

int loopback_end(int fd)
{
    char bytes[4096];
    for (;;) {
        if (!loopback_wait(fd, 2 * WAIT_MS))
            return -ETIMEDOUT;
        ssize_t got = recv(fd, bytes, sizeof bytes, 0);
        if (got == 0 || (got < 0 && errno != EAGAIN))
            return got == 0 ? 0 : -errno;
    }
}
