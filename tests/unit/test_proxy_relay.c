#include "proxy/relay.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "loopback.h"
#include "proxy/stream.h"
#include "relay_rig.h"
#include "suite.h"

#define MIB ((uint64_t)1 << 20)

static struct rig rig;

static void setup_copy(void)
{
    rig_open(&rig, RELAY_COPY);
}

static void setup_splice(void)
{
    rig_open(&rig, RELAY_SPLICE);
}

static void teardown(void)
{
    rig_close(&rig);
}

static bool both_got_their_end(const struct rig *one)
{
    return one->client.got_end && one->endpoint.got_end && rig_over(one);
}

/* For a tenth of a second: long enough for whatever wants to happen. */
static void turn_a_while(void)
{
    for (usec_t limit = clock_now() + 100 * USEC_PER_MSEC; clock_now() < limit;)
        rig_turn(&rig);
}

/* Until a sender gets nothing more away, since whoever should take it is full. */
static void turn_until_stuck(const struct far_end *sender)
{
    uint64_t before = 0;
    usec_t limit = clock_now() + 20 * USEC_PER_SEC;
    do {
        before = sender->sent;
        turn_a_while();
    } while (sender->sent != before && clock_now() < limit);
    ck_assert_uint_eq(sender->sent, before);
    ck_assert_uint_lt(sender->sent, sender->to_send);
}

static void drop(struct far_end *end)
{
    loopback_reset(end->fd);
    end->fd = -1;
}

START_TEST(carries_every_byte_both_ways)
{
    for (uint64_t seed = 1; seed <= 6; seed++) {
        random_seed(seed);
        rig.client.to_send += random_below(3 * MIB);
        rig.endpoint.to_send += random_below(seed % 2 ? 3 * MIB : 10);
        ck_assert(rig_until(&rig, rig_carried));
        ck_assert_int_eq(rig.verdict, RELAY_IDLE);
    }
    ck_assert(!rig.relay.client.pending && !rig.relay.endpoint.pending); /* since it is idle */
    ck_assert(!rig.relay.client.pipe && !rig.relay.endpoint.pipe);
    shutdown(rig.client.fd, SHUT_WR);
    shutdown(rig.endpoint.fd, SHUT_WR);
    ck_assert(rig_until(&rig, both_got_their_end));
    ck_assert_int_eq(rig.verdict, RELAY_CLOSED);
    ck_assert_uint_eq(rig.relay.client.received, rig.client.to_send);
    ck_assert_uint_eq(rig.relay.endpoint.received, rig.endpoint.to_send);
}
END_TEST

/* One side says that no more comes; the other one goes on for a megabyte, and ends. */
static void half_close(struct far_end *first, struct far_end *second)
{
    first->to_send = 1000;
    ck_assert(rig_until(&rig, rig_carried));
    shutdown(first->fd, SHUT_WR);
    turn_a_while();
    ck_assert(second->got_end);
    ck_assert(!first->got_end);
    ck_assert_int_eq(rig.verdict, RELAY_IDLE);
    second->to_send = MIB;
    ck_assert(rig_until(&rig, rig_carried));
    turn_a_while();
    ck_assert_int_eq(rig.verdict, RELAY_IDLE);
    shutdown(second->fd, SHUT_WR);
    ck_assert(rig_until(&rig, both_got_their_end));
    ck_assert_int_eq(rig.verdict, RELAY_CLOSED);
}

START_TEST(the_client_half_closes)
{
    half_close(&rig.client, &rig.endpoint);
}
END_TEST

START_TEST(the_endpoint_half_closes)
{
    half_close(&rig.endpoint, &rig.client);
}
END_TEST

static bool fully_sent(const struct rig *one)
{
    return one->client.sent == one->client.to_send && one->endpoint.sent == one->endpoint.to_send;
}

/* Bytes and the end right behind them, while the receiver does not read. */
START_TEST(an_end_waits_for_the_bytes_before_it)
{
    rig.client.to_send = 200000;
    rig.endpoint.holds_back = true;
    ck_assert(rig_until(&rig, fully_sent));
    shutdown(rig.client.fd, SHUT_WR);
    turn_a_while();
    rig.endpoint.holds_back = false;
    ck_assert(rig_until(&rig, rig_carried));
    turn_a_while();
    ck_assert(rig.endpoint.got_end);
    close(rig.endpoint.fd);
    rig.endpoint.fd = -1;
    ck_assert(rig_until(&rig, rig_over));
    ck_assert_int_eq(rig.verdict, RELAY_CLOSED);
}
END_TEST

