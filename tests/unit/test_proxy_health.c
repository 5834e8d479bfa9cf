#include "proxy/health.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "loopback.h"
#include "plain_set.h"
#include "suite.h"
#include "turn.h"
#include "view_rig.h"

#define MSEC USEC_PER_MSEC

/* Two upstreams in one health; the rigs' own loops run nothing. */
static struct view_rig rigs[2];
static struct event_base *base;
static struct health *health;
static struct ward *wards[2];
static unsigned turns;

static void on_turn(void *arg)
{
    (void)arg;
    turns++;
}

/* `settings` of the second upstream NULL: there is one. */
static void begin(const char *settings, const char *other, const struct address *addresses,
                  size_t count)
{
    base = event_base_new();
    health = health_new(base);
    turns = 0;
    for (int i = 0; i < 2 && (i == 0 || other); i++) {
        view_rig_open(&rigs[i], i == 0 ? settings : other, addresses, count);
        rigs[i].upstream->watcher.on_turn = on_turn;
        wards[i] = health_add(health, rigs[i].upstream, rigs[i].view->options, rigs[i].view->set);
        ck_assert_ptr_nonnull(wards[i]);
    }
}

static void end(void)
{
    for (int i = 0; i < 2; i++) {
        health_remove(wards[i]);
        if (wards[i])
            view_rig_close(&rigs[i]);
    }
    health_free(health);
    event_base_free(base);
    libevent_global_shutdown();
}

static struct endpoint *endpoint_at(int rig, size_t place)
{
    return rigs[rig].view->set->endpoints[place];
}

static void eject(int rig, size_t place)
{
    view_note(rigs[rig].view, endpoint_at(rig, place), EJECT_REFUSED, clock_now());
    ck_assert(eject_is_out(endpoint_at(rig, place)));
    health_look(wards[rig]);
}

static bool is_in(void *arg)
{
    return !eject_is_out(arg);
}

static bool is_out(void *arg)
{
    return eject_is_out(arg);
}

static usec_t await(bool (*done)(void *arg), struct endpoint *endpoint)
{
    usec_t before = clock_now();
    ck_assert(turn_until(base, done, endpoint, 10000));
    return clock_now() - before;
}

START_TEST(a_probe_brings_it_back)
{
    struct address address;
    int fd = loopback_listen(&address);
    begin("eject.base=200ms", NULL, &address, 1);
    eject(0, 0);
    usec_t took = await(is_in, endpoint_at(0, 0));
    ck_assert_int_ge(took, 160 * MSEC); /* a fifth sooner at the most */
    ck_assert_int_lt(took, 202 * MSEC);
    ck_assert_uint_eq(turns, 2);
    ck_assert_uint_eq(atomic_load(&endpoint_at(0, 0)->accepted), 0); /* no client was needed */
    end();
    close(fd);
}
END_TEST

/* Down for 700 ms: probes at 160 to 200 and 480 to 600 fail, that at 1120 to 1400 finds it. */
START_TEST(failed_probes_come_less_often)
{
    struct address address;
    int fd = loopback_refuse(&address);
    begin("eject.base=200ms eject.max=60s", NULL, &address, 1);
    eject(0, 0);
    turn_for(base, 700);
    ck_assert_uint_eq(atomic_load(&endpoint_at(0, 0)->ejections), 3);
    ck_assert(eject_is_out(endpoint_at(0, 0)));
    loopback_begin_to_listen(fd);
    usec_t took = await(is_in, endpoint_at(0, 0));
    ck_assert_int_ge(took, 420 * MSEC);
    ck_assert_int_lt(took, 703 * MSEC);
    end();
    close(fd);
}
END_TEST

static int taken(int listener)
{
    int count = 0, fd;
    for (; loopback_wait(listener, 0); count++) {
        fd = loopback_accept(listener);
        close(fd);
    }
    return count;
}

