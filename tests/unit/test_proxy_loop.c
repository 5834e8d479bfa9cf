#include "proxy/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/random.h"
#include "loop_rig.h"
#include "suite.h"

static struct loop loop;

static void setup(void)
{
    ck_assert_int_eq(loop_init(&loop), 0);
}

static void teardown(void)
{
    clock_release();
    loop_clear(&loop);
}

/* --- timers -------------------------------------------------------------------------------------
 */

#define TIMERS 200

static struct timers timers;
static struct timer many[TIMERS];
static usec_t dues[TIMERS]; /* 0: not started */
static usec_t now, last_due;

static void on_expired(struct timer *timer)
{
    size_t n = (size_t)(timer - many);
    ck_assert_int_eq(timer->due, dues[n]);
    ck_assert_int_le(dues[n], now);
    ck_assert_int_ge(dues[n], last_due); /* in order */
    last_due = dues[n];
    dues[n] = 0;
}

/* One assertion of all, for Check writes each down. */
static void check_timers(void)
{
    usec_t first = 0;
    size_t faults = 0;
    for (size_t i = 0; i < TIMERS; i++) {
        faults += many[i].started != (dues[i] != 0);
        if (dues[i] != 0 && (first == 0 || dues[i] < first))
            first = dues[i];
    }
    ck_assert_msg(faults == 0 && timers_due(&timers) == first, "%zu faults, due %lld, not %lld",
                  faults, (long long)timers_due(&timers), (long long)first);
}

static size_t overdue(void)
{
    size_t count = 0;
    for (size_t i = 0; i < TIMERS; i++)
        count += dues[i] != 0 && dues[i] <= now;
    return count;
}

/* Against a plain table: what is due runs once, in order, and nothing else does. */
START_TEST(timers_run_when_they_are_due)
{
    random_seed(11);
    for (size_t i = 0; i < TIMERS; i++)
        timer_init(&many[i], on_expired);
    for (int step = 0; step < 50000; step++) {
        size_t n = random_below(TIMERS);
        uint32_t what = random_below(8);
        if (what < 4) {
            dues[n] = now + 1 + random_below(500);
            timer_start(&timers, &many[n], dues[n]);
        } else if (what < 6) {
            dues[n] = 0;
            timer_stop(&timers, &many[n]);
        } else {
            now += random_below(40);
            last_due = 0;
            timers_run(&timers, now);
            ck_assert_uint_eq(overdue(), 0);
        }
        check_timers();
    }
}
END_TEST

static int rounds;

static void on_again(struct timer *timer)
{
    rounds++;
    timer_start(&timers, timer, 5); /* which is past */
}

START_TEST(a_timer_that_starts_itself_waits_for_the_next_run)
{
    timer_init(&many[0], on_again);
    timer_start(&timers, &many[0], 10);
    timers_run(&timers, 9);
    ck_assert_int_eq(rounds, 0);
    timers_run(&timers, 20);
    ck_assert_int_eq(rounds, 1);
    timers_run(&timers, 30);
    ck_assert_int_eq(rounds, 2);
}
END_TEST

static void on_stop_other(struct timer *timer)
{
    rounds++;
    timer_stop(&timers, timer == &many[0] ? &many[1] : &many[0]);
}

START_TEST(a_timer_may_stop_another_that_is_due)
{
    for (size_t i = 0; i < 2; i++) {
        timer_init(&many[i], on_stop_other);
        timer_start(&timers, &many[i], 10);
    }
    timers_run(&timers, 20);
    ck_assert_int_eq(rounds, 1);
    ck_assert_int_eq(timers_due(&timers), 0);
}
END_TEST

static void on_round(struct timer *timer)
{
    (void)timer;
    rounds++;
}

START_TEST(the_loop_waits_for_its_timers)
{
    struct timer timer;
    timer_init(&timer, on_round);
    usec_t start = clock_now();
    loop_timer(&loop, &timer, 30 * USEC_PER_MSEC);
    while (rounds == 0)
        loop_turn(&loop, -1);
    ck_assert_int_ge(clock_now() - start, 30 * USEC_PER_MSEC);
    clock_freeze(1000 * USEC_PER_SEC);
    loop_timer(&loop, &timer, 3600 * USEC_PER_SEC);
    loop_turn(&loop, 0);
    ck_assert_int_eq(rounds, 1);
    clock_advance(3600 * USEC_PER_SEC);
    loop_turn(&loop, -1);
    ck_assert_int_eq(rounds, 2);
}
END_TEST

