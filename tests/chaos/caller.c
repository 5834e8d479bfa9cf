#include "caller.h"

#include "client.h"
#include "pattern.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CALLER_TURN = 1 << 19 };

const char *ending_name(enum ending ending)
{
    static const char *const names[] = {"open", "order", "reset", "left", "refused", "error"};
    return names[ending];
}

static void finish(struct caller *caller, enum ending ending, int error)
{
    caller->ending = ending;
    caller->error = error;
    if (ending == ENDING_LEFT && caller->plan.leave == LEAVE_RESET) {
        client_reset(caller->fd);
    } else {
        client_close(caller->fd);
    }
    caller->fd = -1;
}

void caller_start(struct caller *caller, const struct plan *plan, const char *address)
{
    *caller = (struct caller){.plan = *plan};
    caller->fd =
        plan->narrow ? client_connect_start_narrow(address) : client_connect_start(address, 0);
    if (caller->fd < 0) {
        finish(caller, ENDING_REFUSED, -caller->fd);
    }
}

static uint64_t progress(const struct caller *caller)
{
    return caller->sent + caller->received;
}

static bool may_send(const struct caller *caller)
{
    return caller->head_sent < sizeof(caller->plan.head) || caller->sent < caller->plan.head.up;
}

static bool may_receive(const struct caller *caller)
{
    return caller->plan.gulp > 0 && !caller->got_end;
}

bool caller_poll(const struct caller *caller, int64_t now_ms, struct pollfd *poll)
{
    *poll = (struct pollfd){.fd = caller->fd};
    if (!caller->connected) {
        poll->events = POLLOUT;
        return true;
    }
    if (caller->plan.paced || caller->stalled_until_ms > now_ms) {
        return false;
    }
    poll->events = (short)((may_send(caller) ? POLLOUT : 0) | (may_receive(caller) ? POLLIN : 0));
    return poll->events != 0;
}

/* Whether it lives on after recv or send said so. */
static bool survives(struct caller *caller)
{
    if (errno == EAGAIN || errno == EINTR) {
        return true;
    }
    finish(caller, errno == ECONNRESET || errno == EPIPE ? ENDING_RESET : ENDING_ERROR, errno);
    return false;
}

static bool connect_on(struct caller *caller)
{
    int result = client_connect_finish(caller->fd, 0);
    if (result == -ETIMEDOUT) {
        return false;
    }
    caller->connected = result == 0 || result == -ECONNRESET; /* it was, and the reset came after */
    if (result != 0) {
        finish(caller, result == -ECONNRESET ? ENDING_RESET : ENDING_REFUSED, -result);
        return false;
    }
    return true;
}

static bool send_head(struct caller *caller)
{
    const char *from = (const char *)&caller->plan.head + caller->head_sent;
    ssize_t put =
        send(caller->fd, from, sizeof(caller->plan.head) - caller->head_sent, MSG_NOSIGNAL);
    if (put < 0) {
        return survives(caller);
    }
    caller->head_sent += (size_t)put;
    return true;
}

/* Bytes until it is to stall or leave. */
static uint64_t room(const struct caller *caller, uint64_t most)
{
    uint64_t now = progress(caller);
    const struct plan *plan = &caller->plan;
    if (!caller->stalled && plan->stall_ms > 0 && plan->stall_at > now) {
        most = plan->stall_at - now < most ? plan->stall_at - now : most;
    }
    if (plan->leave != LEAVE_IN_ORDER && plan->leave_at > now) {
        most = plan->leave_at - now < most ? plan->leave_at - now : most;
    }
    return most;
}

static bool send_some(struct caller *caller, uint64_t most)
{
    const struct head *head = &caller->plan.head;
    if (caller->head_sent < sizeof(*head)) {
        return send_head(caller);
    }
    most = room(caller, most);
    while (most > 0 && caller->sent < head->up) {
        uint64_t left = head->up - caller->sent;
        size_t part = (size_t)(left < most ? left : most);
        part = part < caller->plan.burst ? part : caller->plan.burst;
        const void *bytes = pattern_view(head_offset_up(head) + caller->sent, &part);
        ssize_t put = send(caller->fd, bytes, part, MSG_NOSIGNAL);
        if (put < 0) {
            return survives(caller);
        }
        caller->sent += (uint64_t)put;
        most -= (uint64_t)put;
    }
    return true;
}

static bool receive_some(struct caller *caller, uint64_t most)
{
    static char bytes[1 << 16];
    const struct head *head = &caller->plan.head;
    most = room(caller, most);
    while (most > 0 && may_receive(caller)) {
        size_t size = (size_t)(most < sizeof(bytes) ? most : sizeof(bytes));
        size = size < caller->plan.gulp ? size : caller->plan.gulp;
        ssize_t got = recv(caller->fd, bytes, size, 0);
        if (got < 0) {
            return survives(caller);
        }
        if (got == 0) {
            caller->got_end = true;
            return true;
        }
        if (caller->received + (uint64_t)got > head->down ||
            !pattern_matches(head_offset_down(head) + caller->received, bytes, (size_t)got)) {
            caller->bad = true;
        }
        caller->received += (uint64_t)got;
        most -= (uint64_t)got;
    }
    return true;
}

/* Whether it is to rest now. */
static bool stalls(struct caller *caller, int64_t now_ms)
{
    const struct plan *plan = &caller->plan;
    if (!caller->stalled && plan->stall_ms > 0 && progress(caller) >= plan->stall_at) {
        caller->stalled = true;
        caller->stalled_until_ms = now_ms + plan->stall_ms;
    }
    return caller->stalled_until_ms > now_ms;
}

static bool leaves(const struct caller *caller, int64_t now_ms)
{
    const struct plan *plan = &caller->plan;
    return plan->leave != LEAVE_IN_ORDER && caller->head_sent == sizeof(plan->head) &&
           (progress(caller) >= plan->leave_at || now_ms >= caller->began_ms + plan->leave_ms);
}

void caller_step(struct caller *caller, int64_t now_ms)
{
    caller->began_ms = caller->began_ms == 0 ? now_ms : caller->began_ms;
    if (!caller->connected && !connect_on(caller)) {
        return;
    }
    if (leaves(caller, now_ms)) {
        finish(caller, ENDING_LEFT, 0);
        return;
    }
    if (stalls(caller, now_ms)) {
        return;
    }
    uint64_t most = CALLER_TURN;
    if (!send_some(caller, caller->plan.paced ? caller->plan.burst : most) ||
        !receive_some(caller, caller->plan.paced ? caller->plan.gulp : most)) {
        return;
    }
    if (!caller->ended_sending && !may_send(caller) &&
        (caller->got_end || !caller->plan.ends_last)) {
        shutdown(caller->fd, SHUT_WR);
        caller->ended_sending = true;
    }
    if (caller->ended_sending && caller->got_end) {
        finish(caller, ENDING_ORDER, 0);
    }
}

void caller_hurry(struct caller *caller)
{
    struct plan *plan = &caller->plan;
    plan->stall_ms = 0;
    plan->paced = false;
    plan->burst = CALLER_TURN;
    caller->stalled_until_ms = 0;
    if (plan->gulp == 0) {
        plan->leave_ms = 0;
    } else {
        plan->gulp = CALLER_TURN;
    }
}