/* The first of the two is due, and answers for both. */
START_TEST(upstreams_with_the_same_address_share_a_probe)
{
    struct address address;
    int fd = loopback_listen(&address);
    begin("eject.base=500ms", "eject.base=900ms", &address, 1);
    eject(0, 0);
    eject(1, 0);
    await(is_in, endpoint_at(0, 0));
    ck_assert(!eject_is_out(endpoint_at(1, 0)));
    ck_assert_uint_eq(turns, 4);
    end();
    close(fd);
}
END_TEST

/* But one whose time is far from over stays out. */
START_TEST(another_upstreams_back_off_is_its_own)
{
    struct address address;
    int fd = loopback_listen(&address);
    begin("eject.base=200ms", "eject.base=30s", &address, 1);
    eject(0, 0);
    eject(1, 0);
    await(is_in, endpoint_at(0, 0));
    ck_assert(eject_is_out(endpoint_at(1, 0)));
    end();
    close(fd);
}
END_TEST

START_TEST(checks_fall_and_rise)
{
    struct address address;
    int fd = loopback_refuse(&address);
    begin("check.interval=100ms check.rise=3 check.fall=4", NULL, &address, 1);
    usec_t fell = await(is_out, endpoint_at(0, 0));
    ck_assert_int_ge(fell, 3 * 90 * MSEC); /* the first comes any time within the interval */
    ck_assert_int_lt(fell, 4 * 112 * MSEC);
    ck_assert_int_eq(eject_probe_at(endpoint_at(0, 0)), 0);
    turn_for(base, 300); /* no probe lets it in */
    ck_assert(eject_is_out(endpoint_at(0, 0)));
    loopback_begin_to_listen(fd);
    usec_t rose = await(is_in, endpoint_at(0, 0));
    ck_assert_int_ge(rose, 2 * 90 * MSEC);
    ck_assert_int_lt(rose, 3 * 112 * MSEC);
    ck_assert_uint_eq(turns, 2);
    end();
    close(fd);
}
END_TEST

/* Slower than check.timeout is as bad as not at all. */
START_TEST(a_silent_address_falls)
{
    struct black_hole hole;
    black_hole_open(&hole);
    begin("check.interval=100ms check.timeout=50ms check.fall=2", NULL, &hole.address, 1);
    ck_assert_int_lt(await(is_out, endpoint_at(0, 0)), 400 * MSEC);
    end();
    black_hole_close(&hole);
}
END_TEST

/* The strictest interval serves both; each counts for itself. */
START_TEST(upstreams_with_the_same_address_share_checks)
{
    struct address address;
    int fd = loopback_refuse(&address);
    begin("check.interval=1h check.fall=2", "check.interval=100ms check.fall=5", &address, 1);
    await(is_out, endpoint_at(0, 0));
    ck_assert(!eject_is_out(endpoint_at(1, 0)));
    await(is_out, endpoint_at(1, 0));
    loopback_begin_to_listen(fd);
    await(is_in, endpoint_at(0, 0));
    ck_assert(!eject_is_out(endpoint_at(1, 0)));
    /* The strict one leaves: what is left checks once an hour, and the other's verdict goes. */
    health_remove(wards[1]);
    wards[1] = NULL;
    view_rig_close(&rigs[1]);
    turn_for(base, 200);
    end();
    close(fd);
}
END_TEST

START_TEST(whom_checks_left_out_is_let_in_when_they_end)
{
    struct address address;
    int fd = loopback_refuse(&address);
    begin("check.interval=100ms check.fall=1", NULL, &address, 1);
    await(is_out, endpoint_at(0, 0));
    health_remove(wards[0]);
    wards[0] = health_add(health, rigs[0].upstream, rigs[0].view->options, rigs[0].view->set);
    ck_assert(!eject_is_out(endpoint_at(0, 0)));
    end();
    close(fd);
}
END_TEST

