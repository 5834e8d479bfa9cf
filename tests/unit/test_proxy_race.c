#include "proxy/race.h"

#include <errno.h>
#include <unistd.h>

#include "loop_rig.h"
#include "loopback.h"
#include "proxy/balance.h"
#include "proxy/doubt.h"
#include "proxy/loop.h"
#include "proxy/stream.h"
#include "suite.h"

#define SEC USEC_PER_SEC

static struct loop loop;
static struct upstream_options options;
static struct race race;
static struct race_result told[4];
static int calls;

static void on_race(void *arg, const struct race_result *result)
{
    ck_assert_ptr_eq(arg, &calls);
    ck_assert_int_eq(result->outcome == CONNECT_ACCEPTED, result->stream != NULL);
    ck_assert(!race_has(&race, result->endpoint)); /* its lane is free already */
    told[calls++] = *result;
}

static void setup(void)
{
    ck_assert_int_eq(loop_init(&loop), 0);
    race_init(&race, &loop, on_race, &calls);
    calls = 0;
}

static void teardown(void)
{
    loop_clear(&loop);
}

/* As balance_pick() gives it. */
static struct endpoint *picked(struct endpoint *endpoint)
{
    atomic_fetch_add(&endpoint->active, 1);
    return endpoint_ref(endpoint);
}

/* As balance_release() takes it. */
static void give_back(struct endpoint *endpoint)
{
    atomic_fetch_sub(&endpoint->active, 1);
    endpoint_unref(endpoint);
}

static int start(struct endpoint *endpoint, usec_t timeout)
{
    options.connect_timeout = timeout;
    return race_start(&race, picked(endpoint), &options);
}

static void cancel_all(void)
{
    while (race_newest(&race))
        give_back(race_withdraw(race_newest(&race)));
}

static void ck_given_back(struct endpoint *endpoint)
{
    ck_assert_uint_eq(atomic_load(&endpoint->active), 0);
    ck_assert_uint_eq(atomic_load(&endpoint->references), 1);
    endpoint_unref(endpoint);
}

static bool is_called(void *arg)
{
    return calls >= *(int *)arg;
}

static void await_calls(int count)
{
    ck_assert(loop_until(&loop, is_called, &count, 5000));
    ck_assert_int_eq(calls, count);
}

START_TEST(the_other_lane_runs_on)
{
    struct black_hole hole;
    struct address open, closed;
    int listener = loopback_listen(&open), refusing = loopback_refuse(&closed);
    black_hole_open(&hole);
    struct endpoint *silent = endpoint_new(&hole.address), *good = endpoint_new(&open),
                    *bad = endpoint_new(&closed);
    ck_assert_uint_eq(race_count(&race), 0);
    ck_assert_ptr_null(race_newest(&race));
    ck_assert_int_eq(start(silent, 5 * SEC), 0);
    loop_for(&loop, 5);
    ck_assert_int_eq(start(bad, 5 * SEC), 0);
    ck_assert_int_eq(calls, 0); /* never before it returns */
    ck_assert_uint_eq(race_count(&race), 2);
    ck_assert_ptr_eq(race_newest(&race)->endpoint, bad);
    await_calls(1);
    ck_assert_int_eq(told[0].outcome, CONNECT_REFUSED);
    ck_assert_int_eq(told[0].error, ECONNREFUSED);
    ck_assert_ptr_eq(told[0].endpoint, bad);
    give_back(bad);
    ck_assert_uint_eq(race_count(&race), 1);
    ck_assert_ptr_eq(race_newest(&race)->endpoint, silent);
    ck_assert_int_eq(start(good, 5 * SEC), 0);
    await_calls(2);
    ck_assert_int_eq(told[1].outcome, CONNECT_ACCEPTED);
    ck_assert_ptr_eq(told[1].endpoint, good);
    stream_close(told[1].stream);
    give_back(good);
    ck_assert(race_has(&race, silent));
    cancel_all();
    ck_assert_uint_eq(race_count(&race), 0);
    loop_for(&loop, 20);
    ck_assert_int_eq(calls, 2);
    ck_given_back(silent);
    ck_given_back(good);
    ck_given_back(bad);
    black_hole_close(&hole);
    close(listener);
    close(refusing);
}
END_TEST

START_TEST(each_has_its_own_time)
{
    struct black_hole holes[2];
    struct endpoint *endpoints[2];
    for (int i = 0; i < 2; i++) {
        black_hole_open(&holes[i]);
        endpoints[i] = endpoint_new(&holes[i].address);
    }
    start(endpoints[0], SEC / 5);
    start(endpoints[1], SEC / 20);
    await_calls(1);
    ck_assert_ptr_eq(told[0].endpoint, endpoints[1]);
    ck_assert_int_eq(told[0].outcome, CONNECT_TIMED_OUT);
    await_calls(2);
    ck_assert_ptr_eq(told[1].endpoint, endpoints[0]);
    ck_assert_int_ge(clock_now() - told[1].started, SEC / 5 - SEC / 100);
    for (int i = 0; i < 2; i++) {
        give_back(endpoints[i]);
        ck_given_back(endpoints[i]);
        black_hole_close(&holes[i]);
    }
}
END_TEST

START_TEST(a_failure_at_once_leaves_the_endpoint)
{
    struct in_addr group = {.s_addr = htonl(0xe0000001)};
    struct address address = address_ipv4(&group, 80);
    struct endpoint *endpoint = endpoint_new(&address);
    ck_assert_int_eq(start(endpoint, SEC), -ENETUNREACH);
    ck_assert_uint_eq(race_count(&race), 0);
    give_back(endpoint);
    loop_for(&loop, 10);
    ck_assert_int_eq(calls, 0);
    ck_given_back(endpoint);
}
END_TEST

/* Who was silent is doubted, until it answers; a dial that is no longer wanted leaves no doubt. */
START_TEST(silence_is_remembered)
{
    struct black_hole hole;
    black_hole_open(&hole);
    struct endpoint *endpoint = endpoint_new(&hole.address);
    start(endpoint, 5 * SEC);
    ck_assert(!doubt_has(endpoint, SEC / 100, clock_now()));
    ck_assert(doubt_has(endpoint, SEC / 100, clock_now() + SEC / 50));
    cancel_all();
    ck_assert_int_eq(atomic_load(&endpoint->awaited_since), 0);
    start(endpoint, 5 * SEC);
    usec_t since = atomic_load(&endpoint->awaited_since);
    start(endpoint, 5 * SEC);
    ck_assert_int_eq(atomic_load(&endpoint->awaited_since), since);
    give_back(race_drop(race_newest(&race)));
    give_back(race_drop(race_newest(&race))); /* it had its chance */
    ck_assert_int_eq(atomic_load(&endpoint->awaited_since), since);
    black_hole_close(&hole);
    start(endpoint, 5 * SEC);
    await_calls(1);
    ck_assert_int_eq(told[0].outcome, CONNECT_REFUSED);
    ck_assert_int_eq(atomic_load(&endpoint->awaited_since), 0);
    give_back(endpoint);
    ck_given_back(endpoint);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, the_other_lane_runs_on);
    tcase_add_test(cases, each_has_its_own_time);
    tcase_add_test(cases, a_failure_at_once_leaves_the_endpoint);
    tcase_add_test(cases, silence_is_remembered);
}

int main(void)
{
    return suite_run("proxy/race", add);
}
