/* Sessions that are to make room: whose endpoint left the set, or who are old. The clock stands
 * still but for what a test lets pass. */
#include "proxy/sessions.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop_rig.h"
#include "loopback.h"
#include "plain_set.h"
#include "proxy/limit.h"
#include "proxy/listener.h"
#include "suite.h"
#include "view_rig.h"

#define MSEC USEC_PER_MSEC
#define SEC USEC_PER_SEC
#define STEP (250 * MSEC)

/* One session as its two ends see it. */
struct pair {
    int client, peer;
};

static struct view_rig rig;
static struct acceptor *acceptor;
static struct process_limit process;
static struct address front, back, elsewhere;
static int backend, refusing;
static usec_t begun;

static void on_drained(void *arg)
{
    (void)arg;
}

static void begin(const char *settings)
{
    backend = loopback_listen(&back);
    refusing = loopback_refuse(&elsewhere);
    view_rig_open(&rig, settings, &back, 1);
    process = (struct process_limit){.limit.most = 0};
    acceptor = acceptor_new(&rig.loop, &process, on_drained, NULL);
    listener_assign(acceptor, rig.view, loopback_listen(&front), listener_blank());
    begun = clock_now();
    clock_freeze(begun);
}

static void end(void)
{
    sessions_abort(rig.view);
    ck_assert_uint_eq(atomic_load(&process.limit.open), 0);
    acceptor_free(acceptor);
    view_rig_close(&rig);
    close(backend);
    close(refusing);
    clock_release();
}

static size_t open_count(void)
{
    return atomic_load(&process.limit.open);
}

static void turn(void)
{
    loop_for(&rig.loop, 20);
}

static struct pair open_pair(void)
{
    struct pair pair = {.client = loopback_connect(&front)};
    turn();
    pair.peer = loopback_accept(backend);
    ck_assert_int_ge(pair.peer, 0);
    return pair;
}

static void close_pair(struct pair *pair)
{
    close(pair->client);
    close(pair->peer);
}

/* As the kernel does by itself when more time passes than here. */
static void acknowledge(int fd)
{
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
}

static void carry(int from, int to)
{
    char byte;
    ck_assert_int_eq(write(from, "x", 1), 1);
    turn();
    ck_assert(loopback_wait(to, 1000));
    ck_assert_int_eq(read(to, &byte, 1), 1);
    acknowledge(to);
}

static void ask(struct pair *pair)
{
    carry(pair->client, pair->peer);
}

static void answer(struct pair *pair)
{
    carry(pair->peer, pair->client);
}

/* As a pooled connection is used: more than once. */
static void use(struct pair *pair)
{
    for (int i = 0; i < 2; i++) {
        ask(pair);
        answer(pair);
    }
}

/* Sweeps as a worker does, for so long. Returns how many sessions ended. */
static size_t pass(usec_t span)
{
    size_t before = open_count();
    for (usec_t passed = 0; passed < span; passed += STEP) {
        clock_advance(STEP);
        sessions_retire(rig.view, clock_now());
    }
    turn();
    return before - open_count();
}

/* The next answer of DNS has this address alone. */
static void set_address(const struct address *address)
{
    view_rig_use(&rig, plain_set(rig.view->set, address, 1));
    sessions_follow_set(rig.view, clock_now());
}

START_TEST(keep_keeps)
{
    begin("");
    struct pair pair = open_pair();
    use(&pair);
    set_address(&elsewhere);
    ck_assert_uint_eq(pass(120 * SEC), 0);
    answer(&pair);
    close_pair(&pair);
    turn();
    end();
}
END_TEST

