#include <stdio.h>
#include <unistd.h>

#include "dial_rig.h"
#include "loop_rig.h"
#include "loopback.h"
#include "plain_set.h"
#include "suite.h"

#define MSEC USEC_PER_MSEC

static struct view_rig rig;

/* Down at first, up again before the deadline: a wait, and no error. */
START_TEST(a_service_that_restarts_costs_a_wait)
{
    struct address addresses[2];
    struct dialled results[20];
    int fds[2] = {loopback_refuse(&addresses[0]), loopback_refuse(&addresses[1])};
    view_rig_open(&rig, "", addresses, 2);
    for (size_t i = 0; i < COUNT_OF(results); i++)
        dial_begin(&rig, &results[i]);
    loop_for(&rig.loop, 700);
    for (size_t i = 0; i < COUNT_OF(results); i++)
        ck_assert_int_eq(results[i].calls, 0);
    loopback_begin_to_listen(fds[1]);
    usec_t before = clock_now();
    dial_await_all(&rig, results, COUNT_OF(results));
    ck_assert_int_lt(clock_now() - before, 1500 * MSEC);
    for (size_t i = 0; i < COUNT_OF(results); i++)
        ck_assert_int_eq(results[i].outcome, DIAL_CONNECTED);
    ck_assert(!eject_is_out(dial_endpoint(&rig, &addresses[1]))); /* a client's success counts */
    ck_assert(eject_is_out(dial_endpoint(&rig, &addresses[0])));
    view_rig_close(&rig);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

/* Rounds at about 0, 50, 150, 350, 750 and 1550 ms, each a fifth sooner at the most. */
START_TEST(rounds_come_less_and_less_often)
{
    struct address addresses[3];
    struct dialled result;
    int fds[3];
    for (int i = 0; i < 3; i++)
        fds[i] = loopback_refuse(&addresses[i]);
    view_rig_open(&rig, "connect.deadline=1500ms", addresses, 3);
    usec_t took = dial_once(&rig, &result);
    ck_assert_int_eq(result.outcome, DIAL_DEADLINE);
    ck_assert_int_ge(took, 1500 * MSEC);
    ck_assert_int_lt(took, 1502 * MSEC);
    ck_assert_uint_ge(result.attempts, 5 * 3);
    ck_assert_uint_le(result.attempts, 6 * 3);
    for (int i = 0; i < 3; i++) {
        ck_assert_uint_eq(atomic_load(&dial_endpoint(&rig, &addresses[i])->failed),
                          result.attempts / 3);
        close(fds[i]);
    }
    view_rig_close(&rig);
}
END_TEST

START_TEST(exactly_so_many_attempts)
{
    struct address addresses[3];
    struct dialled result;
    int fds[3];
    for (int i = 0; i < 3; i++)
        fds[i] = loopback_refuse(&addresses[i]);
    for (unsigned attempts = 1; attempts <= 8; attempts++) {
        char settings[64];
        snprintf(settings, sizeof settings, "connect.attempts=%u", attempts);
        view_rig_open(&rig, settings, addresses, 3);
        ck_assert_int_lt(dial_once(&rig, &result), 2000 * MSEC);
        ck_assert_int_eq(result.outcome, DIAL_EXHAUSTED);
        ck_assert_uint_eq(result.attempts, attempts);
        unsigned failed = 0;
        for (int i = 0; i < 3; i++)
            failed += (unsigned)atomic_load(&dial_endpoint(&rig, &addresses[i])->failed);
        ck_assert_uint_eq(failed, attempts);
        view_rig_close(&rig);
    }
    for (int i = 0; i < 3; i++)
        close(fds[i]);
}
END_TEST

/* Far into the back-off: whoever is new is met at once, by all, before those that failed; and those
 * are in rotation still. */
START_TEST(a_new_address_is_tried_at_once_and_first)
{
    struct black_hole hole;
    struct address addresses[3];
    struct dialled results[6];
    struct dial *dials[6];
    unsigned attempts[6];
    int fds[2] = {loopback_refuse(&addresses[0]), loopback_refuse(&addresses[1])};
    black_hole_open(&hole);
    addresses[2] = hole.address;
    view_rig_open(&rig, "connect.hedge-after=off eject.failures=off", addresses, 2);
    for (int i = 0; i < 6; i++)
        dials[i] = dial_begin(&rig, &results[i]);
    loop_for(&rig.loop, 900); /* the next round is 480 ms away at least */
    for (int i = 0; i < 6; i++)
        attempts[i] = dial_attempts(dials[i]);
    view_rig_use(&rig, plain_set(rig.view->set, addresses, 3));
    ck_assert_uint_eq(atomic_load(&dial_endpoint(&rig, &addresses[2])->active), 6);
    for (int i = 0; i < 6; i++) {
        ck_assert_uint_eq(dial_attempts(dials[i]), attempts[i] + 1);
        dial_cancel(dials[i]);
    }
    view_rig_close(&rig);
    black_hole_close(&hole);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

START_TEST(an_address_that_is_back_ends_the_pause)
{
    struct address address;
    struct dialled result;
    int fd = loopback_refuse(&address);
    view_rig_open(&rig, "", &address, 1);
    dial_begin(&rig, &result);
    loop_for(&rig.loop, 900);
    loopback_begin_to_listen(fd);
    usec_t before = clock_now();
    dial_note(&rig, &address, EJECT_PROBE_ACCEPTED);
    dial_await(&rig, &result);
    ck_assert_int_eq(result.outcome, DIAL_CONNECTED);
    ck_assert_int_lt(clock_now() - before,
                     100 * MSEC); /* spread out, so that all do not come at once */
    view_rig_close(&rig);
    close(fd);
}
END_TEST

/* The set may empty while a client holds out, and fill again. */
START_TEST(an_empty_set_is_waited_for)
{
    struct address addresses[2];
    struct dialled result;
    int refusing = loopback_refuse(&addresses[0]), listener = loopback_listen(&addresses[1]);
    view_rig_open(&rig, "", addresses, 1);
    struct dial *dial = dial_begin(&rig, &result);
    loop_for(&rig.loop, 30);
    view_rig_use(&rig, plain_set(rig.view->set, NULL, 0));
    loop_for(&rig.loop, 300);
    unsigned attempts = dial_attempts(dial);
    loop_for(&rig.loop, 300);
    ck_assert_uint_eq(dial_attempts(dial), attempts); /* there is nobody to try */
    view_rig_use(&rig, plain_set(rig.view->set, &addresses[1], 1));
    dial_await(&rig, &result);
    ck_assert_int_eq(result.outcome, DIAL_CONNECTED);
    view_rig_close(&rig);
    close(refusing);
    close(listener);
}
END_TEST

/* With all out, the one whose last failure is longest ago comes first. */
START_TEST(the_least_recently_failed_comes_first)
{
    struct black_hole holes[3];
    struct address addresses[3];
    struct dialled result;
    for (int i = 0; i < 3; i++) {
        black_hole_open(&holes[i]);
        addresses[i] = holes[i].address;
    }
    view_rig_open(&rig, "connect.hedge-after=off", addresses, 3);
    static const int order[] = {1, 2, 0};
    for (int i = 0; i < 3; i++) {
        dial_note(&rig, &addresses[order[i]], EJECT_REFUSED);
        loop_for(&rig.loop, 2);
    }
    for (int i = 0; i < 3; i++) {
        struct dial *dial = dial_begin(&rig, &result);
        struct endpoint *first = dial_endpoint(&rig, &addresses[order[i]]);
        ck_assert_uint_eq(atomic_load(&first->active), 1);
        dial_cancel(dial);
        view_note(rig.view, first, EJECT_REFUSED, clock_now());
        loop_for(&rig.loop, 2);
    }
    view_rig_close(&rig);
    for (int i = 0; i < 3; i++)
        black_hole_close(&holes[i]);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, a_service_that_restarts_costs_a_wait);
    tcase_add_test(cases, rounds_come_less_and_less_often);
    tcase_add_test(cases, exactly_so_many_attempts);
    tcase_add_test(cases, a_new_address_is_tried_at_once_and_first);
    tcase_add_test(cases, an_address_that_is_back_ends_the_pause);
    tcase_add_test(cases, an_empty_set_is_waited_for);
    tcase_add_test(cases, the_least_recently_failed_comes_first);
}

int main(void)
{
    return suite_run("proxy/dial heals", add);
}