START_TEST(an_empty_connection_ends)
{
    shutdown(rig.client.fd, SHUT_WR);
    shutdown(rig.endpoint.fd, SHUT_WR);
    ck_assert(rig_until(&rig, both_got_their_end));
    ck_assert_int_eq(rig.verdict, RELAY_CLOSED);
}
END_TEST

START_TEST(a_reset_of_the_client)
{
    rig.client.to_send = 1000;
    ck_assert(rig_until(&rig, rig_carried));
    drop(&rig.client);
    ck_assert(rig_until(&rig, rig_over));
    ck_assert_int_eq(rig.verdict, RELAY_CLIENT_RESET);
}
END_TEST

START_TEST(a_reset_of_the_endpoint)
{
    rig.endpoint.to_send = 1000;
    ck_assert(rig_until(&rig, rig_carried));
    drop(&rig.endpoint);
    ck_assert(rig_until(&rig, rig_over));
    ck_assert_int_eq(rig.verdict, RELAY_ENDPOINT_RESET);
}
END_TEST

/* After its orderly end a side can still be reset. */
static void reset_after_half_close(struct far_end *side, enum relay_verdict want)
{
    shutdown(side->fd, SHUT_WR);
    turn_a_while();
    ck_assert_int_eq(rig.verdict, RELAY_IDLE);
    drop(side);
    ck_assert(rig_until(&rig, rig_over));
    ck_assert_int_eq(rig.verdict, want);
}

START_TEST(a_reset_of_the_client_after_its_end)
{
    reset_after_half_close(&rig.client, RELAY_CLIENT_RESET);
}
END_TEST

START_TEST(a_reset_of_the_endpoint_after_its_end)
{
    reset_after_half_close(&rig.endpoint, RELAY_ENDPOINT_RESET);
}
END_TEST

/* The other side is full, so the one that is reset is not being read. */
static void reset_while_full(struct far_end *side, struct far_end *other, enum relay_verdict want)
{
    side->to_send = 64 * MIB;
    other->holds_back = true;
    turn_until_stuck(side);
    drop(side);
    ck_assert(rig_until(&rig, rig_over));
    ck_assert_int_eq(rig.verdict, want);
}

START_TEST(a_reset_of_the_client_while_the_endpoint_is_full)
{
    reset_while_full(&rig.client, &rig.endpoint, RELAY_CLIENT_RESET);
}
END_TEST

START_TEST(a_reset_of_the_endpoint_while_the_client_is_full)
{
    reset_while_full(&rig.endpoint, &rig.client, RELAY_ENDPOINT_RESET);
}
END_TEST

START_TEST(a_reset_of_the_one_that_is_full)
{
    rig.client.to_send = 64 * MIB;
    rig.endpoint.holds_back = true;
    turn_until_stuck(&rig.client);
    drop(&rig.endpoint);
    ck_assert(rig_until(&rig, rig_over));
    ck_assert_int_eq(rig.verdict, RELAY_ENDPOINT_RESET);
}
END_TEST

/* Bytes on the way in both directions when both sides are reset between two turns. */
START_TEST(a_reset_of_both)
{
    rig_turn(&rig);
    ck_assert_int_eq(send(rig.client.fd, "abc", 3, MSG_NOSIGNAL), 3);
    ck_assert_int_eq(send(rig.endpoint.fd, "abc", 3, MSG_NOSIGNAL), 3);
    drop(&rig.client);
    drop(&rig.endpoint);
    turn_a_while();
    ck_assert_msg(rig_over(&rig), "the relay waits for ever: client %s%s, endpoint %s%s",
                  rig.relay.client.reset ? "reset" : "", rig.relay.client.ended ? " ended" : "",
                  rig.relay.endpoint.reset ? "reset" : "",
                  rig.relay.endpoint.ended ? " ended" : "");
}
END_TEST

/* What the endpoint said before it reset reaches a client that reads. */
START_TEST(bytes_before_a_reset_are_carried)
{
    rig.endpoint.to_send = 300000;
    ck_assert(rig_until(&rig, rig_carried));
    rig.endpoint.to_send += 5000;
    ck_assert(rig_until(&rig, fully_sent));
    drop(&rig.endpoint);
    ck_assert(rig_until(&rig, rig_over));
    ck_assert_int_eq(rig.verdict, RELAY_ENDPOINT_RESET);
    turn_a_while();
    ck_assert_uint_eq(rig.client.got, 305000);
}
END_TEST

