#include "proxy/sessions.h"

#include "proxy/session_state.h"
#include "proxy/socket_options.h"
#include "proxy/stream.h"
#include "proxy/view.h"

/* A session that became due so short ago is closed as its turn was planned. Those that had to wait
 * for an idle moment are closed at a pace of their own, in which so much time is made up for. */
#define ON_TIME (500 * USEC_PER_MSEC)
#define CATCH_UP (250 * USEC_PER_MSEC)

void sessions_abort(struct view *view)
{
    list_each(node, &view->sessions)
        session_finish(list_entry(node, struct session, node), SESSION_STOPPED, false);
}

void sessions_expire(struct view *view, usec_t now)
{
    usec_t span = view->options->options.idle_timeout;
    list_each(node, &view->sessions)
    {
        struct session *session = list_entry(node, struct session, node);
        if (!session->dial && now - session->last_active >= span)
            session_finish(session, SESSION_IDLE, false);
    }
}

/* What only a connection that lasts has need of, it gets at the first look: others are spared five
 * calls. */
static void watch_endpoint(struct session *session)
{
    socket_watch_peer(session->backend->watch.fd, &session->view->options->options);
    session->watched = true;
}

void sessions_look(struct view *view)
{
    usec_t user_timeout = view->options->options.user_timeout;
    list_each(node, &view->sessions)
    {
        struct session *session = list_entry(node, struct session, node);
        if (session->dial)
            continue;
        if (!session->watched)
            watch_endpoint(session);
        if (user_timeout > 0 && !stall_look(&session->stall, session->backend,
                                            session->relay.client.received, user_timeout))
            session_finish(session, SESSION_ENDPOINT_RESET, false);
    }
}

/* --- retiring -------------------------------------------------------------------------------- */

/* Whether nobody has waited for anything for so long, as far as can be seen. */
static bool is_idle(const struct session *session, usec_t now, usec_t pause)
{
    return now - session->last_active >= pause && !talk_is_open(&session->talk) &&
           relay_is_quiet(&session->relay) && stream_is_empty(session->client) &&
           stream_is_empty(session->backend);
}

/* Whether its endpoint has left the set. Where nobody is left, nobody has to go: a client that came
 * again would find no endpoint at all, and this one may serve still. */
static bool is_gone(const struct session *session)
{
    const struct endpoint_set *set = session->view->set;
    return !session->dial && set->count > 0 && !endpoint_set_find(set, &session->endpoint->address);
}

/* Gives those of the gone that have no place yet, all or the idle ones, the next ones of `count`.
 * Returns the next free place. */
static size_t drain_some(struct view *view, usec_t now, bool all, size_t place, size_t count)
{
    list_each(node, &view->sessions)
    {
        struct session *session = list_entry(node, struct session, node);
        struct retirement *retirement = &session->retirement;
        if (!is_gone(session) || retire_is_draining(retirement) ||
            !(all || is_idle(session, now, retire_pause(0))))
            continue;
        retire_drain(retirement, &view->options->options, now, place++, count);
        view_retire_at(view, retire_due(retirement));
    }
    return place;
}

void sessions_follow_set(struct view *view, usec_t now)
{
    size_t count = 0;
    if (view->options->options.removed_drain == 0)
        return;
    list_each(node, &view->sessions)
    {
        struct session *session = list_entry(node, struct session, node);
        bool gone = is_gone(session);
        if (!gone)
            retire_cancel_drain(&session->retirement);
        count += gone && !retire_is_draining(&session->retirement);
    }
    size_t place = drain_some(view, now, false, 0, count);
    drain_some(view, now, true, place, count);
}

static void retire(struct session *session, bool idle)
{
    enum session_end end =
        retire_is_draining(&session->retirement) ? SESSION_DRAINED : SESSION_MAX_AGE;
    session_finish(session, end, idle && talk_may_end(&session->talk));
}

static enum retire_call call_of(const struct session *session, usec_t now, usec_t *ret_left)
{
    return retire_call(&session->retirement, &session->view->options->options, now, ret_left);
}

/* Closes those whose grace is over. Returns how many are due beside them, and in *ret_left when the
 * grace of the first of those is over. */
static size_t retire_overdue(struct view *view, usec_t now, usec_t *ret_left)
{
    size_t waiting = 0;
    view->retire_due = 0;
    list_each(node, &view->sessions)
    {
        struct session *session = list_entry(node, struct session, node);
        usec_t left;
        enum retire_call call = call_of(session, now, &left);
        if (call == RETIRE_NOW) {
            retire(session, false);
            continue;
        }
        view_retire_at(view, retire_due(&session->retirement));
        if (call == RETIRE_WHEN_IDLE && (waiting++ == 0 || left < *ret_left))
            *ret_left = left;
    }
    return waiting;
}

static void postpone_all(struct view *view, usec_t now)
{
    list_each(node, &view->sessions)
        retire_postpone(&list_entry(node, struct session, node)->retirement, now);
}

void sessions_retire(struct view *view, usec_t now)
{
    usec_t first_left = 0, left;
    if (view->retire_due == 0 || now < view->retire_due)
        return;
    if (view->set->count == 0) {
        postpone_all(view, now);
        return;
    }
    size_t waiting = retire_overdue(view, now, &first_left);
    if (waiting == 0)
        return;
    usec_t gap = retire_gap(waiting, first_left);
    if (view->retire_next < now - CATCH_UP)
        view->retire_next = now - CATCH_UP;
    list_each(node, &view->sessions)
    {
        struct session *session = list_entry(node, struct session, node);
        bool on_time = now - retire_due(&session->retirement) < ON_TIME;
        if (call_of(session, now, &left) != RETIRE_WHEN_IDLE ||
            (!on_time && now < view->retire_next) || !is_idle(session, now, retire_pause(left)))
            continue;
        if (!on_time)
            view->retire_next += gap;
        retire(session, true);
    }
}
