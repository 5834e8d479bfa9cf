/* The counts themselves; and what sessions between real sockets count. */
#include "proxy/tally.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/random.h"
#include "loop_rig.h"
#include "loopback.h"
#include "plain_set.h"
#include "proxy/limit.h"
#include "proxy/listener.h"
#include "proxy/sessions.h"
#include "suite.h"
#include "tally_check.h"
#include "view_rig.h"

#define MSEC USEC_PER_MSEC
#define SEC USEC_PER_SEC
#define THREADS 4
#define ROUNDS 20000

/* --- counting -------------------------------------------------------------------------------- */

static struct tally *tally_of(struct upstream *upstream, size_t worker)
{
    struct tally *tally = upstream_tally_of(upstream, worker);
    ck_assert_ptr_nonnull(tally);
    return tally;
}

START_TEST(each_worker_has_cache_lines_of_its_own)
{
    struct upstream *upstream =
        upstream_new(0, THREADS, &(struct upstream_watcher){.on_failure = ignore_failure});
    ck_assert_uint_le(sizeof(struct tally), TALLY_SIZE_MOST);
    ck_assert_uint_eq(sizeof(struct tally) % 64, 0);
    for (size_t i = 0; i < THREADS; i++)
        ck_assert_uint_eq((uintptr_t)tally_of(upstream, i) % 64, 0);
    upstream_unref(upstream);
}
END_TEST

START_TEST(a_tally_is_made_when_there_is_something_to_count)
{
    struct upstream *upstream =
        upstream_new(0, THREADS, &(struct upstream_watcher){.on_failure = ignore_failure});
    struct tally_sum sum;
    for (size_t i = 0; i < THREADS; i++)
        ck_assert_ptr_null(atomic_load(&upstream->seats[i].tally));
    upstream_tally(upstream, &sum);
    ck_tally_is_settled(&sum);
    struct tally *tally = tally_of(upstream, 2);
    ck_assert_ptr_eq(tally_of(upstream, 2), tally); /* for as long as the upstream lives */
    ck_assert_ptr_null(atomic_load(&upstream->seats[1].tally));
    tally_opened(tally);
    upstream_tally(upstream, &sum);
    ck_assert_uint_eq(sum.opened, 1);
    upstream_unref(upstream);
}
END_TEST

START_TEST(the_sum_is_that_of_all)
{
    struct upstream *upstream =
        upstream_new(0, 3, &(struct upstream_watcher){.on_failure = ignore_failure});
    struct tally_sum sum;
    for (unsigned i = 0; i < 3; i++) {
        struct tally *tally = tally_of(upstream, i);
        for (unsigned n = 0; n <= i; n++) {
            tally_opened(tally);
            tally_started(tally);
            tally_failed(tally);
            tally_started(tally);
            tally_hedged(tally);
            tally_accepted(tally, 3 * MSEC);
            tally_started(tally);
            tally_given_up(tally);
            tally_dialled(tally, 3);
            tally_carried(tally, 5, 7);
        }
        tally_ended(tally, SESSION_DRAINED, 2 * SEC);
    }
    upstream_tally(upstream, &sum);
    ck_tally_adds_up(&sum);
    ck_assert_uint_eq(sum.opened, 6);
    ck_assert_uint_eq(sum.ended[SESSION_DRAINED], 3);
    ck_assert_uint_eq(sum.open, 3);
    ck_assert_uint_eq(sum.dialling, 0);
    ck_assert_uint_eq(sum.bytes_up, 30);
    ck_assert_uint_eq(sum.bytes_down, 42);
    ck_assert_uint_eq(sum.started, 18);
    ck_assert_uint_eq(sum.accepted, 6);
    ck_assert_uint_eq(sum.failed, 6);
    ck_assert_uint_eq(sum.given_up, 6);
    ck_assert_uint_eq(sum.hedged, 6);
    ck_assert_uint_eq(sum.connect_time.counts[3], 6); /* above 2 ms, up to 5 ms */
    ck_assert_uint_eq(sum.connect_time.sum, 6 * 3 * MSEC);
    ck_assert_uint_eq(sum.attempts.counts[2], 6);
    ck_assert_uint_eq(sum.duration.counts[4], 3); /* above 1 s, up to 5 s */
    ck_assert_double_eq_tol(histogram_mean(&sum.duration), 2.0 * SEC, 1e-6);
    upstream_unref(upstream);
}
END_TEST