/* Idle ones one after the other, all over the time; those that wait for an answer at its end. */
START_TEST(idle_ones_go_first_and_spread_out)
{
    enum { IDLE = 18, BUSY = 6 };
    struct pair pairs[IDLE + BUSY];
    size_t closed[4] = {0};
    begin("session.removed=drain:60s");
    for (size_t i = 0; i < IDLE + BUSY; i++) {
        pairs[i] = open_pair();
        use(&pairs[i]);
        if (i % 4 == 0)
            ask(&pairs[i]); /* and no answer comes */
    }
    clock_advance(SEC); /* so that they are idle */
    set_address(&elsewhere);
    for (size_t quarter = 0; quarter < 4; quarter++)
        closed[quarter] = pass(15 * SEC - STEP);
    for (size_t quarter = 0; quarter < 3;
         quarter++) /* 18 of 24 places, in three quarters of 54 s */
        ck_assert(closed[quarter] >= 4 && closed[quarter] <= 8);
    ck_assert_uint_eq(closed[0] + closed[1] + closed[2] + closed[3], IDLE);
    for (size_t i = 0; i < IDLE + BUSY; i++)
        if (i % 4 != 0)
            ck_assert_int_eq(loopback_end(pairs[i].client), 0);
    ck_assert_uint_eq(open_count(), BUSY);
    ck_assert_uint_eq(pass(2 * SEC), BUSY);
    for (size_t i = 0; i < IDLE + BUSY; i++) {
        if (i % 4 == 0) {
            ck_assert_int_eq(loopback_end(pairs[i].client), -ECONNRESET);
            ck_assert_int_eq(loopback_end(pairs[i].peer), -ECONNRESET);
        }
        close_pair(&pairs[i]);
    }
    end();
}
END_TEST

/* In order only where the client can tell it from the end of an answer. */
static void ck_end_after(int questions, bool greeting, int want)
{
    begin("session.removed=drain:10s");
    struct pair pair = open_pair();
    if (greeting)
        answer(&pair);
    for (int i = 0; i < questions; i++) {
        ask(&pair);
        answer(&pair);
    }
    set_address(&elsewhere);
    ck_assert_uint_eq(pass(10 * SEC - STEP), 1);
    ck_assert_int_eq(loopback_end(pair.client), want);
    ck_assert_int_eq(loopback_end(pair.peer), want);
    close_pair(&pair);
    end();
}

START_TEST(how_an_idle_one_ends)
{
    ck_end_after(0, false, -ECONNRESET);
    ck_end_after(1, false, -ECONNRESET);
    ck_end_after(2, false, 0);
    ck_end_after(0, true, -ECONNRESET);
    ck_end_after(1, true, 0);
}
END_TEST

/* What keeps a session from being idle, until the end of the drain. */
START_TEST(who_is_not_idle)
{
    static char bytes[4 << 20];
    struct pair asked, halved, unread, full;
    begin("session.removed=drain:10s");
    asked = open_pair();
    use(&asked);
    ask(&asked);
    halved = open_pair();
    use(&halved);
    shutdown(halved.client, SHUT_WR);
    unread = open_pair();
    use(&unread);
    ask(&unread);
    ck_assert_int_eq(write(unread.peer, "x", 1), 1);
    turn();
    acknowledge(unread.client);
    full = open_pair(); /* redial itself still has a part of it */
    use(&full);
    turn();
    while (send(full.peer, bytes, sizeof bytes, MSG_NOSIGNAL) > 0)
        turn();
    clock_advance(SEC);
    set_address(&elsewhere);
    ck_assert_uint_eq(pass(5 * SEC), 1); /* what its own kernel has is the client's affair */
    ck_assert_int_eq(loopback_end(unread.client), 0);
    ck_assert_uint_eq(pass(5 * SEC - 2 * STEP), 0);
    ck_assert_uint_eq(pass(2 * STEP), 3);
    close_pair(&asked);
    close_pair(&halved);
    close_pair(&unread);
    close_pair(&full);
    end();
}
END_TEST

/* One that is used all the time gets away with shorter and shorter pauses, and at last with none.
 */
