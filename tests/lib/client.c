#include "client.h"

#include "moment.h"
#include "pattern.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

/* In place of a receive buffer's size. */
enum { CLIENT_NARROW = -1 };
enum { NARROW_SEGMENT = 1000, NARROW_BUFFER = 8192 };

static socklen_t parse_path(const char *path, struct sockaddr_un *name)
{
    if (strlen(path) >= sizeof(name->sun_path)) {
        return 0;
    }
    memset(name, 0, sizeof(*name));
    name->sun_family = AF_UNIX;
    strcpy(name->sun_path, path);
    return sizeof(*name);
}

socklen_t client_parse_address(const char *address, struct sockaddr_storage *storage)
{
    char host[INET6_ADDRSTRLEN + 2];
    if (strncmp(address, "unix:", 5) == 0) {
        return parse_path(address + 5, (struct sockaddr_un *)storage);
    }
    const char *colon = strrchr(address, ':');
    if (colon == NULL || (size_t)(colon - address) >= sizeof(host)) {
        return 0;
    }
    size_t length = (size_t)(colon - address);
    memcpy(host, address, length);
    host[length] = '\0';
    unsigned long port = strtoul(colon + 1, NULL, 10);
    memset(storage, 0, sizeof(*storage));
    if (host[0] == '[' && length > 1 && host[length - 1] == ']') {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)storage;
        host[length - 1] = '\0';
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons((uint16_t)port);
        return inet_pton(AF_INET6, host + 1, &in6->sin6_addr) == 1 ? sizeof(*in6) : 0;
    }
    struct sockaddr_in *in = (struct sockaddr_in *)storage;
    in->sin_family = AF_INET;
    in->sin_port = htons((uint16_t)port);
    return inet_pton(AF_INET, host, &in->sin_addr) == 1 ? sizeof(*in) : 0;
}

/* Waits for events until the moment at_ms: 0, -ETIMEDOUT. */
static int client_poll(int fd, short events, int64_t at_ms)
{
    for (;;) {
        struct pollfd one = {.fd = fd, .events = events};
        int64_t left = at_ms - moment_ms();
        int ready = poll(&one, 1, left > 0 ? (int)left : 0);
        if (ready > 0) {
            return 0;
        }
        if (ready < 0 && errno != EINTR) {
            return -errno;
        }
        if (ready == 0 && moment_ms() >= at_ms) {
            return -ETIMEDOUT;
        }
    }
}

void client_make_narrow(int fd)
{
    int segment = NARROW_SEGMENT;
    int buffer = NARROW_BUFFER;
    setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment));
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
}

static int client_start(const char *source, const char *address, int receive_buffer)
{
    struct sockaddr_storage to;
    socklen_t size = client_parse_address(address, &to);
    if (size == 0) {
        return -EINVAL;
    }
    int fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (receive_buffer == CLIENT_NARROW) {
        client_make_narrow(fd);
    } else if (receive_buffer > 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    }
    struct sockaddr_in from = {.sin_family = AF_INET};
    int error = 0;
    if (source != NULL && (inet_pton(AF_INET, source, &from.sin_addr) != 1 ||
                           bind(fd, (struct sockaddr *)&from, sizeof(from)) != 0)) {
        error = errno != 0 ? errno : EINVAL;
    } else if (connect(fd, (struct sockaddr *)&to, size) != 0 && errno != EINPROGRESS) {
        error = errno;
    }
    if (error != 0) {
        close(fd);
        return -error;
    }
    return fd;
}

int client_connect_start(const char *address, int receive_buffer)
{
    return client_start(NULL, address, receive_buffer);
}

int client_connect_start_narrow(const char *address)
{
    return client_start(NULL, address, CLIENT_NARROW);
}

int client_connect_finish(int fd, int ms)
{
    int result = client_poll(fd, POLLOUT, moment_ms() + ms);
    int error = 0;
    socklen_t size = sizeof(error);
    if (result == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0) {
        result = -error;
    }
    return result;
}

int client_connect_from(const char *source, const char *address, int ms)
{
    int fd = client_start(source, address, 0);
    if (fd < 0) {
        return fd;
    }
    int result = client_connect_finish(fd, ms);
    if (result != 0) {
        close(fd);
        return result;
    }
    return fd;
}

int client_connect(const char *address, int ms)
{
    return client_connect_from(NULL, address, ms);
}

int client_send(int fd, const void *bytes, size_t length, int ms)
{
    const char *at = bytes;
    int64_t end = moment_ms() + ms;
    while (length > 0) {
        ssize_t sent = send(fd, at, length, MSG_NOSIGNAL);
        if (sent >= 0) {
            at += sent;
            length -= (size_t)sent;
            continue;
        }
        if (errno != EAGAIN && errno != EINTR) {
            return -errno;
        }
        int result = client_poll(fd, POLLOUT, end);
        if (result != 0) {
            return result;
        }
    }
    return 0;
}