/* Every bound rises, and the arrays of a tally have a place for what is above the last. */
START_TEST(scales_are_in_order)
{
    const struct scale *const scales[] = {&tally_connect_scale, &tally_attempts_scale,
                                          &tally_duration_scale};
    static const struct tally tally;
    ck_assert_uint_eq(COUNT_OF(tally.connect_counts), tally_connect_scale.count + 1);
    ck_assert_uint_eq(COUNT_OF(tally.attempts_counts), tally_attempts_scale.count + 1);
    ck_assert_uint_eq(COUNT_OF(tally.duration_counts), tally_duration_scale.count + 1);
    for (size_t i = 0; i < COUNT_OF(scales); i++)
        for (size_t bound = 0; bound < scales[i]->count; bound++)
            ck_assert_int_gt(scales[i]->bounds[bound],
                             bound > 0 ? scales[i]->bounds[bound - 1] : 0);
    ck_assert_int_eq(tally_connect_scale.bounds[0], 500);
    ck_assert_int_eq(tally_connect_scale.bounds[tally_connect_scale.count - 1], 10 * SEC);
}
END_TEST

/* --- several threads ------------------------------------------------------------------------- */

static _Atomic unsigned counting;

/* A worker, which makes its tally while others are read. */
struct counter_thread {
    pthread_t thread;
    struct upstream *upstream;
    size_t worker;
};

static void count_one(struct tally *tally, unsigned n)
{
    tally_opened(tally);
    for (unsigned i = 0; i < n % 3; i++) {
        tally_started(tally);
        tally_failed(tally);
    }
    tally_started(tally);
    tally_accepted(tally, n % 7 * MSEC);
    tally_dialled(tally, n % 3 + 1);
    tally_carried(tally, n, 2 * n);
    tally_ended(tally, (enum session_end)(n % SESSION_ENDS), n * MSEC);
}

static void *count_many(void *arg)
{
    const struct counter_thread *self = arg;
    struct tally *tally = tally_of(self->upstream, self->worker);
    for (unsigned n = 0; n < ROUNDS; n++)
        count_one(tally, n);
    atomic_fetch_sub(&counting, 1);
    return NULL;
}

/* What can be said while others count on: no effect without its cause, and nothing falls. */
static void ck_plausible(const struct tally_sum *sum, const struct tally_sum *before)
{
    ck_assert_uint_le(tally_ended_in_all(sum), sum->opened);
    ck_assert_uint_le(sum->open, sum->opened);
    ck_assert_uint_le(sum->dialling, sum->opened);
    ck_assert_uint_le(sum->accepted + sum->failed, sum->started);
    ck_assert_uint_ge(sum->opened, before->opened);
    ck_assert_uint_ge(sum->bytes_up, before->bytes_up);
    for (size_t i = 0; i <= tally_duration_scale.count; i++)
        ck_assert_uint_ge(sum->duration.counts[i], before->duration.counts[i]);
}

START_TEST(threads_count_while_another_reads)
{
    struct upstream *upstream =
        upstream_new(0, THREADS, &(struct upstream_watcher){.on_failure = ignore_failure});
    struct counter_thread threads[THREADS];
    struct tally_sum sum, before = {0};
    atomic_store(&counting, THREADS);
    for (size_t i = 0; i < THREADS; i++) {
        threads[i] = (struct counter_thread){.upstream = upstream, .worker = i};
        ck_assert_int_eq(pthread_create(&threads[i].thread, NULL, count_many, &threads[i]), 0);
    }
    while (atomic_load(&counting) > 0) {
        upstream_tally(upstream, &sum);
        ck_plausible(&sum, &before);
        before = sum;
    }
    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i].thread, NULL), 0);
    upstream_tally(upstream, &sum);
    ck_tally_is_settled(&sum);
    ck_assert_uint_eq(sum.opened, (uint64_t)THREADS * ROUNDS);
    ck_assert_uint_eq(sum.bytes_up, (uint64_t)THREADS * ROUNDS * (ROUNDS - 1) / 2);
    ck_assert_uint_eq(sum.bytes_down, 2 * sum.bytes_up);
    upstream_unref(upstream);
}
END_TEST

/* --- want of memory -------------------------------------------------------------------------- */

static _Atomic bool lacks_memory;

/* The C library's, but for that: only tallies are aligned so. */
void *aligned_alloc(size_t alignment, size_t size)
{
    void *memory;
    if (atomic_load(&lacks_memory) || posix_memalign(&memory, alignment, size) != 0)
        return NULL;
    return memory;
}

static bool has_ended(void *arg)
{
    return loopback_wait(*(int *)arg, 0);
}

/* --- sessions -------------------------------------------------------------------------------- */

static struct view_rig rig;
static struct acceptor *acceptor;
static struct process_limit process;
static struct address front;

static void on_drained(void *arg)
{
    (void)arg;
}

static void begin(const char *settings, const struct address *endpoints, size_t count)
{
    view_rig_open(&rig, settings, endpoints, count);
    process = (struct process_limit){.limit.most = 0};
    acceptor = acceptor_new(&rig.loop, &process, on_drained, NULL);
    listener_assign(acceptor, rig.view, loopback_listen(&front), listener_blank());
}

