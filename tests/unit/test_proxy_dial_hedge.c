#include <unistd.h>

#include "dial_rig.h"
#include "loop_rig.h"
#include "loopback.h"
#include "plain_set.h"
#include "suite.h"

#define MSEC USEC_PER_MSEC

/* epoll_wait(2) waits whole milliseconds. */
#define SLACK (2 * MSEC)

static struct view_rig rig;

static bool is_out(const struct address *address)
{
    return eject_is_out(dial_endpoint(&rig, address));
}

/* Two lost hedges eject the black hole; nobody waits for its time-out, and nobody meets it after.
 */
START_TEST(a_second_connect_wins)
{
    struct black_hole hole;
    struct address addresses[2];
    struct dialled result;
    unsigned hedged = 0;
    black_hole_open(&hole);
    addresses[0] = hole.address;
    int listener = loopback_listen(&addresses[1]);
    view_rig_open(&rig, "connect.hedge-after=50ms connect.timeout=5s", addresses, 2);
    for (int n = 0; n < 10; n++) {
        usec_t took = dial_once(&rig, &result);
        ck_assert_int_eq(result.outcome, DIAL_CONNECTED);
        ck_assert(address_equal(&result.address, &addresses[1]));
        ck_assert_int_eq(result.attempts == 2, took >= 50 * MSEC);
        ck_assert_int_lt(took, 50 * MSEC + SLACK);
        hedged += result.attempts == 2;
        ck_assert_int_eq(is_out(&hole.address), hedged == 2);
    }
    ck_assert_uint_eq(hedged, 2);
    ck_assert_uint_eq(atomic_load(&dial_endpoint(&rig, &hole.address)->failed), 1);
    view_rig_close(&rig);
    black_hole_close(&hole);
    close(listener);
}
END_TEST

START_TEST(no_other_address_no_hedge)
{
    struct black_hole hole;
    struct dialled result;
    black_hole_open(&hole);
    view_rig_open(&rig, "connect.hedge-after=20ms connect.timeout=200ms connect.deadline=600ms",
                  &hole.address, 1);
    dial_once(&rig, &result);
    ck_assert_int_eq(result.outcome, DIAL_DEADLINE);
    ck_assert_uint_ge(result.attempts, 2); /* time-out, pause, once more */
    ck_assert_uint_le(result.attempts, 3);
    view_rig_close(&rig);
    black_hole_close(&hole);
}
END_TEST

START_TEST(hedges_count_as_attempts)
{
    struct black_hole holes[3];
    struct address addresses[3];
    struct dialled result;
    for (int i = 0; i < 3; i++) {
        black_hole_open(&holes[i]);
        addresses[i] = holes[i].address;
    }
    for (unsigned attempts = 1; attempts <= 2; attempts++) {
        view_rig_open(&rig,
                      attempts == 1
                          ? "connect.hedge-after=20ms connect.timeout=200ms connect.attempts=1"
                          : "connect.hedge-after=20ms connect.timeout=200ms connect.attempts=2",
                      addresses, 3);
        usec_t took = dial_once(&rig, &result);
        ck_assert_int_eq(result.outcome, DIAL_EXHAUSTED);
        ck_assert_uint_eq(result.attempts, attempts);
        ck_assert_int_ge(took, attempts == 1 ? 200 * MSEC : 220 * MSEC);
        ck_assert_int_lt(took, 220 * MSEC + SLACK); /* side by side */
        view_rig_close(&rig);
    }
    for (int i = 0; i < 3; i++)
        black_hole_close(&holes[i]);
}
END_TEST

/* Slow is not dead: the first connect wins after all, and the second one is not to blame. */
START_TEST(the_first_connect_may_win)
{
    struct black_hole slow, hole;
    struct dialled result;
    black_hole_open(&slow);
    black_hole_open(&hole);
    struct address addresses[2] = {slow.address, hole.address};
    view_rig_open(&rig, "connect.hedge-after=100ms connect.timeout=8s", addresses, 1);
    dial_begin(&rig, &result); /* to the slow one, since it is alone */
    loop_for(&rig.loop, 10);
    view_rig_use(&rig, plain_set(rig.view->set, addresses, 2));
    loop_for(&rig.loop, 300); /* both are under way */
    int taken;
    while ((taken = loopback_accept(slow.listener)) >= 0)
        close(taken); /* the next SYN finds room */
    dial_await(&rig, &result);
    ck_assert_int_eq(result.outcome, DIAL_CONNECTED);
    ck_assert(address_equal(&result.address, &slow.address));
    ck_assert_uint_eq(result.attempts, 2);
    ck_assert_uint_eq(atomic_load(&dial_endpoint(&rig, &hole.address)->strikes[0]), 0);
    ck_assert_uint_eq(atomic_load(&dial_endpoint(&rig, &slow.address)->strikes[0]), 0);
    view_rig_close(&rig);
    black_hole_close(&slow);
    black_hole_close(&hole);
}
END_TEST

