#include "proxy/stall.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "proxy/stream.h"

/* Probes of a closed window that went unanswered in a row: one may be under way, one lost. */
#define LOST_PROBES 3

void stall_init(struct stall *stall)
{
    *stall = (struct stall){.delivered = UINT64_MAX}; /* redial's own first bytes count too */
}

/* Bytes and an end that the peer has not acknowledged yet. */
static int unacknowledged(const struct stream *stream)
{
    int bytes = 0;
    ioctl(stream->watch.fd, SIOCOUTQ, &bytes);
    return bytes;
}

static void set_user_timeout(const struct stream *stream, usec_t span)
{
    int msec = (int)(span / USEC_PER_MSEC);
    setsockopt(stream->watch.fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &msec, sizeof msec);
}

bool stall_look(struct stall *stall, const struct stream *stream, uint64_t sent,
                usec_t user_timeout)
{
    struct tcp_info info;
    socklen_t length = sizeof info;
    bool closed = false;
    if (sent == stall->delivered && !stall->lifted)
        return true;
    stall->delivered = sent;
    if (unacknowledged(stream) > 0) {
        stall->delivered = UINT64_MAX;
        if (getsockopt(stream->watch.fd, IPPROTO_TCP, TCP_INFO, &info, &length) < 0)
            return true;
        closed = info.tcpi_unacked == 0; /* there are bytes, and none may be sent */
    }
    if (closed != stall->lifted)
        set_user_timeout(stream, closed ? 0 : user_timeout);
    stall->lifted = closed;
    return !closed || info.tcpi_probes < LOST_PROBES ||
           info.tcpi_last_ack_recv * USEC_PER_MSEC < user_timeout;
}