/* Another configuration begins and ends the checks. */
START_TEST(a_configuration_begins_and_ends_checks)
{
    struct address address;
    int fd = loopback_refuse(&address);
    struct config *checking = one_upstream_config("check.interval=100ms check.fall=1");
    begin("", NULL, &address, 1);
    turn_for(base, 300);
    ck_assert(!eject_is_out(endpoint_at(0, 0)));
    health_configure(wards[0], &checking->upstreams[0]);
    await(is_out, endpoint_at(0, 0));
    health_configure(wards[0], rigs[0].view->options);
    ck_assert(!eject_is_out(endpoint_at(0, 0)));
    turn_for(base, 300);
    ck_assert(!eject_is_out(endpoint_at(0, 0)));
    end();
    config_unref(checking);
    close(fd);
}
END_TEST

/* Not all in one moment: within the first interval they come spread out. */
START_TEST(checks_are_spread_out)
{
    struct address addresses[20];
    int fds[20];
    for (int i = 0; i < 20; i++)
        fds[i] = loopback_refuse(&addresses[i]);
    begin("check.interval=1s check.fall=1", NULL, addresses, 20);
    turn_for(base, 500);
    unsigned out = 0;
    for (size_t i = 0; i < 20; i++)
        out += eject_is_out(endpoint_at(0, i));
    ck_assert_uint_ge(out, 1); /* about ten */
    ck_assert_uint_le(out, 19);
    end();
    for (int i = 0; i < 20; i++)
        close(fds[i]);
}
END_TEST

START_TEST(the_set_may_change)
{
    struct address addresses[3];
    int fds[3];
    for (int i = 0; i < 3; i++)
        fds[i] = loopback_listen(&addresses[i]);
    begin("eject.base=300ms", NULL, addresses, 2);
    eject(0, 0);
    eject(0, 1);
    struct endpoint *gone = endpoint_ref(endpoint_at(0, 0)), *stays = endpoint_at(0, 1);
    struct address left[2] = {stays->address, addresses[2]};
    view_rig_use(&rigs[0], plain_set(rigs[0].view->set, left, 2));
    health_set_endpoints(wards[0], rigs[0].view->set);
    await(is_in, stays);
    turn_for(base, 300);
    ck_assert(eject_is_out(gone)); /* nobody asks for it any more */
    ck_assert_uint_eq(atomic_load(&gone->references), 1);
    endpoint_unref(gone);
    end();
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(taken(fds[i]), 0);
        close(fds[i]);
    }
}
END_TEST

/* Without a descriptor nothing is found out: no verdict, and another try. */
START_TEST(a_fault_of_this_host_is_no_verdict)
{
    struct address address;
    struct rlimit before;
    int fd = loopback_listen(&address);
    begin("eject.base=200ms check.interval=100ms check.fall=1", NULL, &address, 1);
    eject(0, 0);
    int next = dup(fd);
    getrlimit(RLIMIT_NOFILE, &before);
    close(next);
    struct rlimit none = {.rlim_cur = (rlim_t)next, .rlim_max = before.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    turn_for(base, 500);
    ck_assert_uint_eq(atomic_load(&endpoint_at(0, 0)->ejected), EJECTED_BY_STRIKES);
    ck_assert_uint_eq(atomic_load(&endpoint_at(0, 0)->ejections), 1);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    ck_assert_int_lt(await(is_in, endpoint_at(0, 0)), 2500 * MSEC);
    end();
    close(fd);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, a_probe_brings_it_back);
    tcase_add_test(cases, failed_probes_come_less_often);
    tcase_add_test(cases, upstreams_with_the_same_address_share_a_probe);
    tcase_add_test(cases, another_upstreams_back_off_is_its_own);
    tcase_add_test(cases, checks_fall_and_rise);
    tcase_add_test(cases, a_silent_address_falls);
    tcase_add_test(cases, upstreams_with_the_same_address_share_checks);
    tcase_add_test(cases, whom_checks_left_out_is_let_in_when_they_end);
    tcase_add_test(cases, a_configuration_begins_and_ends_checks);
    tcase_add_test(cases, checks_are_spread_out);
    tcase_add_test(cases, the_set_may_change);
    tcase_add_test(cases, a_fault_of_this_host_is_no_verdict);
}

int main(void)
{
    return suite_run("proxy/health", add);
}
