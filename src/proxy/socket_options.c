#include "proxy/socket_options.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "config/model.h"

/* A peer is probed first after three eighths of user-timeout, and so many times in its second half;
 * the eighth between them is what the look takes that asks for it (proxy/sweep). */
#define PROBES 3

static void set(int fd, int level, int name, int value)
{
    setsockopt(fd, level, name, &value, sizeof value);
}

static const struct address *source_for(sa_family_t family, const struct upstream_options *options)
{
    for (size_t i = 0; options && i < options->source_count; i++)
        if (options->sources[i].family == family)
            return &options->sources[i];
    return NULL;
}

int socket_bind_source(int fd, sa_family_t family, const struct upstream_options *options)
{
    const struct address *source = source_for(family, options);
    if (!source)
        return 0;
    set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    return bind(fd, &source->sa, address_length(source)) < 0 ? -errno : 0;
}

/* In whole seconds, at least one. */
static int seconds(usec_t span)
{
    usec_t rounded = (span + USEC_PER_SEC / 2) / USEC_PER_SEC;
    return rounded > 1 ? (int)rounded : 1;
}

void socket_probe_peer(int fd, const struct upstream_options *options)
{
    if (!options->keepalive)
        return;
    if (options->user_timeout > 0) { /* otherwise at the host's own pace */
        set(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds(options->user_timeout * 3 / 8));
        set(fd, IPPROTO_TCP, TCP_KEEPINTVL, seconds(options->user_timeout / (2 * PROBES)));
        set(fd, IPPROTO_TCP, TCP_KEEPCNT, PROBES);
    }
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
}

void socket_watch_peer(int fd, const struct upstream_options *options)
{
    socket_probe_peer(fd, options);
    if (options->user_timeout > 0)
        set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)(options->user_timeout / USEC_PER_MSEC));
}
