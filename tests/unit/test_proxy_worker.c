#include "proxy/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "loopback.h"
#include "plain_set.h"
#include "proxy/listener.h"
#include "suite.h"
#include "tally_check.h"
#include "view_rig.h"

#define WORKERS 4
#define BACKENDS 3

/* What the daemon's main thread has of one upstream. */
static struct worker *workers[WORKERS];
static int sockets[WORKERS];
static struct process_limit process;
static struct upstream *upstream;
static struct config *config;
static struct endpoint_set *set;
static struct listen front;
static int backends[BACKENDS];
static struct address addresses[BACKENDS];
static sem_t drained;
static pthread_t main_thread;

static void on_drained(void *arg)
{
    ck_assert_ptr_eq(arg, &drained);
    if (!pthread_equal(pthread_self(), main_thread))
        sem_post(&drained); /* on the worker's own thread, as promised */
}

/* Whether `count` workers say within five seconds that they are drained. */
static bool wait_drained(int count)
{
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += 5;
    while (count > 0 && sem_timedwait(&drained, &limit) == 0)
        count--;
    return count == 0;
}

/* The worker is to serve this upstream on its socket, and nothing else. */
static void assign(size_t worker, struct config *now, struct upstream *of, size_t index, bool fresh)
{
    struct roster *roster = roster_new(now, 1);
    ck_assert_ptr_nonnull(roster);
    struct assignment *assignment = roster_add(roster, of, index, set, 1);
    ck_assert_ptr_nonnull(assignment);
    if (fresh)
        ck_assert_int_eq(worker_seat(workers[worker], roster, assignment), 0);
    assignment->sockets[0] = sockets[worker];
    worker_assign(workers[worker], roster);
}

static void start_workers(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ck_assert_int_eq(worker_start(i, &process, on_drained, &drained, &workers[i]), 0);
        sockets[i] = listener_open(&front, true);
        ck_assert_int_ge(sockets[i], 0);
        assign(i, config, upstream, 0, true);
    }
}

static void setup_with(const char *settings)
{
    main_thread = pthread_self();
    log_setup(open("/dev/null", O_WRONLY | O_CLOEXEC), LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT, false);
    sem_init(&drained, 0, 0);
    for (size_t i = 0; i < BACKENDS; i++)
        backends[i] = loopback_listen(&addresses[i]);
    int holder = loopback_refuse(&front.address); /* a port that nobody has */
    close(holder);
    config = one_upstream_config(settings);
    upstream = upstream_new(0, WORKERS, &(struct upstream_watcher){.on_failure = ignore_failure});
    set = plain_set(NULL, addresses, BACKENDS);
}

/* Joins the workers and sees that they gave everything back, and counted all of it. */
static void teardown(void)
{
    for (size_t i = 0; i < WORKERS; i++)
        worker_join(workers[i]);
    ck_assert_uint_eq(atomic_load(&process.limit.open), 0);
    ck_assert_uint_eq(atomic_load(&upstream->limit.open), 0);
    struct tally_sum sum;
    upstream_tally(upstream, &sum);
    ck_tally_is_settled(&sum);
    ck_assert_uint_eq(atomic_load(&upstream->references), 1);
    ck_assert_uint_eq(atomic_load(&config->references), 1);
    ck_assert_uint_eq(atomic_load(&set->references), 1);
    for (size_t i = 0; i < set->count; i++)
        ck_assert_uint_eq(atomic_load(&set->endpoints[i]->active), 0);
    endpoint_set_unref(set);
    upstream_unref(upstream);
    config_unref(config);
    for (size_t i = 0; i < BACKENDS; i++)
        close(backends[i]);
    sem_destroy(&drained);
}

/* The listener's port may take a moment to be served, but never refuses. */
static int client(void)
{
    int fd = loopback_connect(&front.address);
    ck_assert_int_ge(fd, 0);
    return fd;
}