/* With two under way that are both silent, the later one makes way for a third address, and the
 * first has its full time. */
START_TEST(a_third_address_takes_the_place_of_the_second)
{
    struct black_hole holes[2];
    struct address addresses[3];
    struct dialled result;
    for (int i = 0; i < 2; i++) {
        black_hole_open(&holes[i]);
        addresses[i] = holes[i].address;
    }
    int listener = loopback_listen(&addresses[2]);
    view_rig_open(&rig, "connect.hedge-after=100ms connect.timeout=5s", addresses, 1);
    dial_begin(&rig, &result);
    view_rig_use(&rig, plain_set(rig.view->set, addresses, 2));
    loop_for(&rig.loop, 150); /* the second is under way */
    view_rig_use(&rig, plain_set(rig.view->set, addresses, 3));
    dial_await(&rig, &result);
    ck_assert_int_eq(result.outcome, DIAL_CONNECTED);
    ck_assert(address_equal(&result.address, &addresses[2]));
    ck_assert_uint_eq(result.attempts, 3);
    ck_assert_int_ge(result.took, 200 * MSEC);
    ck_assert_int_lt(result.took, 200 * MSEC + SLACK);
    ck_assert_uint_eq(atomic_load(&dial_endpoint(&rig, &addresses[0])->strikes[0]), 1);
    ck_assert_uint_eq(atomic_load(&dial_endpoint(&rig, &addresses[1])->strikes[0]), 0);
    view_rig_close(&rig);
    black_hole_close(&holes[0]);
    black_hole_close(&holes[1]);
    close(listener);
}
END_TEST

#define CROWD 60

/* Without ejection only the allowance is left: a burst of ten and a tenth. The others wait for the
 * time-out, and are served then. */
START_TEST(hedges_are_few)
{
    struct black_hole hole;
    struct address addresses[2];
    static struct dialled results[CROWD];
    unsigned early = 0, late = 0;
    black_hole_open(&hole);
    addresses[0] = hole.address;
    int listener = loopback_listen(&addresses[1]);
    view_rig_open(&rig, "connect.hedge-after=50ms connect.timeout=1s eject.failures=off", addresses,
                  2);
    for (int i = 0; i < CROWD; i++)
        dial_begin(&rig, &results[i]);
    dial_await_all(&rig, results, CROWD);
    for (int i = 0; i < CROWD; i++) {
        ck_assert_int_eq(results[i].outcome, DIAL_CONNECTED);
        early += results[i].attempts == 2 && results[i].took < 50 * MSEC + SLACK;
        late += results[i].attempts == 2 && results[i].took >= 1000 * MSEC;
    }
    ck_assert_uint_eq(early + late, CROWD / 2);
    ck_assert_uint_eq(early, 10); /* what the sixty earned came before anything was spent */
    view_rig_close(&rig);
    black_hole_close(&hole);
    close(listener);
}
END_TEST

/* Whoever waits for an endpoint that others find dead goes elsewhere at once, with no hedge. */
START_TEST(pending_dials_leave_an_ejected_endpoint)
{
    struct black_hole hole;
    struct address addresses[2];
    static struct dialled results[CROWD];
    black_hole_open(&hole);
    addresses[0] = hole.address;
    int listener = loopback_listen(&addresses[1]);
    view_rig_open(&rig, "connect.hedge-after=5s connect.timeout=8s", addresses, 1);
    for (int i = 0; i < CROWD; i++)
        dial_begin(&rig, &results[i]);
    view_rig_use(&rig, plain_set(rig.view->set, addresses, 2));
    loop_for(&rig.loop, 50);
    ck_assert_int_eq(results[0].calls, 0);
    usec_t before = clock_now();
    dial_note(&rig, &hole.address, EJECT_TIMED_OUT);
    dial_await_all(&rig, results, CROWD);
    ck_assert_int_lt(clock_now() - before, SLACK);
    for (int i = 0; i < CROWD; i++) {
        ck_assert_int_eq(results[i].outcome, DIAL_CONNECTED);
        ck_assert_uint_eq(results[i].attempts, 2);
    }
    ck_assert_uint_eq(atomic_load(&rig.upstream->hedger.spent), 0);
    view_rig_close(&rig);
    black_hole_close(&hole);
    close(listener);
}
END_TEST

