#include "proxy/session.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "proxy/access_log.h"
#include "proxy/balance.h"
#include "proxy/dial.h"
#include "proxy/proxy_header.h"
#include "proxy/session_state.h"
#include "proxy/socket_options.h"
#include "proxy/stream.h"
#include "proxy/view.h"

/* A reset that comes so soon after the connect is the endpoint's own, not the end of some work. */
#define EARLY_RESET (250 * USEC_PER_MSEC)

static void log_access(const struct session *session, enum session_end end, usec_t now)
{
    access_log_write(&(struct access_entry){
        .upstream = session->view->options->name,
        .client = session->client,
        .client_address = &session->address,
        .endpoint = session->endpoint ? &session->endpoint->address : NULL,
        .attempts = session->attempts,
        .connect = (session->connected ? session->connected : now) - session->started,
        .total = now - session->started,
        .bytes_up = session->relay.client.received,
        .bytes_down = session->relay.endpoint.received,
        .end = session_end_name(end),
    });
}

/* What the connection has shown of the endpoint, beyond that it accepted. */
static void note_service(const struct session *session, enum session_end end, usec_t now)
{
    const struct relay *relay = &session->relay;
    if (!session->endpoint)
        return;
    if (relay->endpoint.received > 0)
        view_note(session->view, session->endpoint, EJECT_SERVED, session->connected);
    else if (end == SESSION_ENDPOINT_RESET && now - session->connected < EARLY_RESET)
        view_note(session->view, session->endpoint,
                  relay->client.received > 0 ? EJECT_RESET_ASKED : EJECT_RESET_UNASKED,
                  session->connected);
}

void session_finish(struct session *session, enum session_end end, bool orderly)
{
    struct view *view = session->view;
    void (*on_end)(struct view *) = session->on_end;
    usec_t now = clock_now();
    if (session->dial)
        session->attempts = dial_attempts(session->dial);
    dial_cancel(session->dial);
    tally_ended(view->tally, end, now - session->started); /* who reads the log finds it counted */
    if (view->config->global.access_log)
        log_access(session, end, now);
    note_service(session, end, now); /* a client that comes back at once goes elsewhere */
    void (*close_stream)(struct stream *) = orderly ? stream_close : stream_reset;
    close_stream(session->client);
    close_stream(session->backend);
    relay_clear(&session->relay, view->loop);
    task_cancel(&session->again);
    list_remove(&session->node);
    if (session->endpoint)
        balance_release(&view->upstream->balancer, session->endpoint);
    spare_give(&view->loop->spares, SPARE_SESSION, session);
    on_end(view);
}

/* An idle client may wait for an answer still: it must not take the end for one. */
static void session_end(struct session *session, enum session_end end)
{
    session_finish(session, end, end == SESSION_CLOSED);
}

/* --- relaying ------------------------------------------------------------------------------ */

/* Whether it matters for the view when a session was last active. */
static bool counts_time(const struct view *view)
{
    const struct upstream_options *options = &view->options->options;
    return options->idle_timeout > 0 || options->max_age > 0 || options->removed_drain > 0;
}

static void relay_on(struct session *session)
{
    const struct relay *relay = &session->relay;
    uint64_t up = relay->client.received, down = relay->endpoint.received;
    enum relay_verdict verdict = relay_run(&session->relay, session->view->loop);
    tally_carried(session->view->tally, relay->client.received - up,
                  relay->endpoint.received - down);
    talk_note(&session->talk, relay->client.received, relay->endpoint.received);
    if (counts_time(session->view))
        session->last_active = clock_now();
    switch (verdict) {
    case RELAY_IDLE:
        break;
    case RELAY_AGAIN:
        loop_later(session->view->loop, &session->again);
        break;
    case RELAY_CLOSED:
        session_end(session, SESSION_CLOSED);
        break;
    case RELAY_CLIENT_RESET:
        session_end(session, SESSION_CLIENT_RESET);
        break;
    case RELAY_ENDPOINT_RESET:
        session_end(session, SESSION_ENDPOINT_RESET);
        break;
    case RELAY_LOCAL_FAULT:
        session_end(session, SESSION_LOCAL_FAULT);
        break;
    }
}

static void on_stream(struct stream *stream, void *owner)
{
    (void)stream;
    relay_on(owner);
}

