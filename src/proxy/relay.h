#ifndef REDIAL_PROXY_RELAY_H
#define REDIAL_PROXY_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct pipe;
struct stream;

/* How the bytes of one side are moved. Each side begins by copying, which is cheaper for messages,
 * and is moved through a pipe as long as it looks like a stream. */
enum relay_mode { RELAY_COPY, RELAY_SPLICE };

/* One of the two equal sides of a relay. */
struct half {
    struct stream *stream;
    char *pending; /* bytes of this side that the other one did not take yet; NULL: none */
    uint32_t pending_length, pending_sent;
    struct pipe *pipe; /* the same when they are in a pipe; never set beside `pending` */
    uint64_t received; /* bytes, in all */
    uint8_t mode;      /* enum relay_mode */
    uint8_t hints;     /* reads in a row that speak for the other mode */
    bool ended;        /* it said that no more bytes come (a FIN, or a reset) */
    bool end_passed;   /* and the other side was told */
    bool reset;        /* it is broken: nothing can be sent to it */
};

/* Carries bytes between two streams, both ways, until both have ended. */
struct relay {
    struct half client, endpoint;
    bool lost_bytes; /* there was no memory to keep what a side did not take */
};

enum relay_verdict {
    RELAY_IDLE,   /* nothing to do until a stream has an event */
    RELAY_AGAIN,  /* this turn's share of work is done and there is more */
    RELAY_CLOSED, /* both sides ended in order and everything was delivered */
    RELAY_CLIENT_RESET,
    RELAY_ENDPOINT_RESET,
    RELAY_LOCAL_FAULT, /* bytes were lost for want of memory: a stream with a hole is no stream */
};

/* Takes note of the streams; owns neither. */
void relay_init(struct relay *relay, struct stream *client, struct stream *endpoint);

/* Sends the endpoint bytes of redial's own, before any of the client's. They are not counted as
 * received. To be called once, before relay_run(). Returns 0, or -ENOMEM where what the endpoint
 * did not take could not be kept. */
int relay_send_first(struct relay *relay, const char *bytes, size_t size);

/* Frees what is pending. */
void relay_clear(struct relay *relay, struct loop *loop);

/* Whether both sides are open and nothing of theirs is kept here. */
bool relay_is_quiet(const struct relay *relay);

/* Moves what can be moved now, a bounded amount. To be called after each event of a stream. */
enum relay_verdict relay_run(struct relay *relay, struct loop *loop);

#endif
