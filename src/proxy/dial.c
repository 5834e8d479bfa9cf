#include "proxy/dial.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "proxy/balance.h"

/* How long a fault of this host is let pass before the next try. */
#define LOCAL_FAULT_PAUSE (50 * USEC_PER_MSEC)

struct dial {
    struct waiter waiter;
    struct view *view;
    dial_callback *callback;
    void *arg;
    struct connect_attempt *attempt;
    struct endpoint *endpoint; /* of the attempt */
    struct endpoint **tried;   /* first those that failed, then those barred by this host */
    size_t failed_count, tried_count;
    unsigned attempts;
    struct timer deadline;
    struct timer resume; /* goes on from the loop */
};

static void dial_free(struct dial *dial)
{
    timer_stop(&dial->view->loop->timers, &dial->deadline);
    timer_stop(&dial->view->loop->timers, &dial->resume);
    list_remove(&dial->waiter.node);
    connect_cancel(dial->attempt);
    if (dial->endpoint)
        balance_release(dial->endpoint);
    for (size_t i = 0; i < dial->tried_count; i++)
        endpoint_unref(dial->tried[i]);
    free(dial->tried);
    free(dial);
}

unsigned dial_attempts(const struct dial *dial)
{
    return dial->attempts;
}

void dial_cancel(struct dial *dial)
{
    if (dial)
        dial_free(dial);
}

static void finish(struct dial *dial, enum dial_outcome outcome, struct stream *stream)
{
    dial_callback *callback = dial->callback;
    void *arg = dial->arg;
    struct dial_result result = {.outcome = outcome, .attempts = dial->attempts, .stream = stream};
    if (outcome == DIAL_CONNECTED) {
        result.endpoint = dial->endpoint;
        dial->endpoint = NULL;
    }
    dial_free(dial);
    callback(arg, &result);
}

/* Remembers that this client has met the endpoint. Returns false where there is no memory to. */
static bool mark_tried(struct dial *dial, struct endpoint *endpoint, bool failed)
{
    struct endpoint **grown =
        reallocarray(dial->tried, dial->tried_count + 1, sizeof(struct endpoint *));
    if (!grown)
        return false;
    dial->tried = grown;
    grown[dial->tried_count++] = endpoint_ref(endpoint);
    if (failed) {
        struct endpoint *barred = grown[dial->failed_count];
        grown[dial->failed_count++] = endpoint;
        grown[dial->tried_count - 1] = barred;
    }
    return true;
}

/* Those that this host barred may be tried again. Returns whether there were any. */
static bool forget_barred(struct dial *dial)
{
    bool any = dial->tried_count > dial->failed_count;
    while (dial->tried_count > dial->failed_count)
        endpoint_unref(dial->tried[--dial->tried_count]);
    return any;
}

static void log_failure(const struct dial *dial, int error)
{
    char text[ADDRESS_TEXT_MAX];
    log_debug("connect failed", log_text("upstream", dial->view->options->name),
              log_text("endpoint", address_format(&dial->endpoint->address, text)),
              log_text("error", strerror(error)));
}

static void resume_in(struct dial *dial, usec_t span)
{
    loop_timer(dial->view->loop, &dial->resume, span);
}

/* Books a failed connect. Returns whether the next address may be tried at once. */
static bool book_failure(struct dial *dial, enum connect_outcome outcome, int error)
{
    struct endpoint *endpoint = dial->endpoint;
    bool blamed = outcome != CONNECT_LOCAL_BARRED && outcome != CONNECT_LOCAL_LACK;
    log_failure(dial, error);
    if (blamed)
        upstream_connect_failed(dial->view->upstream, endpoint);
    bool next = outcome != CONNECT_LOCAL_LACK && mark_tried(dial, endpoint, blamed);
    if (!next)
        resume_in(dial, LOCAL_FAULT_PAUSE);
    dial->endpoint = NULL;
    balance_release(endpoint);
    return next;
}

static void go_on(struct dial *dial);

static void on_connect(void *arg, enum connect_outcome outcome, int error, struct stream *stream)
{
    struct dial *dial = arg;
    dial->attempt = NULL;
    if (outcome == CONNECT_ACCEPTED) {
        atomic_fetch_add_explicit(&dial->endpoint->accepted, 1, memory_order_relaxed);
        finish(dial, DIAL_CONNECTED, stream);
    } else if (book_failure(dial, outcome, error)) {
        go_on(dial);
    }
}

/* Starts the next attempt, or pauses. Returns false where every address was tried and failed. */
static bool try_next(struct dial *dial)
{
    struct view *view = dial->view;
    const struct upstream_options *options = &view->options->options;
    for (;;) {
        struct tried tried = {dial->tried, dial->tried_count};
        dial->endpoint = balance_pick(&view->upstream->balancer,
                                      (enum balance_policy)options->balance, view->set, tried);
        if (!dial->endpoint && forget_barred(dial)) {
            resume_in(dial, LOCAL_FAULT_PAUSE);
            return true;
        }
        if (!dial->endpoint)
            return false;
        dial->attempts++;
        int result = connect_start(view->loop, &dial->endpoint->address, options->connect_timeout,
                                   on_connect, dial, &dial->attempt);
        if (result == 0 || !book_failure(dial, connect_classify(-result), -result))
            return true;
    }
}

static void go_on(struct dial *dial)
{
    if (dial->view->set->count == 0)
        list_append(&dial->view->waiters, &dial->waiter.node);
    else if (!try_next(dial))
        resume_in(dial, 0); /* the end is told from the loop */
}

static void on_resume(struct timer *timer)
{
    struct dial *dial = list_entry(timer, struct dial, resume);
    if (dial->view->set->count == 0)
        go_on(dial);
    else if (!try_next(dial))
        finish(dial, DIAL_EXHAUSTED, NULL);
}

static void on_deadline(struct timer *timer)
{
    struct dial *dial = list_entry(timer, struct dial, deadline);
    finish(dial, dial->attempts > 0 ? DIAL_DEADLINE : DIAL_NO_ADDRESS, NULL);
}

static void on_wake(struct waiter *waiter)
{
    go_on(list_entry(waiter, struct dial, waiter));
}

int dial_start(struct view *view, dial_callback *callback, void *arg, struct dial **ret_dial)
{
    struct dial *dial = calloc(1, sizeof *dial);
    if (!dial)
        return -ENOMEM;
    *dial = (struct dial){.view = view, .callback = callback, .arg = arg};
    list_init(&dial->waiter.node);
    dial->waiter.wake = on_wake;
    timer_init(&dial->deadline, on_deadline);
    timer_init(&dial->resume, on_resume);
    loop_timer(view->loop, &dial->deadline, view->options->options.deadline);
    *ret_dial = dial;
    go_on(dial);
    return 0;
}
