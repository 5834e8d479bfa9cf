#include "proxy/probe.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "proxy/stream.h"

struct probe {
    int fd;
    struct event *event;
    probe_callback *callback;
    void *arg;
    usec_t started;
};

static void probe_free(struct probe *probe)
{
    if (probe->event)
        event_free(probe->event);
    if (probe->fd >= 0)
        socket_reset(probe->fd);
    free(probe);
}

static void on_event(evutil_socket_t fd, short events, void *arg)
{
    struct probe *probe = arg;
    probe_callback *callback = probe->callback;
    void *callback_arg = probe->arg;
    usec_t took = clock_now() - probe->started;
    int error = ETIMEDOUT;
    socklen_t length = sizeof error;
    if (!(events & EV_TIMEOUT) && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
        error = errno;
    probe_free(probe);
    callback(callback_arg, connect_classify(error), took);
}

int probe_start(struct event_base *base, const struct address *address,
                const struct upstream_options *options, usec_t timeout, probe_callback *callback,
                void *arg, struct probe **ret_probe)
{
    struct timeval span = clock_timeval(timeout);
    struct probe *probe = calloc(1, sizeof *probe);
    if (!probe)
        return -ENOMEM;
    *probe = (struct probe){.callback = callback, .arg = arg, .started = clock_now()};
    probe->fd = connect_open(address, options, true);
    int result = probe->fd < 0 ? probe->fd : 0;
    if (result == 0)
        probe->event = event_new(base, probe->fd, EV_WRITE, on_event, probe);
    if (result == 0 && (!probe->event || event_add(probe->event, &span) < 0))
        result = -ENOMEM;
    if (result < 0) {
        probe_free(probe);
        return result;
    }
    *ret_probe = probe;
    return 0;
}

void probe_cancel(struct probe *probe)
{
    if (probe)
        probe_free(probe);
}
