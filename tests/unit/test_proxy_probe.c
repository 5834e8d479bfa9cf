#include "proxy/probe.h"

#include <errno.h>
#include <event2/event.h>
#include <unistd.h>

#include "loopback.h"
#include "suite.h"
#include "turn.h"

#define MSEC USEC_PER_MSEC

static struct event_base *base;

struct told {
    int calls;
    enum connect_outcome outcome;
    usec_t took;
};

static void on_probe(void *arg, enum connect_outcome outcome, usec_t took)
{
    struct told *told = arg;
    *told = (struct told){told->calls + 1, outcome, took};
}

static bool is_called(void *arg)
{
    return ((struct told *)arg)->calls > 0;
}

static void setup(void)
{
    base = event_base_new();
}

static void teardown(void)
{
    event_base_free(base);
    libevent_global_shutdown();
}

static struct told probe(const struct address *address, usec_t timeout)
{
    struct told told = {0};
    struct probe *probe = NULL;
    ck_assert_int_eq(probe_start(base, address, NULL, timeout, on_probe, &told, &probe), 0);
    ck_assert_int_eq(told.calls, 0); /* never before it returns */
    ck_assert(turn_until(base, is_called, &told, 5000));
    turn_for(base, 10);
    ck_assert_int_eq(told.calls, 1);
    return told;
}

START_TEST(each_outcome)
{
    struct black_hole hole;
    struct address open, closed;
    int listener = loopback_listen(&open), refusing = loopback_refuse(&closed);
    black_hole_open(&hole);
    ck_assert_int_eq(probe(&open, 1000 * MSEC).outcome, CONNECT_ACCEPTED);
    ck_assert_int_eq(probe(&closed, 1000 * MSEC).outcome, CONNECT_REFUSED);
    struct told told = probe(&hole.address, 100 * MSEC);
    ck_assert_int_eq(told.outcome, CONNECT_TIMED_OUT);
    ck_assert_int_ge(told.took, 100 * MSEC);
    close(listener);
    close(refusing);
    black_hole_close(&hole);
}
END_TEST

/* The backend's program sees none of these: there is nothing to accept. The kernel's delayed
 * acknowledgement (40 ms) may overtake a machine that is very busy, so most of them is enough. */
START_TEST(the_other_side_is_not_disturbed)
{
    struct address open;
    int listener = loopback_listen(&open), seen = 0;
    for (int i = 0; i < 50; i++) {
        ck_assert_int_eq(probe(&open, 1000 * MSEC).outcome, CONNECT_ACCEPTED);
        if (loopback_wait(listener, 0)) {
            close(loopback_accept(listener));
            seen++;
        }
    }
    ck_assert_int_le(seen, 10);
    close(listener);
}
END_TEST

START_TEST(cancel_means_no_callback)
{
    struct black_hole hole;
    struct told told = {0};
    struct probe *probe = NULL;
    black_hole_open(&hole);
    ck_assert_int_eq(probe_start(base, &hole.address, NULL, 30 * MSEC, on_probe, &told, &probe), 0);
    probe_cancel(probe);
    probe_cancel(NULL);
    turn_for(base, 60);
    ck_assert_int_eq(told.calls, 0);
    black_hole_close(&hole);
}
END_TEST

START_TEST(a_failure_at_once_is_returned)
{
    struct in_addr group = {.s_addr = htonl(0xe0000001)};
    struct address address = address_ipv4(&group, 80);
    struct told told = {0};
    struct probe *probe = NULL;
    ck_assert_int_eq(probe_start(base, &address, NULL, 30 * MSEC, on_probe, &told, &probe),
                     -ENETUNREACH);
    turn_for(base, 60);
    ck_assert_int_eq(told.calls, 0);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, each_outcome);
    tcase_add_test(cases, the_other_side_is_not_disturbed);
    tcase_add_test(cases, cancel_means_no_callback);
    tcase_add_test(cases, a_failure_at_once_is_returned);
}

int main(void)
{
    return suite_run("proxy/probe", add);
}