/* Takes the connection that a client caused, at whichever backend. */
static int accept_any(size_t *counts)
{
    for (int round = 0; round < 200; round++)
        for (size_t i = 0; i < BACKENDS; i++) {
            if (!loopback_wait(backends[i], 5))
                continue;
            counts[i]++;
            return loopback_accept(backends[i]);
        }
    return -1;
}

/* Whether connecting is refused at last: the workers close their listeners one after the other. */
static bool comes_to_be_refused(void)
{
    for (usec_t limit = clock_now() + 5 * USEC_PER_SEC; clock_now() < limit;) {
        int fd = loopback_connect(&front.address);
        if (fd == -ECONNREFUSED)
            return true;
        if (fd >= 0)
            loopback_reset(fd);
    }
    return false;
}

static void ping_pong(int one, int other)
{
    char byte;
    ck_assert_int_eq(write(one, "x", 1), 1);
    ck_assert(loopback_wait(other, 5000));
    ck_assert_int_eq(read(other, &byte, 1), 1);
    ck_assert_int_eq(write(other, "y", 1), 1);
    ck_assert(loopback_wait(one, 5000));
    ck_assert_int_eq(read(one, &byte, 1), 1);
}

START_TEST(serves_and_balances_exactly)
{
    size_t counts[BACKENDS] = {0};
    int clients[90], peers[90];
    setup_with("");
    start_workers(WORKERS);
    for (size_t i = 0; i < COUNT_OF(clients); i++) {
        clients[i] = client();
        peers[i] = accept_any(counts);
        ck_assert_int_ge(peers[i], 0);
        ping_pong(clients[i], peers[i]);
    }
    for (size_t i = 0; i < BACKENDS; i++)
        ck_assert_uint_eq(counts[i], COUNT_OF(clients) / BACKENDS);
    ck_assert_uint_eq(atomic_load(&process.limit.open), COUNT_OF(clients));
    for (size_t i = 0; i < COUNT_OF(clients); i++) {
        shutdown(clients[i], SHUT_WR);
        shutdown(peers[i], SHUT_WR);
        ck_assert_int_eq(loopback_end(clients[i]), 0);
        ck_assert_int_eq(loopback_end(peers[i]), 0);
        close(clients[i]);
        close(peers[i]);
    }
    teardown();
}
END_TEST

/* One worker: from the first client of the new set on, all are of it. A turn may serve several
 * clients before it looks into the mailbox, so the first ones may still meet the old set. */
START_TEST(endpoints_are_swapped)
{
    size_t counts[BACKENDS] = {0};
    setup_with("");
    start_workers(1);
    int first = client(), first_peer = accept_any(counts);
    ck_assert_int_ge(first_peer, 0);
    for (size_t round = 0; round < 30; round++) {
        struct endpoint_set *next = plain_set(set, &addresses[round % BACKENDS], 1);
        worker_set_endpoints(workers[0], upstream, next);
        endpoint_set_unref(next);
        size_t in_a_row = 0;
        for (int n = 0; n < 40 && in_a_row < 3; n++) {
            size_t met[BACKENDS] = {0};
            int fd = client(), peer = accept_any(met);
            ck_assert_int_ge(peer, 0);
            ck_assert(in_a_row == 0 || met[round % BACKENDS] == 1);
            in_a_row += met[round % BACKENDS];
            close(fd);
            close(peer);
        }
        ck_assert_uint_eq(in_a_row, 3);
    }
    ping_pong(first, first_peer); /* its connection lived on through all of it */
    close(first);
    close(first_peer);
    teardown();
}
END_TEST