/* With nowhere better to go, it stays. */
START_TEST(all_ejected_stays_where_it_is)
{
    struct black_hole holes[2];
    struct address addresses[2];
    struct dialled result;
    for (int i = 0; i < 2; i++) {
        black_hole_open(&holes[i]);
        addresses[i] = holes[i].address;
    }
    view_rig_open(&rig, "connect.hedge-after=off connect.timeout=5s", addresses, 2);
    struct dial *dial = dial_begin(&rig, &result);
    dial_note(&rig, &addresses[0], EJECT_TIMED_OUT);
    dial_note(&rig, &addresses[1], EJECT_TIMED_OUT);
    loop_for(&rig.loop, 50);
    unsigned attempts = dial_attempts(dial); /* it may have moved once, to the one still in */
    ck_assert_uint_le(attempts, 2);
    for (int i = 0; i < 5; i++)
        view_tell(rig.view);
    loop_for(&rig.loop, 50);
    ck_assert_uint_eq(dial_attempts(dial), attempts);
    dial_cancel(dial);
    view_rig_close(&rig);
    black_hole_close(&holes[0]);
    black_hole_close(&holes[1]);
}
END_TEST

/* One that refused this very client, and is back while the client waits for another one. */
START_TEST(an_endpoint_that_is_back_is_used)
{
    struct black_hole hole;
    struct address addresses[2];
    struct dialled result;
    black_hole_open(&hole);
    addresses[0] = hole.address;
    int refusing = loopback_refuse(&addresses[1]);
    view_rig_open(&rig, "connect.hedge-after=100ms connect.timeout=8s connect.deadline=9s",
                  &addresses[1], 1);
    dial_begin(&rig, &result);
    loop_for(&rig.loop, 20);
    ck_assert(is_out(&addresses[1]));
    view_rig_use(&rig, plain_set(rig.view->set, addresses, 2));
    loop_for(&rig.loop, 200);
    dial_note(&rig, &hole.address, EJECT_TIMED_OUT);
    loop_for(&rig.loop, 200);
    ck_assert_int_eq(result.calls, 0);
    loopback_begin_to_listen(refusing);
    usec_t before = clock_now();
    dial_note(&rig, &addresses[1], EJECT_PROBE_ACCEPTED);
    dial_await(&rig, &result);
    ck_assert_int_eq(result.outcome, DIAL_CONNECTED);
    ck_assert(address_equal(&result.address, &addresses[1]));
    ck_assert_int_lt(clock_now() - before, SLACK);
    view_rig_close(&rig);
    black_hole_close(&hole);
    close(refusing);
}
END_TEST

/* A client each 10 ms, and three of four addresses silent: hedges find the fourth, since the others
 * are in doubt, and soon nobody meets the three. */
START_TEST(three_of_four_are_black_holes)
{
    struct black_hole holes[3];
    struct address addresses[4];
    static struct dialled results[CROWD];
    for (int i = 0; i < 3; i++) {
        black_hole_open(&holes[i]);
        addresses[i] = holes[i].address;
    }
    int listener = loopback_listen(&addresses[3]);
    view_rig_open(&rig, "connect.hedge-after=150ms connect.timeout=5s", addresses, 4);
    for (int i = 0; i < CROWD; i++) {
        dial_begin(&rig, &results[i]);
        loop_for(&rig.loop, 10);
        if (is_out(&addresses[0]) || is_out(&addresses[1]) || is_out(&addresses[2]))
            view_tell(rig.view); /* as the main thread does */
    }
    dial_await_all(&rig, results, CROWD);
    for (int i = 0; i < CROWD; i++) {
        ck_assert_int_eq(results[i].outcome, DIAL_CONNECTED);
        ck_assert(address_equal(&results[i].address, &addresses[3]));
        ck_assert_int_lt(results[i].took, 150 * MSEC + SLACK);
    }
    for (int i = 0; i < 3; i++) {
        ck_assert(is_out(&addresses[i]));
        black_hole_close(&holes[i]);
    }
    view_rig_close(&rig);
    close(listener);
}
END_TEST