/* Every test ends with the books closed. */
static struct tally_sum end(void)
{
    struct tally_sum sum;
    sessions_abort(rig.view);
    upstream_tally(rig.upstream, &sum);
    ck_tally_is_settled(&sum);
    acceptor_free(acceptor);
    view_rig_close(&rig);
    return sum;
}

static struct tally_sum look(void)
{
    struct tally_sum sum;
    upstream_tally(rig.upstream, &sum);
    ck_tally_adds_up(&sum);
    return sum;
}

struct want {
    uint64_t (*figure)(const struct tally_sum *sum);
    uint64_t value;
};

static bool has_come(void *arg)
{
    const struct want *want = arg;
    struct tally_sum sum;
    upstream_tally(rig.upstream, &sum);
    return want->figure(&sum) == want->value;
}

static void turn_until(uint64_t (*figure)(const struct tally_sum *sum), uint64_t value)
{
    struct want want = {figure, value};
    ck_assert(loop_until(&rig.loop, has_come, &want, 5000));
}

static uint64_t figure_opened(const struct tally_sum *sum)
{
    return sum->opened;
}

static uint64_t figure_accepted(const struct tally_sum *sum)
{
    return sum->accepted;
}

static uint64_t figure_bytes_up(const struct tally_sum *sum)
{
    return sum->bytes_up;
}

static uint64_t figure_bytes_down(const struct tally_sum *sum)
{
    return sum->bytes_down;
}

/* Reads all that is there. */
static size_t read_all(int fd)
{
    static char bytes[65536];
    size_t all = 0;
    for (ssize_t got; (got = read(fd, bytes, sizeof bytes)) > 0;)
        all += (size_t)got;
    return all;
}

/* Sends so much, as the proxy and the reader keep up. Returns what the reader has got meanwhile. */
static size_t push(int from, int to, size_t size)
{
    static char bytes[65536];
    size_t got = 0;
    while (size > 0) {
        ssize_t put = send(from, bytes, size < sizeof bytes ? size : sizeof bytes, MSG_NOSIGNAL);
        if (put > 0)
            size -= (size_t)put;
        loop_turn(&rig.loop, MSEC);
        got += read_all(to);
    }
    return got;
}

/* Small ones, and one that is large enough to be spliced. */
START_TEST(bytes_are_those_that_were_delivered)
{
    static const size_t sizes[] = {1, 700, 70000, 5000000};
    struct address back;
    int backend = loopback_listen(&back);
    uint64_t up = 0, down = 0, sent_up = 0, sent_down = 0;
    begin("", &back, 1);
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        int client = loopback_connect(&front);
        turn_until(figure_accepted, i + 1);
        int peer = loopback_accept(backend);
        up += push(client, peer, sizes[i]);
        down += push(peer, client, 2 * sizes[i]);
        turn_until(figure_bytes_up, sent_up += sizes[i]); /* seen while it lives */
        turn_until(figure_bytes_down, sent_down += 2 * sizes[i]);
        ck_assert_uint_eq(look().open, 1);
        shutdown(client, SHUT_WR);
        shutdown(peer, SHUT_WR);
        while (look().open > 0) {
            loop_turn(&rig.loop, MSEC);
            up += read_all(peer);
            down += read_all(client);
        }
        up += read_all(peer);
        down += read_all(client);
        close(client);
        close(peer);
    }
    struct tally_sum sum = end();
    ck_assert_uint_eq(sum.ended[SESSION_CLOSED], COUNT_OF(sizes));
    ck_assert_uint_eq(sum.bytes_up, up);
    ck_assert_uint_eq(sum.bytes_down, down);
    close(backend);
}
END_TEST

START_TEST(times_are_those_of_the_clock)
{
    struct address back;
    int backend = loopback_listen(&back);
    clock_freeze(1000 * SEC);
    begin("", &back, 1);
    int client = loopback_connect(&front);
    turn_until(figure_opened, 1);
    clock_advance(3 * MSEC);
    turn_until(figure_accepted, 1);
    clock_advance(60 * SEC);
    ck_assert_int_eq(endpoint_connect_time(rig.view->set->endpoints[0]), 3 * MSEC);
    struct tally_sum sum = end();
    ck_assert_uint_eq(sum.connect_time.sum, 3 * MSEC);
    ck_assert_uint_eq(sum.duration.sum, 60 * SEC + 3 * MSEC);
    ck_assert_uint_eq(sum.ended[SESSION_STOPPED], 1);
    close(client);
    close(backend);
    clock_release();
}
END_TEST