START_TEST(clients_wait_for_the_first_endpoint)
{
    int clients[20];
    size_t counts[BACKENDS] = {0};
    setup_with("");
    endpoint_set_unref(set);
    set = plain_set(NULL, NULL, 0);
    start_workers(WORKERS);
    for (size_t i = 0; i < COUNT_OF(clients); i++)
        clients[i] = client();
    ck_assert(!loopback_wait(backends[0], 50));
    struct endpoint_set *next = plain_set(set, addresses, BACKENDS);
    for (size_t i = 0; i < WORKERS; i++)
        worker_set_endpoints(workers[i], upstream, next);
    endpoint_set_unref(next);
    for (size_t i = 0; i < COUNT_OF(clients); i++) {
        int peer = accept_any(counts);
        ck_assert_int_ge(peer, 0);
        close(peer);
    }
    for (size_t i = 0; i < COUNT_OF(clients); i++) {
        ck_assert_int_eq(loopback_end(clients[i]), 0);
        close(clients[i]);
    }
    teardown();
}
END_TEST

START_TEST(stop_drains)
{
    size_t counts[BACKENDS] = {0};
    setup_with("");
    start_workers(WORKERS);
    int fd = client(), peer = accept_any(counts);
    for (size_t i = 0; i < WORKERS; i++)
        worker_stop(workers[i]);
    ck_assert(wait_drained(WORKERS - 1)); /* all but the one with the session */
    ck_assert(comes_to_be_refused());
    ck_assert_int_ne(sem_trywait(&drained), 0);
    ping_pong(fd, peer);
    close(fd);
    close(peer);
    ck_assert(wait_drained(1));
    teardown();
    ck_assert_int_ne(sem_trywait(&drained), 0); /* once a worker */
}
END_TEST

START_TEST(abort_ends_what_is_open)
{
    size_t counts[BACKENDS] = {0};
    setup_with("");
    start_workers(2);
    int fd = client(), peer = accept_any(counts);
    for (size_t i = 0; i < 2; i++) {
        worker_stop(workers[i]);
        worker_abort(workers[i]);
    }
    ck_assert(wait_drained(2));
    ck_assert_int_eq(loopback_end(fd), -ECONNRESET);
    ck_assert_int_eq(loopback_end(peer), -ECONNRESET);
    close(fd);
    close(peer);
    teardown();
}
END_TEST

START_TEST(join_ends_what_is_open)
{
    size_t counts[BACKENDS] = {0};
    setup_with("");
    start_workers(2);
    int fd = client(), peer = accept_any(counts);
    ck_assert_int_ge(peer, 0);
    teardown();
    ck_assert_int_eq(loopback_end(fd), -ECONNRESET);
    close(fd);
    close(peer);
    worker_join(NULL);
}
END_TEST

/* Whatever messages are still in the mailbox, joining gives their parts back. */
START_TEST(join_at_once)
{
    setup_with("");
    for (int round = 0; round < 20; round++) {
        start_workers(2);
        for (size_t i = 0; i < 2; i++) {
            worker_set_endpoints(workers[i], upstream, set);
            if (round % 2)
                worker_stop(workers[i]);
            worker_join(workers[i]);
            workers[i] = NULL;
        }
    }
    teardown();
}
END_TEST

START_TEST(idle_sessions_are_swept)
{
    size_t counts[BACKENDS] = {0};
    setup_with("session.idle-timeout=200ms");
    start_workers(1);
    int fd = client(), peer = accept_any(counts);
    ping_pong(fd, peer);
    usec_t begin = clock_now();
    ck_assert_int_ne(loopback_end(fd), -ETIMEDOUT);
    ck_assert_int_ge(clock_now() - begin, 100 * USEC_PER_MSEC);
    ck_assert_int_lt(clock_now() - begin, 800 * USEC_PER_MSEC);
    close(fd);
    close(peer);
    teardown();
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, serves_and_balances_exactly);
    tcase_add_test(cases, endpoints_are_swapped);
    tcase_add_test(cases, clients_wait_for_the_first_endpoint);
    tcase_add_test(cases, stop_drains);
    tcase_add_test(cases, abort_ends_what_is_open);
    tcase_add_test(cases, join_ends_what_is_open);
    tcase_add_test(cases, join_at_once);
    tcase_add_test(cases, idle_sessions_are_swept);
}

int main(void)
{
    return suite_run("proxy/worker", add);
}
