#include "proxy/connect.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/loop.h"
#include "proxy/socket_options.h"
#include "proxy/stream.h"

/* The least port that the kernel takes as a source, ip_local_port_range of ip(7). */
#define PORT_RANGE_PATH "/proc/sys/net/ipv4/ip_local_port_range"
static uint16_t ephemeral_least;
static pthread_once_t ephemeral_read = PTHREAD_ONCE_INIT;

struct connect_attempt {
    struct stream *stream;
    struct loop *loop;
    struct timer timer;
    connect_callback *callback;
    void *arg;
    uint16_t port; /* of the address */
};

enum connect_outcome connect_classify(int error)
{
    switch (error) {
    case 0:
        return CONNECT_ACCEPTED;
    case ECONNREFUSED:
        return CONNECT_REFUSED;
    case ETIMEDOUT:
        return CONNECT_TIMED_OUT;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case ENOSPC: /* epoll(7): fs.epoll.max_user_watches */
        return CONNECT_LOCAL_LACK;
    case EADDRNOTAVAIL: /* no ephemeral port is left, or no address of that family */
    case EAGAIN:
    case EACCES: /* a firewall or a route of this host says so */
    case EPERM:
        return CONNECT_LOCAL_BARRED;
    default:
        return CONNECT_UNREACHABLE;
    }
}

static void attempt_free(struct connect_attempt *attempt)
{
    timer_stop(&attempt->loop->timers, &attempt->timer);
    spare_give(&attempt->loop->spares, SPARE_CONNECT, attempt);
}

static void finish(struct connect_attempt *attempt, int error)
{
    struct stream *stream = attempt->stream;
    connect_callback *callback = attempt->callback;
    void *arg = attempt->arg;
    attempt_free(attempt);
    if (error != 0) {
        stream_reset(stream); /* it may be connected by now: nobody there should wait for us */
        stream = NULL;
    }
    callback(arg, connect_classify(error), error, stream);
}

static void read_ephemeral_least(void)
{
    unsigned least = 0;
    FILE *file = fopen(PORT_RANGE_PATH, "re");
    if (file && fscanf(file, "%u", &least) == 1)
        ephemeral_least = (uint16_t)least;
    if (file)
        fclose(file);
}

/* Where nobody listens on a port of this host in the ephemeral range, the kernel may choose that
 * very port as the source, and TCP's simultaneous open (RFC 9293 §3.5) then joins the socket to
 * itself. */
static bool is_self_connected(const struct connect_attempt *attempt)
{
    struct sockaddr_storage near = {0}, far = {0};
    socklen_t near_length = sizeof near, far_length = sizeof far;
    pthread_once(&ephemeral_read, read_ephemeral_least);
    if (attempt->port < ephemeral_least)
        return false;
    if (getsockname(attempt->stream->watch.fd, (struct sockaddr *)&near, &near_length) < 0)
        return false;
    struct address own = address_from_sockaddr((struct sockaddr *)&near, near_length);
    if (address_port(&own) != attempt->port)
        return false;
    return getpeername(attempt->stream->watch.fd, (struct sockaddr *)&far, &far_length) == 0 &&
           near_length == far_length && memcmp(&near, &far, near_length) == 0;
}

static void on_stream(struct stream *stream, void *owner)
{
    struct connect_attempt *attempt = owner;
    if (!stream->writable)
        return;
    int error = stream->broken ? -stream_connect_error(stream) : 0;
    if (error == 0 && is_self_connected(attempt))
        error = ECONNREFUSED;
    finish(attempt, error);
}

static void on_timeout(struct timer *timer)
{
    finish(list_entry(timer, struct connect_attempt, timer), ETIMEDOUT);
}

int connect_open(const struct address *address, const struct upstream_options *options, bool probe)
{
    int zero = 0;
    int fd = socket(address->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (probe)
        setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &zero, sizeof zero);
    int error = -socket_bind_source(fd, address->family, options);
    if (error == 0 &&
        (connect(fd, &address->sa, address_length(address)) == 0 || errno == EINPROGRESS))
        return fd;
    error = error ? error : errno;
    close(fd);
    return -error;
}

int connect_start(struct loop *loop, const struct address *address,
                  const struct upstream_options *options, usec_t timeout,
                  connect_callback *callback, void *arg, struct connect_attempt **ret_attempt)
{
    struct connect_attempt *attempt = spare_take(&loop->spares, SPARE_CONNECT, sizeof *attempt);
    if (!attempt)
        return -ENOMEM;
    *attempt = (struct connect_attempt){
        .loop = loop, .callback = callback, .arg = arg, .port = address_port(address)};
    timer_init(&attempt->timer, on_timeout);
    int fd = connect_open(address, options, false);
    int result = fd < 0 ? fd : stream_new(loop, fd, on_stream, attempt, &attempt->stream);
    if (result < 0) {
        spare_give(&loop->spares, SPARE_CONNECT, attempt);
        return result;
    }
    attempt->stream->nagle = true;
    loop_timer(loop, &attempt->timer, timeout);
    *ret_attempt = attempt;
    return 0;
}

void connect_cancel(struct connect_attempt *attempt)
{
    if (!attempt)
        return;
    stream_reset(attempt->stream);
    attempt_free(attempt);
}