START_TEST(a_client_that_leaves_while_it_is_dialled_for)
{
    struct black_hole hole;
    black_hole_open(&hole);
    begin("", &hole.address, 1);
    int client = loopback_connect(&front);
    turn_until(figure_opened, 1);
    struct tally_sum sum = look();
    ck_assert_uint_eq(sum.dialling, 1);
    ck_assert_uint_eq(sum.started, 1);
    loopback_reset(client);
    while (look().open > 0)
        loop_turn(&rig.loop, MSEC);
    sum = end();
    ck_assert_uint_eq(sum.ended[SESSION_CLIENT_RESET], 1);
    ck_assert_uint_eq(sum.given_up, 1);
    ck_assert_uint_eq(sum.failed, 0);
    black_hole_close(&hole);
}
END_TEST

START_TEST(failed_connects_and_their_clients)
{
    struct address dead;
    int refusing = loopback_refuse(&dead);
    begin("connect.attempts=3", &dead, 1);
    int client = loopback_connect(&front);
    turn_until(figure_opened, 1);
    ck_assert_int_eq(loopback_wait(client, 0), 0);
    while (look().open > 0)
        loop_turn(&rig.loop, MSEC);
    close(client);
    struct tally_sum sum = end();
    ck_assert_uint_eq(sum.ended[SESSION_CONNECT_FAILED], 1);
    ck_assert_uint_eq(sum.failed, 3);
    ck_assert_uint_eq(sum.attempts.counts[2], 1);
    close(refusing);
}
END_TEST

START_TEST(no_address_is_a_dial_without_connects)
{
    begin("connect.deadline=30ms", NULL, 0);
    int client = loopback_connect(&front);
    turn_until(figure_opened, 1);
    ck_assert_uint_eq(look().dialling, 1);
    while (look().open > 0)
        loop_turn(&rig.loop, MSEC);
    close(client);
    struct tally_sum sum = end();
    ck_assert_uint_eq(sum.ended[SESSION_NO_ADDRESS], 1);
    ck_assert_uint_eq(sum.attempts.count, 1);
    ck_assert_uint_eq(sum.attempts.sum, 0);
}
END_TEST

/* A client that meets the black hole first gets a second connect, which wins. */
START_TEST(hedges_are_counted)
{
    enum { COUNT = 4 };
    struct black_hole hole;
    struct address addresses[2];
    int clients[COUNT];
    black_hole_open(&hole);
    addresses[0] = hole.address;
    int backend = loopback_listen(&addresses[1]);
    begin("connect.hedge-after=20ms connect.timeout=5s eject.failures=100", addresses, 2);
    for (unsigned i = 0; i < COUNT; i++) {
        clients[i] = loopback_connect(&front);
        turn_until(figure_accepted, i + 1);
    }
    struct tally_sum sum = look();
    ck_assert_uint_ge(sum.hedged, COUNT - 1); /* all but the first, for whom the cursor decides */
    ck_assert_uint_eq(sum.given_up, sum.hedged);
    ck_assert_uint_eq(sum.started, COUNT + sum.hedged);
    for (unsigned i = 0; i < COUNT; i++)
        close(clients[i]);
    end();
    black_hole_close(&hole);
    close(backend);
}
END_TEST

/* As for want of any other memory: it costs the one connection, and nobody else. */
START_TEST(without_memory_to_count_a_client_is_dropped)
{
    struct address back;
    int backend = loopback_listen(&back);
    begin("", &back, 1);
    atomic_store(&lacks_memory, true);
    int dropped = loopback_connect(&front);
    ck_assert(loop_until(&rig.loop, has_ended, &dropped, 5000));
    ck_assert_int_eq(loopback_end(dropped), -ECONNRESET);
    ck_assert_uint_eq(look().opened, 0);
    ck_assert_uint_eq(atomic_load(&process.limit.open), 0);
    ck_assert_uint_eq(atomic_load(&rig.upstream->limit.open), 0);
    atomic_store(&lacks_memory, false);
    int client = loopback_connect(&front);
    turn_until(figure_accepted, 1);
    ck_assert_uint_eq(atomic_load(&process.limit.open), 1);
    close(client);
    close(dropped);
    close(backend);
    ck_assert_uint_eq(end().opened, 1);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, each_worker_has_cache_lines_of_its_own);
    tcase_add_test(cases, a_tally_is_made_when_there_is_something_to_count);
    tcase_add_test(cases, the_sum_is_that_of_all);
    tcase_add_test(cases, scales_are_in_order);
    tcase_add_test(cases, threads_count_while_another_reads);
    tcase_add_test(cases, bytes_are_those_that_were_delivered);
    tcase_add_test(cases, times_are_those_of_the_clock);
    tcase_add_test(cases, a_client_that_leaves_while_it_is_dialled_for);
    tcase_add_test(cases, failed_connects_and_their_clients);
    tcase_add_test(cases, no_address_is_a_dial_without_connects);
    tcase_add_test(cases, hedges_are_counted);
    tcase_add_test(cases, without_memory_to_count_a_client_is_dropped);
}

int main(void)
{
    return suite_run("proxy/tally", add);
}
