#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "dial_rig.h"
#include "loop_rig.h"
#include "loopback.h"
#include "plain_set.h"
#include "suite.h"

#define MSEC USEC_PER_MSEC

static struct view_rig rig;

static struct endpoint *endpoint_at(const struct address *address)
{
    return dial_endpoint(&rig, address);
}

START_TEST(connects)
{
    struct address address;
    struct dialled result;
    int listener = loopback_listen(&address);
    view_rig_open(&rig, "", &address, 1);
    dial_once(&rig, &result);
    ck_assert_int_eq(result.outcome, DIAL_CONNECTED);
    ck_assert_uint_eq(result.attempts, 1);
    ck_assert(address_equal(&result.address, &address));
    ck_assert_uint_eq(atomic_load(&endpoint_at(&address)->accepted), 1);
    ck_assert_uint_eq(atomic_load(&endpoint_at(&address)->failed), 0);
    view_rig_close(&rig);
    close(listener);
}
END_TEST

/* Three that refuse and one that accepts: each client is served, meets each dead one at most once,
 * and none is met without being counted. */
START_TEST(goes_on_after_a_refusal)
{
    struct address addresses[4];
    int fds[4];
    uint64_t failed = 0, attempts = 0;
    for (size_t i = 0; i < 3; i++)
        fds[i] = loopback_refuse(&addresses[i]);
    fds[3] = loopback_listen(&addresses[3]);
    static const char *const policies[] = {"upstream.balance=round-robin",
                                           "upstream.balance=least-connections",
                                           "upstream.balance=random-two"};
    for (size_t p = 0; p < COUNT_OF(policies); p++) {
        view_rig_open(&rig, policies[p], addresses, 4);
        failed = attempts = 0;
        for (int n = 0; n < 40; n++) {
            struct dialled result;
            ck_assert_int_lt(dial_once(&rig, &result), 2 * MSEC);
            ck_assert_int_eq(result.outcome, DIAL_CONNECTED);
            ck_assert(address_equal(&result.address, &addresses[3]));
            ck_assert_uint_le(result.attempts, 4);
            attempts += result.attempts;
        }
        for (size_t i = 0; i < 3; i++)
            failed += atomic_load(&endpoint_at(&addresses[i])->failed);
        ck_assert_uint_eq(failed + 40, attempts);
        ck_assert_uint_eq(atomic_load(&endpoint_at(&addresses[3])->accepted), 40);
        view_rig_close(&rig);
    }
    for (size_t i = 0; i < 4; i++)
        close(fds[i]);
}
END_TEST

START_TEST(each_is_tried_once_in_a_round)
{
    struct address addresses[5];
    struct dialled result;
    int fds[5];
    for (size_t i = 0; i < 5; i++)
        fds[i] = loopback_refuse(&addresses[i]);
    view_rig_open(&rig, "connect.attempts=5", addresses, 5);
    ck_assert_int_lt(dial_once(&rig, &result), 2 * MSEC);
    ck_assert_int_eq(result.outcome, DIAL_EXHAUSTED);
    ck_assert_uint_eq(result.attempts, 5);
    for (size_t i = 0; i < 5; i++) {
        ck_assert_uint_eq(atomic_load(&endpoint_at(&addresses[i])->failed), 1);
        close(fds[i]);
    }
    view_rig_close(&rig);
}
END_TEST

/* And it costs that once: then it is ejected. */
START_TEST(a_black_hole_costs_its_timeout)
{
    struct black_hole hole;
    struct address addresses[2];
    struct dialled result;
    unsigned slow = 0;
    black_hole_open(&hole);
    addresses[0] = hole.address;
    int listener = loopback_listen(&addresses[1]);
    view_rig_open(&rig, "connect.timeout=150ms connect.hedge-after=off", addresses, 2);
    for (int n = 0; n < 8; n++) {
        usec_t took = dial_once(&rig, &result);
        ck_assert_int_eq(result.outcome, DIAL_CONNECTED);
        ck_assert_int_eq(result.attempts == 2, took >= 150 * MSEC);
        slow += result.attempts == 2;
    }
    ck_assert_uint_eq(slow, 1);
    ck_assert_uint_eq(atomic_load(&endpoint_at(&hole.address)->failed), 1);
    view_rig_close(&rig);
    black_hole_close(&hole);
    close(listener);
}
END_TEST

START_TEST(the_deadline_ends_it)
{
    struct black_hole hole;
    struct dialled result;
    black_hole_open(&hole);
    view_rig_open(&rig, "connect.timeout=5s connect.deadline=200ms", &hole.address, 1);
    usec_t took = dial_once(&rig, &result);
    ck_assert_int_eq(result.outcome, DIAL_DEADLINE);
    ck_assert_uint_eq(result.attempts, 1);
    ck_assert_int_ge(took, 200 * MSEC);
    ck_assert_int_lt(took, 202 * MSEC);
    view_rig_close(&rig);
    black_hole_close(&hole);
}
END_TEST

START_TEST(no_address_in_time)
{
    struct dialled result;
    view_rig_open(&rig, "connect.deadline=200ms", NULL, 0);
    usec_t took = dial_once(&rig, &result);
    ck_assert_int_eq(result.outcome, DIAL_NO_ADDRESS);
    ck_assert_uint_eq(result.attempts, 0);
    ck_assert_int_ge(took, 200 * MSEC);
    ck_assert_int_lt(took, 202 * MSEC);
    ck_assert(list_empty(&rig.view->waiters));
    view_rig_close(&rig);
}
END_TEST