/* --- descriptors --------------------------------------------------------------------------------
 */

struct spot {
    struct watch watch;
    struct watch *forgets;
    int calls;
};

static void on_spot(struct watch *watch, uint32_t events)
{
    struct spot *spot = list_entry(watch, struct spot, watch);
    ck_assert(events & EPOLLIN);
    spot->calls++;
    loop_unwatch(&loop, spot->forgets);
}

/* Two descriptors of one wait, and whoever is served first forgets the other: it is not called. */
START_TEST(what_is_forgotten_is_not_served)
{
    struct spot spots[2];
    for (int i = 0; i < 2; i++) {
        spots[i] = (struct spot){.watch = {eventfd(1, EFD_CLOEXEC), on_spot},
                                 .forgets = &spots[1 - i].watch};
        ck_assert_int_eq(loop_watch(&loop, &spots[i].watch, EPOLLIN), 0);
    }
    loop_turn(&loop, -1);
    ck_assert_int_eq(spots[0].calls + spots[1].calls, 1);
    loop_turn(&loop, 0);
    ck_assert_int_eq(spots[0].calls + spots[1].calls, 2); /* who is watched still, again */
    close(spots[0].watch.fd);
    close(spots[1].watch.fd);
}
END_TEST

START_TEST(what_cannot_be_watched)
{
    struct watch watch = {.fd = -1};
    ck_assert_int_lt(loop_watch(&loop, &watch, EPOLLIN), 0);
}
END_TEST

/* --- tasks ---------------------------------------------------------------------------------------
 */

struct job {
    struct task task;
    int runs, again;
};

static void run_job(struct task *task)
{
    struct job *job = (struct job *)task;
    job->runs++;
    if (job->again-- > 0)
        loop_later(&loop, task);
}

START_TEST(tasks_run_in_the_next_turn_once)
{
    struct job jobs[3] = {{.runs = 0}};
    for (size_t i = 0; i < 3; i++)
        task_init(&jobs[i].task, run_job);
    jobs[0].again = 5;
    loop_later(&loop, &jobs[0].task);
    loop_later(&loop, &jobs[1].task);
    loop_later(&loop, &jobs[1].task); /* not doubled */
    loop_later(&loop, &jobs[2].task);
    task_cancel(&jobs[2].task);
    ck_assert_int_eq(jobs[0].runs, 0);
    loop_turn(&loop, -1);
    ck_assert_int_eq(jobs[0].runs, 1); /* what it scheduled itself runs a turn later */
    loop_for(&loop, 20);
    ck_assert_int_eq(jobs[0].runs, 6);
    ck_assert_int_eq(jobs[1].runs, 1);
    ck_assert_int_eq(jobs[2].runs, 0);
    loop_later(&loop, &jobs[2].task);
    loop_for(&loop, 20);
    ck_assert_int_eq(jobs[2].runs, 1);
}
END_TEST

static void on_stop(struct timer *timer)
{
    (void)timer;
    loop_stop(&loop);
}

START_TEST(it_runs_until_it_is_stopped)
{
    struct timer timer;
    timer_init(&timer, on_stop);
    loop_timer(&loop, &timer, USEC_PER_MSEC);
    loop_run(&loop);
    ck_assert_int_eq(timers_due(&loop.timers), 0);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, timers_run_when_they_are_due);
    tcase_add_test(cases, a_timer_that_starts_itself_waits_for_the_next_run);
    tcase_add_test(cases, a_timer_may_stop_another_that_is_due);
    tcase_add_test(cases, the_loop_waits_for_its_timers);
    tcase_add_test(cases, what_is_forgotten_is_not_served);
    tcase_add_test(cases, what_cannot_be_watched);
    tcase_add_test(cases, tasks_run_in_the_next_turn_once);
    tcase_add_test(cases, it_runs_until_it_is_stopped);
}

int main(void)
{
    return suite_run("proxy/loop", add);
}