static void on_again(struct task *task)
{
    relay_on(list_entry(task, struct session, again));
}

/* --- dialling ------------------------------------------------------------------------------ */

/* The client's bytes wait in its socket until there is somewhere to send them; only its reset
 * matters now. */
static void on_client_while_dialling(struct stream *stream, void *owner)
{
    if (stream->broken || stream_is_left(stream))
        session_end(owner, SESSION_CLIENT_RESET);
}

/* Tells the endpoint whose connection it is, where it wants to know. Returns 0 or -ENOMEM. */
static int send_proxy_header(struct session *session)
{
    char header[PROXY_HEADER_MAX];
    const struct upstream_options *options = &session->view->options->options;
    if (options->proxy_protocol == PROXY_PROTOCOL_OFF)
        return 0;
    struct address reached = stream_local_address(session->client);
    size_t size = proxy_header_write((enum proxy_protocol)options->proxy_protocol,
                                     &session->address, &reached, header);
    return relay_send_first(&session->relay, header, size);
}

/* The time of the session starts. Its endpoint may have left the set while it was dialled. */
static void set_retirement(struct session *session)
{
    struct view *view = session->view;
    const struct upstream_options *options = &view->options->options;
    struct retirement *retirement = &session->retirement;
    retire_init(retirement, options, session->connected);
    if (options->removed_drain > 0 && view->set->count > 0 &&
        !endpoint_set_find(view->set, &session->endpoint->address))
        retire_drain(retirement, options, session->connected, 0, 1);
    view_retire_at(view, retire_due(retirement));
}

static void on_dialled(void *arg, const struct dial_result *result)
{
    static const enum session_end ends[] = {
        [DIAL_EXHAUSTED] = SESSION_CONNECT_FAILED,
        [DIAL_DEADLINE] = SESSION_DEADLINE,
        [DIAL_NO_ADDRESS] = SESSION_NO_ADDRESS,
        [DIAL_LOCAL_FAULT] = SESSION_LOCAL_FAULT,
    };
    struct session *session = arg;
    session->dial = NULL;
    session->attempts = result->attempts;
    if (result->outcome != DIAL_CONNECTED) {
        session_end(session, ends[result->outcome]);
        return;
    }
    session->connected = result->at;
    session->endpoint = result->endpoint;
    session->backend = result->stream;
    relay_init(&session->relay, session->client, session->backend);
    stall_init(&session->stall);
    set_retirement(session);
    stream_set_owner(session->client, on_stream, session);
    stream_set_owner(session->backend, on_stream, session);
    if (send_proxy_header(session) < 0)
        session_end(session, SESSION_LOCAL_FAULT);
    else
        relay_on(session);
}

int session_start(struct view *view, int fd, const struct address *client,
                  void (*on_end)(struct view *view))
{
    struct session *session = NULL;
    if (!view_count(view) ||
        !(session = spare_take(&view->loop->spares, SPARE_SESSION, sizeof *session))) {
        socket_reset(fd);
        return -ENOMEM;
    }
    *session = (struct session){.view = view};
    int result = stream_new(view->loop, fd, on_client_while_dialling, session, &session->client);
    if (result < 0) {
        spare_give(&view->loop->spares, SPARE_SESSION, session);
        return result;
    }
    session->view = view;
    session->address = *client;
    session->on_end = on_end;
    session->started = session->last_active = clock_now();
    task_init(&session->again, on_again);
    result = dial_start(view, on_dialled, session, &session->dial);
    if (result < 0) {
        stream_reset(session->client);
        spare_give(&view->loop->spares, SPARE_SESSION, session);
        return result;
    }
    list_append(&view->sessions, &session->node);
    tally_opened(view->tally);
    return 0;
}

void session_forgo(struct view *view, int fd, const struct address *client)
{
    usec_t now = clock_now();
    const struct session session = {.view = view, .address = *client, .started = now};
    close(fd);
    if (!view_count(view))
        return;
    tally_opened(view->tally);
    tally_dialled(view->tally, 0);
    tally_ended(view->tally, SESSION_CLIENT_RESET, 0);
    if (view->config->global.access_log)
        log_access(&session, SESSION_CLIENT_RESET, now);
}
