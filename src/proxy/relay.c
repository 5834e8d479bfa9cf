#include "proxy/relay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/loop.h"
#include "proxy/pipe.h"
#include "proxy/stream.h"

/* Bytes of one side before other sessions have their turn. */
#define BYTES_PER_TURN ((size_t)512 * 1024)

/* A side is a stream once so many reads in a row filled the buffer, and is one no more after so
 * many that brought less than this. */
#define HINTS_TO_TURN 2
#define STREAM_LEAST ((size_t)16 * 1024)

void relay_init(struct relay *relay, struct stream *client, struct stream *endpoint)
{
    *relay = (struct relay){.client = {.stream = client}, .endpoint = {.stream = endpoint}};
}

static void drop_pending(struct half *half, struct loop *loop)
{
    free(half->pending);
    half->pending = NULL;
    half->pending_length = half->pending_sent = 0;
    pipe_give(&loop->pipes, half->pipe);
    half->pipe = NULL;
}

void relay_clear(struct relay *relay, struct loop *loop)
{
    drop_pending(&relay->client, loop);
    drop_pending(&relay->endpoint, loop);
}

/* `half` is gone. What it sent before may still be read from its socket, but nothing reaches it. */
static void mark_reset(struct half *half)
{
    half->reset = true;
    half->stream->readable = true; /* the rest, and then the end */
}

/* Sends as much as goes. Returns how much went, or -errno when the receiver is gone. */
static ssize_t send_some(struct half *to, const char *bytes, size_t size)
{
    ssize_t put = stream_send(to->stream, bytes, size);
    if (put == -EAGAIN)
        return 0;
    if (put < 0)
        mark_reset(to);
    return put;
}

/* Sends what `from` has in its pipe. Returns whether nothing is left there. */
static bool drain(struct half *from, struct half *to)
{
    while (from->pipe->filled > 0) {
        ssize_t put = stream_send_from(to->stream, from->pipe);
        if (put == -EAGAIN)
            return false;
        if (put <= 0) {
            mark_reset(to);
            break;
        }
    }
    return true;
}

/* Sends what `from` has pending. Returns whether nothing is pending any more. */
static bool flush(struct half *from, struct half *to, struct loop *loop)
{
    if (!from->pending && !from->pipe)
        return true;
    if (!to->stream->writable)
        return false;
    if (from->pipe) {
        if (!drain(from, to))
            return false;
    } else {
        ssize_t sent = send_some(to, from->pending + from->pending_sent,
                                 from->pending_length - from->pending_sent);
        if (sent >= 0)
            from->pending_sent += (uint32_t)sent;
        if (sent >= 0 && from->pending_sent < from->pending_length)
            return false;
    }
    drop_pending(from, loop);
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
    ssize_t sent = send_some(&relay->endpoint, bytes, size);
    if (sent < 0 || (size_t)sent == size) /* relay_run() tells of an endpoint that is gone */
        return 0;
    return keep_pending(&relay->client, bytes + sent, size - (size_t)sent);
}

static void pass_end(struct half *from, struct half *to)
{
    if (from->end_passed || from->reset)
        return;
    from->end_passed = true;
    if (!to->end_passed) /* otherwise both are over, and closing says so */
        stream_end(to->stream);
}

/* A side that is not read any more, because it ended or because the other side is full, tells of
 * its reset only here. */
static void look_for_reset(struct half *half)
{
    if (half->stream->broken)
        half->reset = true;
}

/* Looks at how much a read brought: whether the side is a stream, or one no more. */
static void adapt(struct half *from, size_t got)
{
    bool speaks_for_change =
        from->mode == RELAY_COPY ? got == LOOP_BUFFER_SIZE : got < STREAM_LEAST;
    from->hints = speaks_for_change ? (uint8_t)(from->hints + 1) : 0;
    if (from->hints < HINTS_TO_TURN)
        return;
    from->mode = from->mode == RELAY_COPY ? RELAY_SPLICE : RELAY_COPY;
    from->hints = 0;
}

/* Notes what a read came to. Returns whether it brought bytes. */
static bool note_read(struct half *from, ssize_t got)
{
    if (got == -EAGAIN)
        return false;
    if (got <= 0) {
        from->ended = true;
        from->reset = from->reset || got < 0;
        from->stream->readable = false;
        return false;
    }
    from->received += (uint64_t)got;
    adapt(from, (size_t)got);
    return true;
}

/* Moves a buffer from one side to the other, or notes that there is nothing. Returns how much. */
static size_t move_copied(struct relay *relay, struct half *from, struct half *to,
                          struct loop *loop, size_t room)
{
    size_t size = room < LOOP_BUFFER_SIZE ? room : LOOP_BUFFER_SIZE;
    ssize_t got = stream_receive(from->stream, loop->buffer, size);
    if (!note_read(from, got))
        return 0;
    ssize_t sent = send_some(to, loop->buffer, (size_t)got);
    if (sent >= 0 && sent < got &&
        keep_pending(from, loop->buffer + sent, (size_t)(got - sent)) < 0)
        relay->lost_bytes = true;
    return (size_t)got;
}

/* The same through the pipe, which is empty. It is given back by flush(), in this turn or when the
 * receiver has taken what is in it. */
static size_t move_spliced(struct half *from, struct half *to, size_t room)
{
    ssize_t got = stream_receive_into(from->stream, from->pipe, room);
    if (!note_read(from, got))
        return 0;
    drain(from, to);
    return (size_t)got;
}

/* At most `room` bytes. Returns how many. */
static size_t move(struct relay *relay, struct half *from, struct half *to, struct loop *loop,
                   size_t room)
{
    if (from->mode == RELAY_SPLICE && !from->pipe)
        from->pipe = pipe_take(&loop->pipes);
    if (from->mode == RELAY_SPLICE && from->pipe)
        return move_spliced(from, to, room);
    return move_copied(relay, from, to, loop, room);
}

/* An empty pipe is of use to others. */
static void give_back(struct half *from, struct loop *loop)
{
    if (from->pipe && from->pipe->filled == 0)
        drop_pending(from, loop);
}

/* Moves what one side has for the other. Returns whether there is more for the next turn. */
static bool pump(struct relay *relay, struct half *from, struct half *to, struct loop *loop)
{
    for (size_t moved = 0; moved < BYTES_PER_TURN && !relay->lost_bytes;) {
        if (to->reset) {
            drop_pending(from, loop);
            return false;
        }
        if (!flush(from, to, loop)) {
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
        moved += move(relay, from, to, loop, BYTES_PER_TURN - moved);
        give_back(from, loop);
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
    return half->ended || half->pending || half->pipe || other->reset;
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