START_TEST(the_pause_that_counts_gets_shorter)
{
    begin("session.removed=drain:40s");
    struct pair pair = open_pair();
    set_address(&elsewhere);
    usec_t lived = 0;
    while (open_count() > 0) {
        use(&pair);
        pass(SEC); /* a pause of a second counts when there are eight left */
        lived += SEC;
        ck_assert_int_le(lived, 40 * SEC);
    }
    ck_assert_int_ge(lived, 31 * SEC);
    ck_assert_int_le(lived, 36 * SEC);
    ck_assert_int_eq(loopback_end(pair.client), 0);
    close_pair(&pair);
    end();
}
END_TEST

/* Nobody has to go while there is nowhere to go to, neither for the set nor for age. */
START_TEST(an_empty_set_closes_nothing)
{
    begin("session.removed=drain:10s session.max-age=20s");
    struct pair idle = open_pair(), busy = open_pair();
    use(&idle);
    use(&busy);
    set_address(&elsewhere);
    ask(&busy);
    view_rig_use(&rig, plain_set(rig.view->set, NULL, 0));
    sessions_follow_set(rig.view, clock_now());
    ck_assert_uint_eq(pass(60 * SEC), 0);
    set_address(&back); /* and then the old ones have their grace still */
    ck_assert_uint_eq(pass(4 * SEC), 1);
    ck_assert_int_eq(loopback_end(idle.client), 0);
    ck_assert_uint_eq(pass(2 * SEC), 1);
    ck_assert_int_eq(loopback_end(busy.client), -ECONNRESET);
    close_pair(&idle);
    close_pair(&busy);
    end();
}
END_TEST

START_TEST(an_address_that_comes_back_keeps_its_connections)
{
    begin("session.removed=drain:10s");
    struct pair pair = open_pair();
    use(&pair);
    ask(&pair);
    set_address(&elsewhere);
    ck_assert_uint_eq(pass(5 * SEC), 0);
    set_address(&back);
    answer(&pair);
    ck_assert_uint_eq(pass(60 * SEC), 0);
    set_address(&elsewhere); /* and leaves again: it has the full time once more */
    ask(&pair);
    ck_assert_uint_eq(pass(10 * SEC - STEP), 0);
    ck_assert_uint_eq(pass(2 * STEP), 1);
    close_pair(&pair);
    end();
}
END_TEST

/* Another address that leaves later does not give those of the first one more time. */
START_TEST(each_departure_has_its_own_time)
{
    struct address both[2], second_back;
    int second = loopback_listen(&second_back);
    begin("session.removed=drain:10s");
    both[0] = back;
    both[1] = second_back;
    view_rig_use(&rig, plain_set(rig.view->set, both, 2));
    struct pair pairs[2] = {{loopback_connect(&front), -1}, {loopback_connect(&front), -1}};
    turn();
    int first_peer = loopback_accept(backend), second_peer = loopback_accept(second);
    ck_assert(first_peer >= 0 && second_peer >= 0);
    for (size_t i = 0; i < 2; i++)
        ck_assert_int_eq(write(pairs[i].client, "x", 1), 1);
    turn();
    set_address(&second_back);
    ck_assert_uint_eq(pass(5 * SEC), 0);
    set_address(&elsewhere);
    ck_assert_uint_eq(pass(5 * SEC - STEP), 0);
    ck_assert_uint_eq(pass(2 * STEP), 1);
    ck_assert_int_eq(loopback_end(first_peer), -ECONNRESET);
    ck_assert_uint_eq(pass(4 * SEC), 0);
    ck_assert_uint_eq(pass(2 * SEC), 1);
    ck_assert_int_eq(loopback_end(second_peer), -ECONNRESET);
    for (size_t i = 0; i < 2; i++)
        close(pairs[i].client);
    close(first_peer);
    close(second_peer);
    close(second);
    end();
}
END_TEST

/* A connect that was under way when the address left. */
START_TEST(one_that_connects_too_late)
{
    begin("session.removed=drain:10s");
    int client = loopback_connect(&front);
    loop_turn(&rig.loop, -1); /* accepted, and dialled */
    set_address(&elsewhere);
    turn();
    int peer = loopback_accept(backend);
    ck_assert_int_ge(peer, 0);
    ck_assert_uint_eq(pass(10 * SEC - STEP), 1);
    ck_assert_int_eq(loopback_end(peer), -ECONNRESET);
    close(peer);
    close(client);
    end();
}
END_TEST

