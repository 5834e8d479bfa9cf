#include "relay_rig.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "loopback.h"
#include "proxy/stream.h"

#define PIECE 200000

static char piece[PIECE];

static char pattern(uint8_t seed, uint64_t at)
{
    return (char)((at * 2654435761u >> 11) ^ seed);
}

static bool holds_empty_pipe(const struct half *half)
{
    return half->pipe && half->pipe->filled == 0;
}

static void close_side(struct half *half)
{
    stream_close(half->stream);
    half->stream = NULL;
}

static void run_relay(struct rig *rig)
{
    if (rig_over(rig))
        return; /* as a session would be gone */
    rig->runs++;
    rig->verdict = relay_run(&rig->relay, &rig->loop);
    if (rig->relay.client.pending_length > LOOP_BUFFER_SIZE ||
        rig->relay.endpoint.pending_length > LOOP_BUFFER_SIZE)
        abort(); /* an unbounded buffer */
    if (holds_empty_pipe(&rig->relay.client) || holds_empty_pipe(&rig->relay.endpoint))
        abort();
    if (rig->verdict == RELAY_CLOSED) { /* as a session does */
        close_side(&rig->relay.client);
        close_side(&rig->relay.endpoint);
    }
    if (rig->verdict == RELAY_AGAIN) {
        rig->agains++;
        loop_later(&rig->loop, &rig->again);
    }
}

static void on_stream(struct stream *stream, void *owner)
{
    (void)stream;
    run_relay(owner);
}

static void on_again(struct task *task)
{
    run_relay((struct rig *)((char *)task - offsetof(struct rig, again)));
}

static int open_side(struct rig *rig, struct stream **ret_stream)
{
    int ends[2];
    loopback_pair(ends);
    if (stream_new(&rig->loop, ends[0], on_stream, rig, ret_stream) < 0)
        abort();
    return ends[1];
}

void rig_open(struct rig *rig, enum relay_mode mode)
{
    struct stream *client, *endpoint;
    *rig = (struct rig){.verdict = RELAY_IDLE};
    signal(SIGPIPE, SIG_IGN); /* as the server does, since splice(2) knows no MSG_NOSIGNAL */
    if (loop_init(&rig->loop) < 0)
        abort();
    rig->client = (struct far_end){.fd = open_side(rig, &client), .seed = 0x11};
    rig->endpoint = (struct far_end){.fd = open_side(rig, &endpoint), .seed = 0xee};
    task_init(&rig->again, on_again);
    relay_init(&rig->relay, client, endpoint);
    rig->relay.client.mode = rig->relay.endpoint.mode = (uint8_t)mode;
}

void rig_close(struct rig *rig)
{
    task_cancel(&rig->again);
    relay_clear(&rig->relay, &rig->loop);
    stream_close(rig->relay.client.stream);
    stream_close(rig->relay.endpoint.stream);
    if (rig->client.fd >= 0)
        close(rig->client.fd);
    if (rig->endpoint.fd >= 0)
        close(rig->endpoint.fd);
    loop_clear(&rig->loop);
}

static void fill_piece(struct far_end *end, size_t size)
{
    for (size_t i = 0; i < size; i++)
        piece[i] = pattern(end->seed, end->sent + i);
}

static void count_sent(struct far_end *end, uint64_t size)
{
    end->sent += size;
    if (end->to_send < end->sent)
        end->to_send = end->sent;
}

void rig_send_first(struct rig *rig, size_t size)
{
    fill_piece(&rig->client, size);
    if (relay_send_first(&rig->relay, piece, size) < 0)
        abort();
    count_sent(&rig->client, size);
}

/* The peer takes nothing more and nothing is on its way: it stays so until the peer reads. Before
 * that, the kernel makes room a little later, when what it sent is acknowledged or a window that is
 * smaller than a segment is used up by its timer. */
static bool stays_full(int fd)
{
    struct tcp_info info;
    socklen_t length = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) < 0)
        abort();
    return info.tcpi_unacked == 0 && info.tcpi_notsent_bytes > 0 && info.tcpi_snd_wnd == 0;
}

void rig_fill_endpoint(struct rig *rig, uint64_t most)
{
    struct pollfd room = {.fd = rig->relay.endpoint.stream->watch.fd, .events = POLLOUT};
    while (rig->client.sent < most) {
        bool full = stays_full(room.fd);
        size_t size = most - rig->client.sent < PIECE ? (size_t)(most - rig->client.sent) : PIECE;
        fill_piece(&rig->client, size);
        ssize_t put = stream_send(rig->relay.endpoint.stream, piece, size);
        if (put > 0)
            count_sent(&rig->client, (uint64_t)put);
        else if (full)
            return;
        else
            poll(&room, 1, 10);
    }
}

static size_t random_size(void)
{
    uint32_t most = random_below(4) ? 3000 : PIECE;
    return 1 + random_below(most);
}

static void send_some(struct far_end *end)
{
    size_t size = random_size();
    if (size > end->to_send - end->sent)
        size = (size_t)(end->to_send - end->sent);
    fill_piece(end, size);
    ssize_t put = send(end->fd, piece, size, MSG_NOSIGNAL);
    if (put > 0)
        end->sent += (uint64_t)put;
}

static void read_some(struct far_end *end, const struct far_end *other)
{
    ssize_t got = recv(end->fd, piece, random_size(), 0);
    if (got < 0 && errno != EAGAIN)
        end->got_error = errno;
    if (got == 0)
        end->got_end = true;
    for (ssize_t i = 0; i < got; i++)
        if (piece[i] != pattern(other->seed, end->got++))
            abort(); /* a byte is not where it belongs */
}

static void move_end(struct far_end *end, const struct far_end *other)
{
    if (end->fd < 0)
        return;
    if (end->sent < end->to_send)
        send_some(end);
    if (!end->holds_back && !end->got_end)
        read_some(end, other);
}

void rig_turn(struct rig *rig)
{
    move_end(&rig->client, &rig->endpoint);
    move_end(&rig->endpoint, &rig->client);
    loop_turn(&rig->loop, 0);
}

bool rig_until(struct rig *rig, bool (*done)(const struct rig *rig))
{
    usec_t limit = clock_now() + 10 * USEC_PER_SEC;
    while (!done(rig) && clock_now() < limit)
        rig_turn(rig);
    return done(rig);
}

bool rig_over(const struct rig *rig)
{
    return rig->verdict >= RELAY_CLOSED;
}

bool rig_carried(const struct rig *rig)
{
    return rig->client.got == rig->endpoint.to_send && rig->endpoint.got == rig->client.to_send;
}