START_TEST(the_first_address_wakes_all_who_wait)
{
    struct address address;
    struct dialled results[20], cancelled;
    int listener = loopback_listen(&address);
    view_rig_open(&rig, "", NULL, 0);
    struct dial *dial = dial_begin(&rig, &cancelled);
    for (size_t i = 0; i < COUNT_OF(results); i++)
        dial_begin(&rig, &results[i]);
    loop_for(&rig.loop, 50);
    view_rig_use(&rig, plain_set(rig.view->set, NULL, 0)); /* still none */
    loop_for(&rig.loop, 50);
    ck_assert_int_eq(results[0].calls, 0);
    dial_cancel(dial);
    usec_t begin = clock_now();
    view_rig_use(&rig, plain_set(rig.view->set, &address, 1));
    ck_assert_int_eq(results[0].calls, 0); /* not from within it */
    dial_await_all(&rig, results, COUNT_OF(results));
    ck_assert_int_lt(clock_now() - begin, 100 * MSEC);
    for (size_t i = 0; i < COUNT_OF(results); i++) {
        ck_assert_int_eq(results[i].calls, 1);
        ck_assert_int_eq(results[i].outcome, DIAL_CONNECTED);
    }
    ck_assert_int_eq(cancelled.calls, 0);
    view_rig_close(&rig);
    close(listener);
}
END_TEST

START_TEST(a_new_set_is_used_by_who_dials_already)
{
    struct black_hole hole;
    struct address address;
    struct dialled result;
    int listener = loopback_listen(&address);
    black_hole_open(&hole);
    view_rig_open(&rig, "connect.timeout=200ms connect.hedge-after=off", &hole.address, 1);
    dial_begin(&rig, &result);
    loop_for(&rig.loop, 50);
    view_rig_use(&rig, plain_set(rig.view->set, &address, 1));
    dial_await(&rig, &result);
    ck_assert_int_eq(result.outcome, DIAL_CONNECTED);
    ck_assert(address_equal(&result.address, &address));
    ck_assert_uint_eq(result.attempts, 2);
    view_rig_close(&rig);
    black_hole_close(&hole);
    close(listener);
}
END_TEST

START_TEST(cancel_means_no_callback_and_no_blame)
{
    struct address addresses[2];
    struct dialled result;
    int fds[2] = {loopback_refuse(&addresses[0]), loopback_listen(&addresses[1])};
    view_rig_open(&rig, "", addresses, 2);
    for (int n = 0; n < 20; n++) {
        struct dial *dial = dial_begin(&rig, &result);
        ck_assert_uint_eq(dial_attempts(dial), 1);
        dial_cancel(dial);
        loop_for(&rig.loop, 5);
        ck_assert_int_eq(result.calls, 0);
    }
    dial_cancel(NULL);
    ck_assert_uint_eq(atomic_load(&endpoint_at(&addresses[0])->failed), 0);
    ck_assert_uint_eq(atomic_load(&endpoint_at(&addresses[1])->accepted), 0);
    view_rig_close(&rig);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

/* No descriptor is a fault of this host: nobody is blamed, and it goes on once there is one. */
START_TEST(a_lack_of_descriptors_blames_nobody)
{
    struct address address;
    struct dialled result;
    struct rlimit before;
    int listener = loopback_listen(&address);
    view_rig_open(&rig, "", &address, 1);
    loop_for(&rig.loop, 1);
    int next = dup(listener);
    getrlimit(RLIMIT_NOFILE, &before);
    close(next);
    struct rlimit none = {.rlim_cur = (rlim_t)next, .rlim_max = before.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    dial_begin(&rig, &result);
    loop_for(&rig.loop, 200);
    ck_assert_int_eq(result.calls, 0);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    dial_await(&rig, &result);
    ck_assert_int_eq(result.outcome, DIAL_CONNECTED);
    ck_assert_uint_ge(result.attempts, 2);
    ck_assert_uint_le(result.attempts, 10); /* it paused, and did not spin */
    ck_assert_uint_eq(atomic_load(&endpoint_at(&address)->failed), 0);
    view_rig_close(&rig);
    close(listener);
}
END_TEST

/* A network that this host cannot reach fails within connect(2); the next address is tried. */
START_TEST(goes_on_after_a_failure_at_once)
{
    struct in_addr group = {.s_addr = htonl(0xe0000001)};
    struct address addresses[2] = {address_ipv4(&group, 80)};
    struct dialled result;
    int listener = loopback_listen(&addresses[1]);
    view_rig_open(&rig, "", addresses, 2);
    for (int n = 0; n < 6; n++) {
        dial_once(&rig, &result);
        ck_assert_int_eq(result.outcome, DIAL_CONNECTED);
    }
    ck_assert_uint_gt(atomic_load(&endpoint_at(&addresses[0])->failed), 0);
    view_rig_close(&rig);
    view_rig_open(&rig, "connect.attempts=2", addresses, 1);
    dial_once(&rig, &result);
    ck_assert_int_eq(result.outcome, DIAL_EXHAUSTED);
    ck_assert_uint_eq(result.attempts, 2);
    view_rig_close(&rig);
    close(listener);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, connects);
    tcase_add_test(cases, goes_on_after_a_refusal);
    tcase_add_test(cases, each_is_tried_once_in_a_round);
    tcase_add_test(cases, a_black_hole_costs_its_timeout);
    tcase_add_test(cases, the_deadline_ends_it);
    tcase_add_test(cases, no_address_in_time);
    tcase_add_test(cases, the_first_address_wakes_all_who_wait);
    tcase_add_test(cases, a_new_set_is_used_by_who_dials_already);
    tcase_add_test(cases, cancel_means_no_callback_and_no_blame);
    tcase_add_test(cases, a_lack_of_descriptors_blames_nobody);
    tcase_add_test(cases, goes_on_after_a_failure_at_once);
}

int main(void)
{
    return suite_run("proxy/dial", add);
}