/* A receiver that does not read stops the sender: what redial holds of it is one buffer (the rig
 * looks at each run), the rest is in the kernel's. */
static void back_pressure(struct far_end *sender, struct far_end *receiver, struct half *half)
{
    sender->to_send = 64 * MIB;
    receiver->holds_back = true;
    turn_until_stuck(sender);
    ck_assert(half->pending || half->pipe);
    ck_assert_uint_lt(sender->sent, 32 * MIB);
    uint64_t stuck = half->received;
    unsigned runs = rig.runs;
    turn_a_while();
    ck_assert_uint_eq(half->received, stuck);
    ck_assert_uint_le(rig.runs - runs, 50); /* and it does not spin meanwhile */
    receiver->holds_back = false;
    sender->to_send = sender->sent + 100000;
    ck_assert(rig_until(&rig, rig_carried));
    ck_assert(!half->pending && !half->pipe);
}

START_TEST(back_pressure_to_the_client)
{
    back_pressure(&rig.client, &rig.endpoint, &rig.relay.client);
}
END_TEST

START_TEST(back_pressure_to_the_endpoint)
{
    back_pressure(&rig.endpoint, &rig.client, &rig.relay.endpoint);
}
END_TEST

/* One direction that is stuck does not hold the other. */
START_TEST(directions_are_independent)
{
    rig.client.to_send = 64 * MIB;
    rig.endpoint.holds_back = true;
    turn_until_stuck(&rig.client);
    rig.endpoint.to_send = MIB;
    usec_t limit = clock_now() + 5 * USEC_PER_SEC;
    while (rig.client.got < MIB && clock_now() < limit)
        rig_turn(&rig);
    ck_assert_uint_eq(rig.client.got, MIB);
}
END_TEST

/* A run moves a bounded share; what is left is for the next turn, after others had theirs. */
START_TEST(a_run_is_bounded)
{
    char bytes[LOOP_BUFFER_SIZE];
    uint64_t waiting = 0;
    ssize_t put;
    rig_turn(&rig);
    int big = 4 * (int)MIB;
    setsockopt(rig.relay.client.stream->watch.fd, SOL_SOCKET, SO_RCVBUF, &big, sizeof big);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = 'x';
    while ((put = send(rig.client.fd, bytes, sizeof bytes, MSG_NOSIGNAL)) > 0)
        waiting += (uint64_t)put;
    rig.relay.client.stream->readable = true; /* as the event would say */
    enum relay_verdict verdict = relay_run(&rig.relay, &rig.loop);
    ck_assert_uint_le(rig.relay.client.received, 8 * LOOP_BUFFER_SIZE);
    if (rig.relay.client.received == 8 * LOOP_BUFFER_SIZE)
        ck_assert_int_eq(verdict, RELAY_AGAIN);
    ck_assert_uint_gt(waiting, 8 * LOOP_BUFFER_SIZE);
}
END_TEST

START_TEST(a_long_stream_gives_others_their_turn)
{
    rig.client.to_send = 32 * MIB;
    ck_assert(rig_until(&rig, rig_carried));
    ck_assert_uint_ge(rig.runs, 32 * MIB / (8 * LOOP_BUFFER_SIZE));
}
END_TEST

START_TEST(bytes_of_our_own_go_first)
{
    rig_turn(&rig);
    rig_send_first(&rig, 107);
    rig.client.to_send += 1000;
    ck_assert_ptr_null(rig.relay.client.pending);
    rig.endpoint.to_send = 100;
    ck_assert(rig_until(&rig, rig_carried));
    ck_assert_uint_eq(rig.relay.client.received, 1000);
}
END_TEST

/* What the endpoint did not take at once follows, and then come the client's. */
static void ck_first_bytes(bool taken_in_part)
{
    const uint32_t size = 60000;
    rig.endpoint.holds_back = true;
    rig_turn(&rig);
    rig_send_first(&rig, size);
    ck_assert_ptr_nonnull(rig.relay.client.pending);
    ck_assert_int_eq(rig.relay.client.pending_length < size, taken_in_part);
    rig.client.to_send += 300000;
    turn_a_while();
    rig.endpoint.holds_back = false;
    ck_assert(rig_until(&rig, rig_carried));
    ck_assert_ptr_null(rig.relay.client.pending);
    ck_assert_uint_eq(rig.relay.client.received, 300000);
}

START_TEST(bytes_of_our_own_wait_for_a_full_endpoint)
{
    rig_fill_endpoint(&rig, UINT64_MAX);
    ck_first_bytes(false);
}
END_TEST