/* An ejected endpoint is left to the probe, unless the first connect goes to one as well. */
START_TEST(no_hedge_is_a_probe)
{
    struct black_hole hole;
    struct address addresses[2];
    struct dialled result;
    black_hole_open(&hole);
    addresses[0] = hole.address;
    int listener = loopback_listen(&addresses[1]);
    view_rig_open(&rig, "connect.hedge-after=50ms connect.timeout=8s", addresses, 2);
    dial_note(&rig, &addresses[1], EJECT_REFUSED);
    struct dial *dial = dial_begin(&rig, &result);
    loop_for(&rig.loop, 300);
    ck_assert_uint_eq(dial_attempts(dial), 1);
    ck_assert_int_eq(result.calls, 0);
    dial_note(&rig, &hole.address, EJECT_TIMED_OUT);
    dial_await(&rig, &result);
    ck_assert_int_eq(result.outcome, DIAL_CONNECTED);
    ck_assert(!is_out(&addresses[1])); /* a client's success, when all were out */
    view_rig_close(&rig);
    black_hole_close(&hole);
    close(listener);
}
END_TEST

START_TEST(adaptive_follows_what_connects_took)
{
    struct black_hole hole;
    struct address addresses[2];
    struct dialled result;
    unsigned hedged = 0;
    black_hole_open(&hole);
    addresses[0] = hole.address;
    int listener = loopback_listen(&addresses[1]);
    view_rig_open(&rig, "connect.hedge-after=adaptive connect.timeout=5s", addresses, 2);
    for (int n = 0; n < 300; n++)
        hedge_learn(&rig.upstream->hedger, &rig.view->options->options, 40 * MSEC);
    for (int n = 0; n < 4; n++) {
        usec_t took = dial_once(&rig, &result);
        if (result.attempts < 2)
            continue;
        hedged++;
        ck_assert_int_ge(took, 40 * MSEC);
        ck_assert_int_lt(took, 46 * MSEC + SLACK);
    }
    ck_assert_uint_eq(hedged, 2);
    view_rig_close(&rig);
    black_hole_close(&hole);
    close(listener);
}
END_TEST

START_TEST(cancel_drops_both)
{
    struct black_hole holes[2];
    struct address addresses[2];
    struct dialled result;
    for (int i = 0; i < 2; i++) {
        black_hole_open(&holes[i]);
        addresses[i] = holes[i].address;
    }
    view_rig_open(&rig, "connect.hedge-after=50ms connect.timeout=5s", addresses, 2);
    struct dial *dial = dial_begin(&rig, &result);
    loop_for(&rig.loop, 150);
    ck_assert_uint_eq(dial_attempts(dial), 2);
    dial_cancel(dial);
    loop_for(&rig.loop, 50);
    ck_assert_int_eq(result.calls, 0);
    for (int i = 0; i < 2; i++) {
        const struct endpoint *endpoint = dial_endpoint(&rig, &addresses[i]);
        ck_assert_uint_eq(atomic_load(&endpoint->strikes[0]), 0);
        ck_assert_uint_eq(atomic_load(&endpoint->failed), 0);
        ck_assert_int_eq(atomic_load(&endpoint->awaited_since), 0); /* nor doubted */
        black_hole_close(&holes[i]);
    }
    view_rig_close(&rig);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, a_second_connect_wins);
    tcase_add_test(cases, no_other_address_no_hedge);
    tcase_add_test(cases, hedges_count_as_attempts);
    tcase_add_test(cases, the_first_connect_may_win);
    tcase_add_test(cases, a_third_address_takes_the_place_of_the_second);
    tcase_add_test(cases, hedges_are_few);
    tcase_add_test(cases, pending_dials_leave_an_ejected_endpoint);
    tcase_add_test(cases, all_ejected_stays_where_it_is);
    tcase_add_test(cases, an_endpoint_that_is_back_is_used);
    tcase_add_test(cases, three_of_four_are_black_holes);
    tcase_add_test(cases, no_hedge_is_a_probe);
    tcase_add_test(cases, adaptive_follows_what_connects_took);
    tcase_add_test(cases, cancel_drops_both);
}

int main(void)
{
    return suite_run("proxy/dial hedges", add);
}