int64_t client_send_until_stalled(int fd, uint64_t limit, int quiet_ms)
{
    uint64_t total = 0;
    while (total < limit) {
        size_t part = (size_t)(limit - total < 262144 ? limit - total : 262144);
        const void *bytes = pattern_view(total, &part);
        ssize_t sent = send(fd, bytes, part, MSG_NOSIGNAL);
        if (sent >= 0) {
            total += (uint64_t)sent;
            continue;
        }
        if (errno != EAGAIN && errno != EINTR) {
            return -errno;
        }
        int result = client_poll(fd, POLLOUT, moment_ms() + quiet_ms);
        if (result == -ETIMEDOUT) {
            break;
        }
        if (result != 0) {
            return result;
        }
    }
    return (int64_t)total;
}

static ssize_t client_receive_until(int fd, void *bytes, size_t size, int flags, int64_t end)
{
    for (;;) {
        ssize_t got = recv(fd, bytes, size, flags);
        if (got >= 0) {
            return got;
        }
        if (errno != EAGAIN && errno != EINTR) {
            return -errno;
        }
        int result = client_poll(fd, POLLIN, end);
        if (result != 0) {
            return result;
        }
    }
}

ssize_t client_receive(int fd, void *bytes, size_t size, int ms)
{
    return client_receive_until(fd, bytes, size, 0, moment_ms() + ms);
}

int client_receive_exactly(int fd, void *bytes, size_t length, int ms)
{
    char *at = bytes;
    int64_t end = moment_ms() + ms;
    while (length > 0) {
        ssize_t got = client_receive_until(fd, at, length, 0, end);
        if (got <= 0) {
            return got == 0 ? -EPIPE : (int)got;
        }
        at += got;
        length -= (size_t)got;
    }
    return 0;
}

ssize_t client_receive_all(int fd, void *bytes, size_t size, int ms)
{
    char *at = bytes;
    char extra;
    size_t total = 0;
    int64_t end = moment_ms() + ms;
    for (;;) {
        bool full = total == size;
        ssize_t got =
            client_receive_until(fd, full ? &extra : at + total, full ? 1 : size - total, 0, end);
        if (got < 0) {
            return got;
        }
        if (got == 0) {
            return (ssize_t)total;
        }
        if (full) {
            return -EMSGSIZE;
        }
        total += (size_t)got;
    }
}

int client_receive_line(int fd, char *line, size_t size, int ms)
{
    size_t length = 0;
    int64_t end = moment_ms() + ms;
    while (length + 1 < size) {
        ssize_t got = client_receive_until(fd, line + length, 1, 0, end);
        if (got <= 0) {
            line[length] = '\0';
            return got == 0 ? -EPIPE : (int)got;
        }
        if (line[length] == '\n') {
            line[length] = '\0';
            return 0;
        }
        length++;
    }
    line[length] = '\0';
    return -EMSGSIZE;
}

int client_ask(int fd, const char *line, char *answer, size_t size, int ms)
{
    char question[1024];
    int length = snprintf(question, sizeof(question), "%s\n", line);
    if (length < 0 || (size_t)length >= sizeof(question)) {
        return -EMSGSIZE;
    }
    int result = client_send(fd, question, (size_t)length, ms);
    return result != 0 ? result : client_receive_line(fd, answer, size, ms);
}

int client_ask_once(const char *address, const char *line, char *answer, size_t size, int ms)
{
    int fd = client_connect(address, ms);
    if (fd < 0) {
        return fd;
    }
    int result = client_ask(fd, line, answer, size, ms);
    close(fd);
    return result;
}

int client_end_sending(int fd)
{
    return shutdown(fd, SHUT_WR) == 0 ? 0 : -errno;
}

enum client_next client_next(int fd, int ms)
{
    char byte;
    ssize_t got = client_receive_until(fd, &byte, 1, MSG_PEEK, moment_ms() + ms);
    switch (got) {
    case 1:
        return CLIENT_NEXT_DATA;
    case 0:
        return CLIENT_NEXT_END;
    case -ECONNRESET:
        return CLIENT_NEXT_RESET;
    case -ETIMEDOUT:
        return CLIENT_NEXT_NOTHING;
    default:
        return CLIENT_NEXT_ERROR;
    }
}

const char *client_next_name(enum client_next next)
{
    static const char *const names[] = {"end", "reset", "data", "nothing", "error"};
    return names[next];
}

void client_reset(int fd)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    close(fd);
}

void client_close(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}