START_TEST(bytes_of_our_own_are_taken_in_part)
{
    int small = 4096;
    setsockopt(rig.relay.endpoint.stream->watch.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    rig_fill_endpoint(&rig, 40000);
    ck_first_bytes(true);
}
END_TEST

START_TEST(bytes_of_our_own_to_one_that_is_gone)
{
    drop(&rig.endpoint);
    rig_turn(&rig);
    rig.verdict = RELAY_IDLE;
    rig_send_first(&rig, 107);
    ck_assert_int_eq(relay_run(&rig.relay, &rig.loop), RELAY_ENDPOINT_RESET);
    rig.verdict = RELAY_ENDPOINT_RESET;
}
END_TEST

static void add_first_bytes(TCase *cases)
{
    tcase_add_test(cases, bytes_of_our_own_go_first);
    tcase_add_test(cases, bytes_of_our_own_wait_for_a_full_endpoint);
    tcase_add_test(cases, bytes_of_our_own_are_taken_in_part);
    tcase_add_test(cases, bytes_of_our_own_to_one_that_is_gone);
}

static void add_resets(TCase *cases)
{
    tcase_add_test(cases, a_reset_of_the_client);
    tcase_add_test(cases, a_reset_of_the_endpoint);
    tcase_add_test(cases, a_reset_of_the_client_after_its_end);
    tcase_add_test(cases, a_reset_of_the_endpoint_after_its_end);
    tcase_add_test(cases, a_reset_of_the_client_while_the_endpoint_is_full);
    tcase_add_test(cases, a_reset_of_the_endpoint_while_the_client_is_full);
    tcase_add_test(cases, a_reset_of_the_one_that_is_full);
    tcase_add_test(cases, a_reset_of_both);
    tcase_add_test(cases, bytes_before_a_reset_are_carried);
}

static void add(TCase *cases)
{
    tcase_add_test(cases, carries_every_byte_both_ways);
    tcase_add_test(cases, the_client_half_closes);
    tcase_add_test(cases, the_endpoint_half_closes);
    tcase_add_test(cases, an_end_waits_for_the_bytes_before_it);
    tcase_add_test(cases, an_empty_connection_ends);
    add_resets(cases);
    add_first_bytes(cases);
    tcase_add_test(cases, back_pressure_to_the_client);
    tcase_add_test(cases, back_pressure_to_the_endpoint);
    tcase_add_test(cases, directions_are_independent);
    tcase_add_test(cases, a_run_is_bounded);
    tcase_add_test(cases, a_long_stream_gives_others_their_turn);
}

/* Long runs of full reads are a stream, small ones are not, and each direction is seen apart. */
START_TEST(the_mode_follows_what_is_seen)
{
    ck_assert_int_eq(rig.relay.client.mode, RELAY_COPY);
    rig.client.to_send = 16 * MIB;
    rig.endpoint.to_send = 100;
    ck_assert(rig_until(&rig, rig_carried));
    ck_assert_uint_gt(rig.loop.pipes.open, 0);
    ck_assert_int_eq(rig.relay.endpoint.mode, RELAY_COPY);
    for (int i = 0; i < 10; i++) {
        rig.client.to_send += 100;
        ck_assert(rig_until(&rig, rig_carried));
    }
    ck_assert_int_eq(rig.relay.client.mode, RELAY_COPY);
}
END_TEST

/* Without a pipe to be had, a stream is copied. */
START_TEST(streams_go_without_pipes)
{
    rig.loop.pipes.open = PIPES_MOST;
    rig.client.to_send = 8 * MIB;
    ck_assert(rig_until(&rig, rig_carried));
    ck_assert_uint_eq(rig.loop.pipes.open, PIPES_MOST);
    ck_assert_ptr_null(rig.loop.pipes.idle);
    rig.loop.pipes.open = 0;
}
END_TEST

static void add_copy(TCase *cases)
{
    tcase_add_checked_fixture(cases, setup_copy, teardown);
    add(cases);
    tcase_add_test(cases, the_mode_follows_what_is_seen);
}

static void add_splice(TCase *cases)
{
    tcase_add_checked_fixture(cases, setup_splice, teardown);
    add(cases);
    tcase_add_test(cases, streams_go_without_pipes);
}

int main(void)
{
    int failed = suite_run("proxy/relay, copying", add_copy);
    return suite_run("proxy/relay, splicing", add_splice) || failed;
}
