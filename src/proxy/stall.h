#ifndef REDIAL_PROXY_STALL_H
#define REDIAL_PROXY_STALL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

struct stream;

/* An endpoint that lives and does not read keeps its receive window closed. TCP_USER_TIMEOUT takes
 * that for a peer that vanished and ends the connection (tcp(7)), although every probe of the
 * window is answered, which RFC 9293 §3.8.6.1 wants to be waited for without end. So it is lifted
 * as long as the window is closed, and the answers are looked at instead. */
struct stall {
    uint64_t delivered; /* bytes for the endpoint when all of them were last acknowledged */
    bool lifted;        /* the window was closed when last looked at */
};

void stall_init(struct stall *stall);

/* To be called some times within user-timeout. `sent` grows with the bytes for the endpoint; as
 * long as it stays and all was acknowledged, this costs nothing. Returns whether the endpoint is
 * still there, as far as can be known. */
bool stall_look(struct stall *stall, const struct stream *stream, uint64_t sent,
                usec_t user_timeout);

#endif
