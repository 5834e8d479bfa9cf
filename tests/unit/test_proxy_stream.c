#include "proxy/stream.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop_rig.h"
#include "loopback.h"
#include "proxy/loop.h"
#include "suite.h"

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
    ck_assert(loop_until(&loop, is_told, &owner, 2000));
    ck_assert(stream->writable);
    ck_assert(!stream->readable);
    ck_assert_int_eq(write(ends[1], "abc", 3), 3);
    owner.calls = 0;
    ck_assert(loop_until(&loop, is_told, &owner, 2000));
    ck_assert(stream->readable);
    ck_assert(!stream->broken && !stream->ended);
    ck_assert_int_eq(stream_receive(stream, bytes, 2), 2);
    ck_assert(stream->readable); /* the kernel did not say that it was all */
    ck_assert_int_eq(stream_receive(stream, bytes, sizeof bytes), 1);
    ck_assert(!stream->readable); /* less than was asked for: it was */
    ck_assert_int_eq(stream_receive(stream, bytes, sizeof bytes), -EAGAIN);
    owner.calls = 0;
    loop_for(&loop, 50);
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
    loop_for(&loop, 20);
    while ((put = stream_send(stream, bytes, 1 << 20)) > 0)
        all += put;
    ck_assert_int_eq(put, -EAGAIN);
    ck_assert(!stream->writable);
    owner.calls = 0;
    while (all > 0 && loopback_wait(ends[1], 1000))
        all -= read(ends[1], bytes, 1 << 20);
    ck_assert_int_eq(all, 0);
    ck_assert(loop_until(&loop, is_told, &owner, 2000));
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
    loop_for(&loop, 20);
    owner.calls = 0;
    loopback_reset(ends[1]);
    ends[1] = -1;
    ck_assert(loop_until(&loop, is_told, &owner, 2000));
    ck_assert(stream->broken && stream->readable && stream->writable);
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
    ck_assert(loop_until(&loop, is_told, &other, 2000));
    ck_assert_int_eq(one.calls, 0);
    stream_close(stream);
}
END_TEST

/* Bytes and the end that came together take one read; the end itself is known then. */
START_TEST(an_end_behind_bytes_is_known)
{
    struct owner owner;
    char bytes[16];
    open_stream(&owner);
    ck_assert_int_eq(write(ends[1], "abc", 3), 3);
    shutdown(ends[1], SHUT_WR);
    ck_assert(loop_until(&loop, is_told, &owner, 2000));
    ck_assert(stream->readable && stream->ended && !stream->broken);
    ck_assert_int_eq(stream_receive(stream, bytes, 2), 2);
    ck_assert(!stream->drained);
    ck_assert_int_eq(stream_receive(stream, bytes, sizeof bytes), 1);
    ck_assert(stream->drained && stream->readable);
    ck_assert_int_eq(stream_receive(stream, bytes, sizeof bytes), 0);
    stream_close(stream);
}
END_TEST

/* The end may also come after the bytes were read: then an event tells of it. */
START_TEST(an_end_after_bytes_is_told)
{
    struct owner owner;
    char bytes[16];
    open_stream(&owner);
    ck_assert_int_eq(write(ends[1], "abc", 3), 3);
    ck_assert(loop_until(&loop, is_told, &owner, 2000));
    ck_assert_int_eq(stream_receive(stream, bytes, sizeof bytes), 3);
    owner.calls = 0;
    shutdown(ends[1], SHUT_WR);
    ck_assert(loop_until(&loop, is_told, &owner, 2000));
    ck_assert(stream->readable && stream->ended && !stream->drained);
    ck_assert_int_eq(stream_receive(stream, bytes, sizeof bytes), 0);
    stream_close(stream);
}
END_TEST

/* Bytes that came before a reset are read, and then the reset. */
START_TEST(a_reset_behind_bytes_is_not_missed)
{
    struct owner owner;
    char bytes[16];
    open_stream(&owner);
    loop_for(&loop, 20);
    owner.calls = 0;
    ck_assert_int_eq(write(ends[1], "abc", 3), 3);
    loopback_reset(ends[1]);
    ends[1] = -1;
    ck_assert(loop_until(&loop, is_told, &owner, 2000));
    ck_assert_int_eq(stream_receive(stream, bytes, sizeof bytes), 3);
    ck_assert(stream->readable); /* the reset is there still */
    ck_assert_int_eq(stream_receive(stream, bytes, sizeof bytes), -ECONNRESET);
    stream_close(stream);
}
END_TEST

START_TEST(a_socket_is_broken_by_a_reset_alone)
{
    ck_assert(!socket_is_broken(ends[0]));
    loopback_reset(ends[1]);
    ends[1] = -1;
    ck_assert_int_eq(poll(&(struct pollfd){.fd = ends[0]}, 1, 2000), 1);
    ck_assert(socket_is_broken(ends[0])); /* which takes the error: it is told once */
    close(ends[0]);
}
END_TEST

/* Who sends nothing more may wait for what we have to say. */
START_TEST(a_socket_that_ended_is_not_broken)
{
    ck_assert_int_eq(shutdown(ends[1], SHUT_WR), 0);
    loop_for(&loop, 20);
    ck_assert(!socket_is_broken(ends[0]));
    close(ends[0]);
}
END_TEST

START_TEST(a_socket_with_bytes_to_read_is_not_broken)
{
    char bytes[16];
    ck_assert_int_eq(write(ends[1], "abc", 3), 3);
    loopback_reset(ends[1]);
    ends[1] = -1;
    loop_for(&loop, 20);
    ck_assert(!socket_is_broken(ends[0]));
    ck_assert_int_eq(read(ends[0], bytes, sizeof bytes), 3);
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
    tcase_add_test(cases, an_end_behind_bytes_is_known);
    tcase_add_test(cases, an_end_after_bytes_is_told);
    tcase_add_test(cases, a_reset_behind_bytes_is_not_missed);
    tcase_add_test(cases, a_socket_is_broken_by_a_reset_alone);
    tcase_add_test(cases, a_socket_that_ended_is_not_broken);
    tcase_add_test(cases, a_socket_with_bytes_to_read_is_not_broken);
}

int main(void)
{
    return suite_run("proxy/stream", add);
}
