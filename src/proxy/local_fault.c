#include "proxy/local_fault.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "proxy/socket_options.h"

#define QUIET (10 * USEC_PER_SEC)

static _Atomic usec_t last_told; /* 0: never */

/* Whether the source for the family is no address of this host (any more). */
static bool lacks_source(sa_family_t family, const struct upstream_options *options)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool lacks = fd >= 0 && socket_bind_source(fd, family, options) == -EADDRNOTAVAIL;
    if (fd >= 0)
        close(fd);
    return lacks;
}

static const char *advice(sa_family_t family, const struct upstream_options *options, int error)
{
    switch (error) {
    case EADDRNOTAVAIL:
        return lacks_source(family, options)
                   ? "[connect] source is no address of this host: ip address shows those it has"
                   : "no source port is left: widen net.ipv4.ip_local_port_range";
    case EMFILE:
    case ENFILE:
        return "the limit of open files is reached: raise it (ulimit -n, or LimitNOFILE=)";
    case ENOSPC:
        return "the limit of watched sockets is reached: raise fs.epoll.max_user_watches";
    case EACCES:
    case EPERM:
        return "a firewall or a route of this host forbids it";
    default:
        return NULL;
    }
}

void local_fault_tell(const struct upstream_config *upstream, const struct address *endpoint,
                      int error)
{
    char text[ADDRESS_TEXT_MAX];
    usec_t now = clock_now(), before = atomic_load(&last_told);
    if ((before != 0 && now - before < QUIET) ||
        !atomic_compare_exchange_strong(&last_told, &before, now))
        return;
    log_warning("this host cannot connect", log_text("upstream", upstream->name),
                log_text("endpoint", address_format(endpoint, text)),
                log_text("error", strerror(error)),
                log_text("advice", advice(endpoint->family, &upstream->options, error)));
}
