#include "proxy/dial.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/log.h"
#include "base/random.h"
#include "proxy/balance.h"
#include "proxy/doubt.h"
#include "proxy/local_fault.h"
#include "proxy/race.h"
#include "proxy/tried.h"

/* How long a fault of this host is let pass before the next try. */
#define LOCAL_FAULT_PAUSE (50 * USEC_PER_MSEC)

/* Between two rounds in which every address failed. */
#define HEAL_FIRST (50 * USEC_PER_MSEC)
#define HEAL_MOST USEC_PER_SEC

/* All who held out for an address that is back do not come in one moment. */
#define BACK_SPREAD_MSEC 50

/* When a hedge that is due is not allowed, this is how soon it asks again. */
#define HEDGE_AGAIN (20 * USEC_PER_MSEC)

/* A hedge looks past so many endpoints that may be dead as well. */
#define DOUBTED_MOST 16

struct dial {
    struct waiter waiter;
    struct view *view;
    dial_callback *callback;
    void *arg;
    struct race race;
    struct tried_list tried;
    unsigned attempts, faults; /* connects, and of those the ones this host could not start */
    unsigned rounds;           /* in which every address failed */
    struct timer deadline;
    struct timer pace; /* when a hedge is due; or, with nothing under way, the next try */
};

static struct balancer *balancer_of(const struct dial *dial)
{
    return &dial->view->upstream->balancer;
}

/* A connect that is under way is not waited for any more. */
static void give_up(struct dial *dial, struct endpoint *endpoint)
{
    tally_given_up(dial->view->tally);
    balance_release(balancer_of(dial), endpoint);
}

