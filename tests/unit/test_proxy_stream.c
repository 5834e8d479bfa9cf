#include "proxy/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loopback.h"
#include "proxy/loop.h"
#include "suite.h"
#include "turn.h"

static struct loop loop;
static int ends[2]; /* 0: the stream's, 1: the test's */
static struct stream *stream;

struct owner {
    int calls;
};

static void on_stream(struct stream *told, void *arg)
{
    ck_assert_ptr_eq(told, stream);
    ((struct owner *)arg)->calls++;
}

static bool is_told(void *arg)
{
    return ((struct owner *)arg)->calls > 0;
}

static void setup(void)
{
    ck_assert_int_eq(loop_init(&loop), 0);
    loopback_pair(ends);
}

static void teardown(void)
{
    if (ends[1] >= 0)
        close(ends[1]);
    loop_clear(&loop);
    libevent_global_shutdown();
}

static void open_stream(struct owner *owner)
{
    *owner = (struct owner){0};
    ck_assert_int_eq(stream_new(&loop, ends[0], on_stream, owner, &stream), 0);
    ck_assert_int_eq(owner->calls, 0);
}

START_TEST(it_knows_what_may_be_tried)
{
    struct owner owner;
    char bytes[16];
    open_stream(&owner);
    ck_assert(!stream->readable);
    ck_assert(turn_until(loop.base, is_told, &owner, 2000));
    ck_assert(stream->writable);
    ck_assert(!stream->readable);
    ck_assert_int_eq(write(ends[1], "abc", 3), 3);
    owner.calls = 0;
    ck_assert(turn_until(loop.base, is_told, &owner, 2000));
    ck_assert(stream->readable);
    ck_assert(!stream_is_broken(stream));
    ck_assert_int_eq(stream_receive(stream, bytes, 2), 2);
    ck_assert(stream->readable); /* the kernel did not say that it was all */
    ck_assert_int_eq(stream_receive(stream, bytes, sizeof bytes), 1);
    ck_assert_int_eq(stream_receive(stream, bytes, sizeof bytes), -EAGAIN);
    ck_assert(!stream->readable);
    owner.calls = 0;
    turn_for(loop.base, 50);
    ck_assert_int_eq(owner.calls, 0); /* edge-triggered: no news, no call */
    stream_close(stream);
}
END_TEST

START_TEST(a_full_socket_is_not_writable)
{
    struct owner owner;
    char *bytes = calloc(1, 1 << 20);
    ssize_t put, all = 0;
    open_stream(&owner);
    turn_for(loop.base, 20);
    while ((put = stream_send(stream, bytes, 1 << 20)) > 0)
        all += put;
    ck_assert_int_eq(put, -EAGAIN);
    ck_assert(!stream->writable);
    owner.calls = 0;
    while (all > 0 && loopback_wait(ends[1], 1000))
        all -= read(ends[1], bytes, 1 << 20);
    ck_assert_int_eq(all, 0);
    ck_assert(turn_until(loop.base, is_told, &owner, 2000));
    ck_assert(stream->writable);
    stream_close(stream);
    free(bytes);
}
END_TEST

START_TEST(close_is_orderly_and_delivers)
{
    struct owner owner;
    char bytes[8];
    open_stream(&owner);
    ck_assert_int_eq(stream_send(stream, "bye", 3), 3);
    stream_close(stream);
    ck_assert(loopback_wait(ends[1], 1000));
    ck_assert_int_eq(read(ends[1], bytes, sizeof bytes), 3);
    ck_assert_int_eq(loopback_end(ends[1]), 0);
    stream_close(NULL);
}
END_TEST

START_TEST(reset_is_no_orderly_end)
{
    struct owner owner;
    open_stream(&owner);
    stream_reset(stream);
    ck_assert_int_eq(loopback_end(ends[1]), -ECONNRESET);
    stream_reset(NULL);
}
END_TEST

START_TEST(a_reset_of_the_peer_is_told)
{
    struct owner owner;
    char byte;
    open_stream(&owner);
    turn_for(loop.base, 20);
    owner.calls = 0;
    loopback_reset(ends[1]);
    ends[1] = -1;
    ck_assert(turn_until(loop.base, is_told, &owner, 2000));
    ck_assert(stream_is_broken(stream));
    ck_assert(stream_is_broken(stream)); /* looking does not take it */
    ck_assert_int_eq(stream_connect_error(stream), -ECONNRESET);
    ck_assert_int_eq(stream_send(stream, &byte, 1), -EPIPE); /* and no SIGPIPE */
    stream_close(stream);
}
END_TEST

START_TEST(the_owner_can_change)
{
    struct owner one, other = {0};
    open_stream(&one);
    stream_set_owner(stream, on_stream, &other);
    ck_assert(turn_until(loop.base, is_told, &other, 2000));
    ck_assert_int_eq(one.calls, 0);
    stream_close(stream);
}
END_TEST

/* --- the loop's tasks --------------------------------------------------------------------- */

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
    event_base_loop(loop.base, EVLOOP_ONCE);
    ck_assert_int_eq(jobs[0].runs, 1); /* what it scheduled itself runs a turn later */
    turn_for(loop.base, 20);
    ck_assert_int_eq(jobs[0].runs, 6);
    ck_assert_int_eq(jobs[1].runs, 1);
    ck_assert_int_eq(jobs[2].runs, 0);
    loop_later(&loop, &jobs[2].task);
    turn_for(loop.base, 20);
    ck_assert_int_eq(jobs[2].runs, 1);
    close(ends[0]);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, it_knows_what_may_be_tried);
    tcase_add_test(cases, a_full_socket_is_not_writable);
    tcase_add_test(cases, close_is_orderly_and_delivers);
    tcase_add_test(cases, reset_is_no_orderly_end);
    tcase_add_test(cases, a_reset_of_the_peer_is_told);
    tcase_add_test(cases, the_owner_can_change);
    tcase_add_test(cases, tasks_run_in_the_next_turn_once);
}

int main(void)
{
    return suite_run("proxy/stream", add);
}
