#include "backend.h"

#include "client.h"
#include "die.h"
#include "ledger.h"
#include "pattern.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    TURN_BYTES = 1 << 19, /* a connection's share of a turn */
    SLOW_BYTES = 3000,    /* the same when the backend is slow */
    TURN_MS = 10,         /* how soon a changed manner is noticed */
    CONNS_MOST = 4000,
    RESET_BYTES = 40000 /* a reset in mid-stream comes before so many */
};

struct conn {
    LIST_ENTRY(conn) link;
    int fd;
    size_t head_got;
    struct head head;
    struct slot *slot; /* NULL until the head is there */
    uint64_t received;
    uint64_t sent;
    uint64_t reset_at; /* received and sent; UINT64_MAX: never */
    bool got_end;
    bool sent_end;
};

static LIST_HEAD(, conn) conns = LIST_HEAD_INITIALIZER(conns);
static struct ledger *ledger;
static struct ledger_backend *page;
static unsigned own_index;
static char buffer[1 << 16];

static void conn_free(struct conn *conn, bool reset)
{
    LIST_REMOVE(conn, link);
    if (conn->slot != NULL) {
        conn->slot->state = SLOT_OVER;
    } else {
        page->headless--;
    }
    if (reset) {
        client_reset(conn->fd);
    } else {
        close(conn->fd);
    }
    free(conn);
}

/* What is noted of it must be there before the other side can know. */
static void conn_break(struct conn *conn)
{
    if (conn->slot != NULL) {
        slot_mark(conn->slot, MARK_DID_RESET);
    } else {
        page->broken++;
    }
    conn_free(conn, true);
}

/* Whether it lives on after recv or send said so. */
static bool conn_survives(struct conn *conn)
{
    if (errno == EAGAIN || errno == EINTR) {
        return true;
    }
    if (conn->slot != NULL) {
        slot_mark(conn->slot, MARK_GOT_RESET);
    }
    conn_free(conn, true);
    return false;
}

/* Reads what is missing of the head: false when the connection is gone. */
static bool conn_read_head(struct conn *conn)
{
    char *to = (char *)&conn->head + conn->head_got;
    ssize_t got = recv(conn->fd, to, sizeof(conn->head) - conn->head_got, 0);
    if (got < 0) {
        return conn_survives(conn);
    }
    if (got == 0) { /* it lost a race against another backend, or its client is gone */
        conn_free(conn, false);
        return false;
    }
    conn->head_got += (size_t)got;
    if (conn->head_got < sizeof(conn->head)) {
        return true;
    }
    conn->slot = ledger_claim(ledger, &conn->head, own_index);
    if (conn->slot == NULL) {
        conn_free(conn, true);
        return false;
    }
    page->headless--;
    return true;
}

static bool conn_read(struct conn *conn, size_t most)
{
    while (most > 0 && !conn->got_end) {
        size_t size = most < sizeof(buffer) ? most : sizeof(buffer);
        ssize_t got = recv(conn->fd, buffer, size, 0);
        if (got < 0) {
            return conn_survives(conn);
        }
        if (got == 0) {
            conn->got_end = true;
            slot_mark(conn->slot, MARK_GOT_END);
            return true;
        }
        if (conn->received + (uint64_t)got > conn->head.up ||
            !pattern_matches(head_offset_up(&conn->head) + conn->received, buffer, (size_t)got)) {
            slot_mark(conn->slot, MARK_BAD);
        }
        conn->received += (uint64_t)got;
        conn->slot->received = conn->received;
        most -= (size_t)got;
    }
    return true;
}

/* How much of its answer a backend may have said by now. */
static uint64_t conn_allowed(const struct conn *conn)
{
    const struct head *head = &conn->head;
    if (conn->got_end || head->answer == ANSWER_AT_ONCE || conn->received >= head->up) {
        return head->answer == ANSWER_AFTER_END && !conn->got_end ? 0 : head->down;
    }
    return head->answer == ANSWER_IN_STEP ? head->down * conn->received / head->up : 0;
}

static bool conn_write(struct conn *conn, size_t most)
{
    uint64_t allowed = conn_allowed(conn);
    while (most > 0 && conn->sent < allowed) {
        size_t part = allowed - conn->sent < most ? (size_t)(allowed - conn->sent) : most;
        const void *bytes = pattern_view(head_offset_down(&conn->head) + conn->sent, &part);
        conn->slot->sent = conn->sent + part; /* before anybody can have got it */
        ssize_t put = send(conn->fd, bytes, part, MSG_NOSIGNAL);
        conn->slot->sent = conn->sent + (put > 0 ? (uint64_t)put : 0);
        if (put < 0) {
            return conn_survives(conn);
        }
        conn->sent += (uint64_t)put;
        most -= (size_t)put;
    }
    if (!conn->sent_end && conn->sent == conn->head.down &&
        (conn->got_end || conn->head.ends_first != 0)) {
        conn->sent_end = true;
        slot_mark(conn->slot, MARK_SENT_END);
        shutdown(conn->fd, SHUT_WR);
    }
    return true;
}

static void conn_step(struct conn *conn, size_t most)
{
    if (conn->slot == NULL && !conn_read_head(conn)) {
        return;
    }
    if (conn->slot == NULL || !conn_read(conn, most) || !conn_write(conn, most)) {
        return;
    }
    if (conn->received + conn->sent >= conn->reset_at) {
        conn_break(conn);
    } else if (conn->got_end && conn->sent_end) {
        conn_free(conn, false);
    }
}

static void accept_all(int listener)
{
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct conn *conn = must_calloc(1, sizeof(*conn));
        int one = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        conn->fd = fd;
        conn->reset_at =
            page->manner == MANNER_RESET_MIDST ? 1 + (uint64_t)random() % RESET_BYTES : UINT64_MAX;
        LIST_INSERT_HEAD(&conns, conn, link);
        page->headless++;
        if (page->manner == MANNER_RESET_ACCEPT) {
            conn_break(conn);
        }
    }
}

static size_t bytes_of(unsigned manner)
{
    return manner == MANNER_DEAF ? 0 : manner == MANNER_SLOW ? SLOW_BYTES : TURN_BYTES;
}

/* One that is slow or deaf is not woken by what it does not want. */
static size_t fill_polls(struct pollfd *polls, int listener)
{
    size_t count = 0;
    struct conn *conn;
    polls[count++] = (struct pollfd){.fd = listener, .events = POLLIN};
    if (bytes_of(page->manner) < TURN_BYTES) {
        return count;
    }
    LIST_FOREACH(conn, &conns, link)
    {
        short events = conn->got_end ? 0 : POLLIN;
        if (conn->slot != NULL && conn->sent < conn_allowed(conn)) {
            events |= POLLOUT;
        }
        if (events != 0 && count < CONNS_MOST) {
            polls[count++] = (struct pollfd){.fd = conn->fd, .events = events};
        }
    }
    return count;
}

int backend_main(char **words)
{
    static struct pollfd polls[CONNS_MOST];
    int listener = atoi(words[0]);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    ledger = ledger_open(atoi(words[1]));
    own_index = (unsigned)atoi(words[2]);
    page = &ledger->backends[own_index];
    srandom((unsigned)atoi(words[3]));
    for (;;) {
        struct conn *next;
        poll(polls, fill_polls(polls, listener), TURN_MS);
        accept_all(listener);
        size_t most = bytes_of(page->manner);
        for (struct conn *conn = LIST_FIRST(&conns); most > 0 && conn != NULL; conn = next) {
            next = LIST_NEXT(conn, link);
            conn_step(conn, most);
        }
        page->idle += LIST_EMPTY(&conns);
    }
}