static void dial_free(struct dial *dial)
{
    timer_stop(&dial->view->loop->timers, &dial->deadline);
    timer_stop(&dial->view->loop->timers, &dial->pace);
    list_remove(&dial->waiter.node);
    for (struct lane *lane; (lane = race_newest(&dial->race)) != NULL;)
        give_up(dial, race_withdraw(lane));
    tally_dialled(dial->view->tally, dial->attempts);
    tried_clear(&dial->tried);
    spare_give(&dial->view->loop->spares, SPARE_DIAL, dial);
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

static void finish(struct dial *dial, struct dial_result result)
{
    dial_callback *callback = dial->callback;
    void *arg = dial->arg;
    result.attempts = dial->attempts;
    dial_free(dial);
    callback(arg, &result);
}

static const struct upstream_options *options_of(const struct dial *dial)
{
    return &dial->view->options->options;
}

static void pace_in(struct dial *dial, usec_t span)
{
    loop_timer(dial->view->loop, &dial->pace, span);
}

/* Whether the client has had all the connects it may have. */
static bool is_spent(const struct dial *dial)
{
    int64_t most = options_of(dial)->attempts;
    return most > 0 && dial->attempts - dial->faults >= most;
}

/* --- how connects end ------------------------------------------------------------------------- */

static void log_failure(const struct dial *dial, const struct endpoint *endpoint, int error)
{
    char text[ADDRESS_TEXT_MAX];
    log_debug("connect failed", log_text("upstream", dial->view->options->name),
              log_text("endpoint", address_format(&endpoint->address, text)),
              log_text("error", strerror(error)));
}

/* What a failed connect says of the endpoint. A reset means that it did accept, a moment before. */
static enum eject_event event_of(const struct race_result *result)
{
    static const enum eject_event events[] = {
        [CONNECT_REFUSED] = EJECT_REFUSED,     [CONNECT_UNREACHABLE] = EJECT_UNREACHABLE,
        [CONNECT_TIMED_OUT] = EJECT_TIMED_OUT, [CONNECT_LOCAL_BARRED] = EJECT_BARRED,
        [CONNECT_LOCAL_LACK] = EJECT_LACKED,
    };
    return result->error == ECONNRESET ? EJECT_RESET_UNASKED : events[result->outcome];
}

/* Books a failed connect and gives its endpoint back. Returns whether the next address may be tried
 * at once. */
static bool book_failure(struct dial *dial, const struct race_result *result)
{
    bool next = result->outcome != CONNECT_LOCAL_LACK;
    log_failure(dial, result->endpoint, result->error);
    view_note(dial->view, result->endpoint, event_of(result), result->started);
    if (!connect_is_local(result->outcome)) {
        tally_failed(dial->view->tally);
    } else {
        tally_given_up(dial->view->tally); /* no endpoint has failed */
        dial->faults++;
        local_fault_tell(dial->view->options, &result->endpoint->address, result->error);
        tried_pass(&dial->tried, result->endpoint); /* no memory is needed: it is there already */
    }
    balance_release(balancer_of(dial), result->endpoint);
    return next;
}

/* Those beside which the winner was started, since they had had their time, and that are not
 * through yet. */
static void book_losers(struct dial *dial, usec_t winner_started, usec_t now)
{
    struct hedger *hedger = &dial->view->upstream->hedger;
    for (struct lane *lane = dial->race.lanes; lane < dial->race.lanes + RACE_LANES; lane++) {
        if (!lane->endpoint || lane->started >= winner_started)
            continue;
        hedge_learn(hedger, options_of(dial), now - lane->started);
        view_note(dial->view, lane->endpoint, EJECT_LOST, lane->started);
        give_up(dial, race_drop(lane));
    }
}

static void win(struct dial *dial, const struct race_result *result)
{
    usec_t now = clock_now(), span = now - result->started;
    hedge_learn(&dial->view->upstream->hedger, options_of(dial), span);
    view_note(dial->view, result->endpoint, EJECT_ACCEPTED, result->started);
    endpoint_accepted(result->endpoint, span);
    tally_accepted(dial->view->tally, span);
    book_losers(dial, result->started, now);
    finish(dial, (struct dial_result){.outcome = DIAL_CONNECTED,
                                      .at = now,
                                      .stream = result->stream,
                                      .endpoint = result->endpoint});
}

/* --- whom to try next ---------------------------------------------------------------------------
 */

static struct endpoint *pick(struct dial *dial, struct tried tried)
{
    struct view *view = dial->view;
    return balance_pick(&view->upstream->balancer, (enum balance_policy)options_of(dial)->balance,
                        view->set, tried);
}

/* The next one in this round; who was never met goes first. */
static struct endpoint *choose(struct dial *dial)
{
    struct endpoint *endpoint = pick(dial, tried_ever(&dial->tried));
    if (!endpoint)
        endpoint = pick(dial, tried_this_round(&dial->tried));
    return endpoint;
}

/* One that is in rotation; or, where that is asked for, one that is not. */
static struct endpoint *choose_usable(struct dial *dial, bool out_too)
{
    struct endpoint *endpoint = pick(dial, tried_this_round(&dial->tried));
    if (!endpoint || out_too || !eject_is_out(endpoint))
        return endpoint;
    balance_release(balancer_of(dial), endpoint);
    return NULL;
}

/* One that is not silent itself, as far as is known; otherwise one that is. */
static struct endpoint *choose_hedge(struct dial *dial, usec_t patience, bool out_too)
{
    struct endpoint *doubted = NULL, *endpoint;
    size_t passes = 0;
    while ((endpoint = choose_usable(dial, out_too)) != NULL && passes < DOUBTED_MOST &&
           doubt_has(endpoint, patience / 2, clock_now()) && tried_pass(&dial->tried, endpoint)) {
        passes++;
        if (doubted)
            balance_release(balancer_of(dial), endpoint);
        else
            doubted = endpoint;
    }
    tried_unpass(&dial->tried, passes);
    if (endpoint && doubted)
        balance_release(balancer_of(dial), doubted);
    return endpoint ? endpoint : doubted;
}

/* Starts a connect to the endpoint and takes it over. Returns 0; or -errno, and then the failure is
 * booked. */
static int start_on(struct dial *dial, struct endpoint *endpoint)
{
    dial->attempts++;
    tally_started(dial->view->tally);
    int error = tried_add(&dial->tried, endpoint)
                    ? race_start(&dial->race, endpoint, options_of(dial))
                    : -ENOMEM;
    if (error == 0)
        return 0;
    const struct race_result result = {.endpoint = endpoint,
                                       .started = clock_now(),
                                       .outcome = connect_classify(-error),
                                       .error = -error};
    book_failure(dial, &result);
    return error;
}

/* --- one connect after the other ---------------------------------------------------------------
 */

/* When the connect that began last has had its time. */
static void pace_hedge(struct dial *dial)
{
    const struct lane *newest = race_newest(&dial->race);
    usec_t patience = hedge_after(&dial->view->upstream->hedger, options_of(dial));
    if (patience > 0 && dial->view->set->count > 1)
        pace_in(dial, newest->started + patience - clock_now());
}

/* With nothing under way: starts the next connect, or sets the time for it. */
static void go_on(struct dial *dial)
{
    struct endpoint *endpoint;
    int error = 0;
    if (dial->view->set->count == 0)
        return; /* there will be news */
    while (!is_spent(dial) && (endpoint = choose(dial)) != NULL) {
        error = start_on(dial, endpoint);
        if (error == 0) {
            hedge_earn(&dial->view->upstream->hedger);
            pace_hedge(dial);
            return;
        }
        if (connect_classify(-error) == CONNECT_LOCAL_LACK)
            break;
    }
    if (is_spent(dial)) {
        pace_in(dial, 0); /* the end is told from the loop */
    } else if (dial->tried.round == 0 || connect_classify(-error) == CONNECT_LOCAL_LACK) {
        tried_unpass(&dial->tried, dial->tried.passed); /* nobody failed but this host */
        pace_in(dial, LOCAL_FAULT_PAUSE);
    } else {
        tried_next_round(&dial->tried);
        pace_in(dial, backoff_wait(HEAL_FIRST, HEAL_MOST, dial->rounds++));
    }
}

/* --- beside one another ------------------------------------------------------------------------
 */

/* Whether an endpoint in rotation is there to which nothing is under way. */
static bool is_other_usable(const struct dial *dial)
{
    const struct endpoint_set *set = dial->view->set;
    for (size_t i = 0; i < set->count; i++)
        if (!eject_is_out(set->endpoints[i]) && !race_has(&dial->race, set->endpoints[i]))
            return true;
    return false;
}

/* A new round, in which those that are under way are tried already. */
static void forget_failures(struct dial *dial)
{
    tried_next_round(&dial->tried);
    for (int i = 0; i < RACE_LANES; i++)
        if (dial->race.lanes[i].endpoint)
            tried_add(&dial->tried, dial->race.lanes[i].endpoint);
}

/* Connects to endpoints that were ejected meanwhile have little hope. Where no other is under way,
 * one to another endpoint takes the place of the last at once, and is no hedge. */
static void leave_ejected(struct dial *dial)
{
    for (int i = 0; i < RACE_LANES; i++)
        if (dial->race.lanes[i].endpoint && !eject_is_out(dial->race.lanes[i].endpoint))
            return;
    if (is_spent(dial))
        return;
    struct endpoint *other = choose_usable(dial, false);
    if (!other && is_other_usable(dial)) { /* one that failed this client is back */
        forget_failures(dial);
        other = choose_usable(dial, false);
    }
    if (!other)
        return;
    give_up(dial, race_drop(race_newest(&dial->race)));
    start_on(dial, other);
}

/* Whether a hedge has anywhere to go. */
static bool is_hedge_possible(const struct dial *dial, bool out_too)
{
    const struct endpoint_set *set = dial->view->set;
    for (size_t i = 0; i < set->count; i++)
        if ((out_too || !eject_is_out(set->endpoints[i])) &&
            tried_may_choose(&dial->tried, set->endpoints[i]))
            return true;
    return false;
}

/* Starts a connect beside what is under way. Where there are two already, the one that began last
 * gives way: the first has its full time, in case all are slow. */
static int start_beside(struct dial *dial, struct endpoint *endpoint)
{
    if (race_count(&dial->race) == RACE_LANES)
        give_up(dial, race_drop(race_newest(&dial->race)));
    return start_on(dial, endpoint);
}

/* The connect that began last has had its time. Where it goes to an ejected endpoint, for want of a
 * better one, another ejected one is worth a try; otherwise those are left to redial's probes. */
static void hedge(struct dial *dial)
{
    struct hedger *hedger = &dial->view->upstream->hedger;
    usec_t patience = hedge_after(hedger, options_of(dial));
    bool out_too = eject_is_out(race_newest(&dial->race)->endpoint);
    if (patience == 0 || is_spent(dial) || !is_hedge_possible(dial, out_too))
        return; /* there will be news */
    if (!hedge_take(hedger, dial->view->set->count)) {
        pace_in(dial, HEDGE_AGAIN);
        return;
    }
    struct endpoint *other = choose_hedge(dial, patience, out_too);
    int error = other ? start_beside(dial, other) : 0;
    if (!other || error < 0)
        hedge_give_back(hedger);
    else
        tally_hedged(dial->view->tally);
    if (other && connect_classify(-error) == CONNECT_LOCAL_LACK)
        pace_in(dial, LOCAL_FAULT_PAUSE);
    else if (other)
        pace_hedge(dial);
}

static void on_race(void *arg, const struct race_result *result)
{
    struct dial *dial = arg;
    if (result->outcome == CONNECT_ACCEPTED) {
        win(dial, result);
        return;
    }
    bool next = book_failure(dial, result);
    if (race_count(&dial->race) > 0) {
        hedge_give_back(&dial->view->upstream->hedger); /* the other one is the only one now */
        pace_hedge(dial);
    } else if (next) {
        go_on(dial);
    } else {
        pace_in(dial, LOCAL_FAULT_PAUSE);
    }
}

/* --- events ------------------------------------------------------------------------------------
 */

static void on_pace(struct timer *timer)
{
    struct dial *dial = list_entry(timer, struct dial, pace);
    if (race_count(&dial->race) > 0)
        hedge(dial);
    else if (is_spent(dial))
        finish(dial, (struct dial_result){.outcome = DIAL_EXHAUSTED});
    else
        go_on(dial);
}

static void on_deadline(struct timer *timer)
{
    struct dial *dial = list_entry(timer, struct dial, deadline);
    enum dial_outcome outcome = dial->attempts == 0              ? DIAL_NO_ADDRESS
                                : dial->attempts == dial->faults ? DIAL_LOCAL_FAULT
                                                                 : DIAL_DEADLINE;
    finish(dial, (struct dial_result){.outcome = outcome});
}

static bool knows_all(const struct dial *dial)
{
    const struct endpoint_set *set = dial->view->set;
    for (size_t i = 0; i < set->count; i++)
        if (!tried_has(&dial->tried, set->endpoints[i]))
            return false;
    return true;
}

static void on_news(struct waiter *waiter)
{
    struct dial *dial = list_entry(waiter, struct dial, waiter);
    if (race_count(&dial->race) > 0)
        leave_ejected(dial);
    if (race_count(&dial->race) > 0)
        pace_hedge(dial);
    else if (is_spent(dial))
        pace_in(dial, 0);
    else if (!knows_all(dial))
        go_on(dial);
    else if (is_other_usable(dial))
        pace_in(dial, random_below(BACK_SPREAD_MSEC) * USEC_PER_MSEC);
}

int dial_start(struct view *view, dial_callback *callback, void *arg, struct dial **ret_dial)
{
    struct dial *dial = spare_take(&view->loop->spares, SPARE_DIAL, sizeof *dial);
    if (!dial)
        return -ENOMEM;
    *dial = (struct dial){.view = view, .callback = callback, .arg = arg};
    race_init(&dial->race, view->loop, on_race, dial);
    dial->waiter.news = on_news;
    list_init(&dial->waiter.node);
    list_append(&view->waiters, &dial->waiter.node);
    timer_init(&dial->deadline, on_deadline);
    timer_init(&dial->pace, on_pace);
    loop_timer(view->loop, &dial->deadline, view->options->options.deadline);
    *ret_dial = dial;
    go_on(dial);
    return 0;
}
