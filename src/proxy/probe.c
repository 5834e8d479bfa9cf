#include "proxy/probe.h"

#include <errno.h>
#include <stdlib.h>

#include "proxy/loop.h"
#include "proxy/stream.h"

struct probe {
    struct loop loop;
    struct connect_attempt *attempt;
    probe_callback *callback;
    void *arg;
    usec_t started;
};

static void on_connect(void *arg, enum connect_outcome outcome, int error, struct stream *stream)
{
    struct probe probe = *(struct probe *)arg;
    (void)error;
    free(arg);
    stream_reset(stream);
    probe.callback(probe.arg, outcome, clock_now() - probe.started);
}

int probe_start(struct event_base *base, const struct address *address, usec_t timeout,
                probe_callback *callback, void *arg, struct probe **ret_probe)
{
    struct probe *probe = calloc(1, sizeof *probe);
    if (!probe)
        return -ENOMEM;
    *probe = (struct probe){.loop = loop_around(base), .callback = callback, .arg = arg};
    probe->started = clock_now();
    int result =
        connect_start_probe(&probe->loop, address, timeout, on_connect, probe, &probe->attempt);
    if (result < 0) {
        free(probe);
        return result;
    }
    *ret_probe = probe;
    return 0;
}

void probe_cancel(struct probe *probe)
{
    if (!probe)
        return;
    connect_cancel(probe->attempt);
    free(probe);
}
