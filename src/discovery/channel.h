#ifndef REDIAL_DISCOVERY_CHANNEL_H
#define REDIAL_DISCOVERY_CHANNEL_H

#include <ares.h>

#include "base/address.h"
#include "base/clock.h"
#include "discovery/answer.h"

struct event_base;

enum transport {
    TRANSPORT_UDP, /* a truncated answer is handed over as it is */
    TRANSPORT_TCP,
};

/* One c-ares channel to one DNS server over one transport, in a libevent loop: no thread, and no
 * wake-up while nothing is asked. */
struct channel;

/* A question waits `timeout` for its answer. Returns 0 or -errno: -EINVAL where c-ares does not
 * take the address. */
int channel_open(struct event_base *base, const struct address *server, enum transport transport,
                 usec_t timeout, struct channel **ret_channel);

/* Ends every question, by ARES_EDESTRUCTION to its callback. Accepts NULL. */
void channel_close(struct channel *channel);

/* Sends one question, once. As c-ares does, it may call back before it returns. */
void channel_ask(struct channel *channel, const char *name, enum dns_type type,
                 ares_callback callback, void *arg);

/* How a question ended for which the callback got this status of c-ares and no message. */
enum answer_outcome channel_outcome(int status);

#endif
