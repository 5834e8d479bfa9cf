#include "proxy/relay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "proxy/loop.h"
#include "proxy/stream.h"

/* Reads of one side before other sessions have their turn. */
#define ROUNDS_PER_TURN 8

void relay_init(struct relay *relay, struct stream *client, struct stream *endpoint)
{
    *relay = (struct relay){.client = {.stream = client}, .endpoint = {.stream = endpoint}};
}

void relay_clear(struct relay *relay)
{
    free(relay->client.pending);
    free(relay->endpoint.pending);
}

static void drop_pending(struct half *half)
{
    free(half->pending);
    half->pending = NULL;
    half->pending_length = half->pending_sent = 0;
}

/* `half` is gone. What it sent before may still be read from its socket, but nothing reaches it. */
static void mark_reset(struct half *half)
{
    half->reset = true;
    half->stream->readable = true; /* the rest, and then the end */
}

/* Sends as much as goes. Returns how much went, or -errno when the receiver is gone. */
static ssize_t send_all(struct half *to, const char *bytes, size_t size)
{
    size_t sent = 0;
    while (sent < size) {
        ssize_t put = stream_send(to->stream, bytes + sent, size - sent);
        if (put == -EAGAIN)
            break;
        if (put < 0) {
            mark_reset(to);
            return put;
        }
        sent += (size_t)put;
    }
    return (ssize_t)sent;
}

/* Sends what `from` has pending. Returns whether nothing is pending any more. */
static bool flush(struct half *from, struct half *to)
{
    if (!from->pending)
        return true;
    if (!to->stream->writable)
        return false;
    ssize_t sent =
        send_all(to, from->pending + from->pending_sent, from->pending_length - from->pending_sent);
    if (sent >= 0)
        from->pending_sent += (uint32_t)sent;
    if (sent >= 0 && from->pending_sent < from->pending_length)
        return false;
    drop_pending(from);
    return true;
}

/* Keeps what the receiver did not take. Reading from `from` rests until it did. */
static int keep_pending(struct half *from, const char *bytes, size_t size)
{
    from->pending = malloc(size);
    if (!from->pending)
        return -ENOMEM;
    memcpy(from->pending, bytes, size);
    from->pending_length = (uint32_t)size;
    from->pending_sent = 0;
    return 0;
}

int relay_send_first(struct relay *relay, const char *bytes, size_t size)
{
    ssize_t sent = send_all(&relay->endpoint, bytes, size);
    if (sent < 0 || (size_t)sent == size) /* relay_run() tells of an endpoint that is gone */
        return 0;
    return keep_pending(&relay->client, bytes + sent, size - (size_t)sent);
}

static void pass_end(struct half *from, struct half *to)
{
    if (from->end_passed || from->reset)
        return;
    from->end_passed = true;
    shutdown(to->stream->fd, SHUT_WR);
}

/* A side that is not read any more, because it ended or because the other side is full, tells of
 * its reset only here. */
static void look_for_reset(struct half *half)
{
    if (!half->stream->readable)
        return;
    if (half->ended)
        half->stream->readable = false;
    if (stream_is_broken(half->stream))
        half->reset = true;
}

/* Moves one buffer from one side to the other, or notes that there is none. */
static void move(struct relay *relay, struct half *from, struct half *to, struct loop *loop)
{
    ssize_t got = stream_receive(from->stream, loop->buffer, LOOP_BUFFER_SIZE);
    if (got == -EAGAIN)
        return;
    if (got <= 0) {
        from->ended = true;
        from->reset = from->reset || got < 0;
        from->stream->readable = false;
        return;
    }
    from->received += (uint64_t)got;
    ssize_t sent = send_all(to, loop->buffer, (size_t)got);
    if (sent >= 0 && sent < got &&
        keep_pending(from, loop->buffer + sent, (size_t)(got - sent)) < 0)
        relay->lost_bytes = true;
}

/* Moves what one side has for the other. Returns whether there is more for the next turn. */
static bool pump(struct relay *relay, struct half *from, struct half *to, struct loop *loop)
{
    for (int round = 0; round < ROUNDS_PER_TURN && !relay->lost_bytes; round++) {
        if (to->reset) {
            drop_pending(from);
            return false;
        }
        if (!flush(from, to)) {
            look_for_reset(from);
            return false;
        }
        if (from->ended) {
            pass_end(from, to);
            look_for_reset(from);
            return false;
        }
        if (!from->stream->readable)
            return false;
        move(relay, from, to, loop);
    }
    return true;
}

static bool half_is_quiet(const struct half *half)
{
    return !half->pending && !half->ended && !half->reset;
}

bool relay_is_quiet(const struct relay *relay)
{
    return half_is_quiet(&relay->client) && half_is_quiet(&relay->endpoint);
}

/* Whether the reset of `half` is to be passed on now: when the bytes that came before it were
 * handed over, or cannot be because the other side is full or gone as well. */
static bool reset_is_due(struct relay *relay, struct half *half, struct half *other,
                         struct loop *loop)
{
    if (!half->reset)
        return false;
    if (!half->ended)
        pump(relay, half, other, loop);
    return half->ended || half->pending || other->reset;
}

enum relay_verdict relay_run(struct relay *relay, struct loop *loop)
{
    struct half *client = &relay->client, *endpoint = &relay->endpoint;
    bool more = pump(relay, client, endpoint, loop);
    more = pump(relay, endpoint, client, loop) || more;
    bool client_reset = reset_is_due(relay, client, endpoint, loop);
    bool endpoint_reset = reset_is_due(relay, endpoint, client, loop);
    if (relay->lost_bytes)
        return RELAY_LOCAL_FAULT;
    if (client_reset)
        return RELAY_CLIENT_RESET;
    if (endpoint_reset)
        return RELAY_ENDPOINT_RESET;
    if (client->end_passed && endpoint->end_passed)
        return RELAY_CLOSED;
    return more || client->reset || endpoint->reset ? RELAY_AGAIN : RELAY_IDLE;
}
