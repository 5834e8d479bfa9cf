#ifndef REDIAL_PROXY_CONNECT_H
#define REDIAL_PROXY_CONNECT_H

#include <stdbool.h>

#include "base/address.h"
#include "base/clock.h"

struct loop;
struct stream;
struct upstream_options;

/* How a connect ended. */
enum connect_outcome {
    CONNECT_ACCEPTED,
    CONNECT_REFUSED,
    CONNECT_UNREACHABLE, /* no route, host or port unreachable, or any other network error */
    CONNECT_TIMED_OUT,
    /* Faults of this host, which are nobody else's: */
    CONNECT_LOCAL_BARRED, /* no port, permission or address of its own towards this address */
    CONNECT_LOCAL_LACK,   /* no descriptor or memory at all */
};

static inline bool connect_is_local(enum connect_outcome outcome)
{
    return outcome == CONNECT_LOCAL_BARRED || outcome == CONNECT_LOCAL_LACK;
}

/* What an errno of socket(2) or connect(2) means. */
enum connect_outcome connect_classify(int error);

/* One connect to one address, under way. */
struct connect_attempt;

/* `stream` is the connected socket, owned by the callee from now on; NULL unless accepted. `error`
 * is a positive errno, or 0. The attempt is gone when this is called. */
typedef void connect_callback(void *arg, enum connect_outcome outcome, int error,
                              struct stream *stream);

/* A socket on its way to the address, from the source that the options (NULL: none) have for its
 * family. Of a `probe`, which only wants to know whether somebody accepts and is reset then, this
 * host's last word of the handshake is held back (TCP_QUICKACK of tcp(7)), so that the reset goes
 * instead of it: the other host's kernel has said that it accepts, and its program never hears of
 * the connection. Returns the descriptor or -errno. */
int connect_open(const struct address *address, const struct upstream_options *options, bool probe);

/* Starts a non-blocking connect that may take `timeout`, as connect_open() does. Returns 0 and
 * never calls back before it returns: then exactly one callback, unless connect_cancel() is called
 * first. Returns -errno where it failed at once: then no callback comes. */
int connect_start(struct loop *loop, const struct address *address,
                  const struct upstream_options *options, usec_t timeout,
                  connect_callback *callback, void *arg, struct connect_attempt **ret_attempt);

/* Closes the socket; no callback comes. Accepts NULL. */
void connect_cancel(struct connect_attempt *attempt);

#endif