/* Many that become idle in one moment, late: no more at once than brings all away in time. */
START_TEST(no_storm_of_closings)
{
    enum { COUNT = 60 };
    struct pair pairs[COUNT];
    begin("session.removed=drain:60s");
    for (size_t i = 0; i < COUNT; i++) {
        pairs[i] = open_pair();
        use(&pairs[i]);
        ask(&pairs[i]);
    }
    set_address(&elsewhere);
    ck_assert_uint_eq(pass(56 * SEC), 0); /* every one is due */
    for (size_t i = 0; i < COUNT; i++)
        answer(&pairs[i]);
    ck_assert_uint_eq(pass(STEP), 0); /* not quiet for long enough yet */
    size_t most = 0, total = 0;
    for (int step = 0; step < 12; step++) {
        size_t count = pass(STEP);
        most = count > most ? count : most;
        total += count;
    }
    ck_assert_uint_eq(total, COUNT);
    ck_assert_uint_le(most,
                      16); /* twice sixty in the 3.5 s that are left, and as many in arrears */
    for (size_t i = 0; i < COUNT; i++) {
        ck_assert_int_eq(loopback_end(pairs[i].client), 0);
        close_pair(&pairs[i]);
    }
    end();
}
END_TEST

/* Lets time pass until the session ends. Returns how long it has been since the beginning. */
static usec_t age_at_end(const struct pair *pair)
{
    while (!loopback_wait(pair->client, 0)) {
        pass(SEC);
        ck_assert_int_lt(clock_now() - begun, 1000 * SEC);
    }
    return clock_now() - begun;
}

START_TEST(old_ones_go_at_an_idle_moment)
{
    begin("session.max-age=100s");
    struct pair idle = open_pair(), busy = open_pair();
    use(&idle);
    use(&busy);
    ask(&busy);
    ck_assert_uint_eq(pass(90 * SEC - STEP), 0);
    usec_t idle_age = age_at_end(&idle), busy_age = age_at_end(&busy);
    ck_assert_int_lt(idle_age, 111 * SEC);
    ck_assert_int_ge(busy_age, 100 * SEC); /* a tenth of grace */
    ck_assert_int_le(busy_age, 121 * SEC);
    ck_assert_int_eq(loopback_end(idle.client), 0);
    ck_assert_int_eq(loopback_end(busy.client), -ECONNRESET);
    close_pair(&idle);
    close_pair(&busy);
    end();
}
END_TEST

/* A new one is not swept with the old ones. */
START_TEST(ages_are_their_own)
{
    begin("session.max-age=100s");
    struct pair old = open_pair();
    use(&old);
    pass(80 * SEC);
    struct pair young = open_pair();
    use(&young);
    ck_assert_uint_eq(pass(35 * SEC), 1);
    ck_assert_int_eq(loopback_end(old.client), 0);
    answer(&young);
    ck_assert_uint_eq(pass(50 * SEC), 0);
    ck_assert_uint_eq(pass(30 * SEC), 1);
    close_pair(&old);
    close_pair(&young);
    end();
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, keep_keeps);
    tcase_add_test(cases, idle_ones_go_first_and_spread_out);
    tcase_add_test(cases, how_an_idle_one_ends);
    tcase_add_test(cases, who_is_not_idle);
    tcase_add_test(cases, the_pause_that_counts_gets_shorter);
    tcase_add_test(cases, an_empty_set_closes_nothing);
    tcase_add_test(cases, an_address_that_comes_back_keeps_its_connections);
    tcase_add_test(cases, each_departure_has_its_own_time);
    tcase_add_test(cases, one_that_connects_too_late);
    tcase_add_test(cases, no_storm_of_closings);
    tcase_add_test(cases, old_ones_go_at_an_idle_moment);
    tcase_add_test(cases, ages_are_their_own);
}

int main(void)
{
    return suite_run("proxy/sessions", add);
}
