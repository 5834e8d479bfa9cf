/* Which DNS server is asked first. */
#include "discovery/servers.h"

#include <errno.h>
#include <event2/event.h>

#include "suite.h"

#define SECOND USEC_PER_SEC
#define SERVERS 3

static struct event_base *base;
static struct servers *servers;
static struct address addresses[SERVERS + 1];

static const struct servers_manner calm = {.timeout = SECOND, .rounds = 2};

static void setup(void)
{
    base = event_base_new();
    for (size_t i = 0; i <= SERVERS; i++) {
        struct in_addr ip = {.s_addr = htonl(0x7f000001u + (uint32_t)i)};
        addresses[i] = address_ipv4(&ip, 53);
    }
    clock_freeze(1000 * SECOND);
}

static void teardown(void)
{
    servers_free(servers);
    event_base_free(base);
    libevent_global_shutdown();
    clock_release();
}

static void make(size_t count, const struct servers_manner *manner)
{
    ck_assert_int_eq(servers_new(base, addresses, count, manner, &servers), 0);
    ck_assert_uint_eq(servers_count(servers), count);
}

static size_t first(void)
{
    return servers_first(servers, clock_now());
}

static void blame(size_t index)
{
    servers_blame(servers, index, clock_now());
}

/* How long others go before the first server: to the tenth of a second. */
static usec_t avoided(void)
{
    usec_t start = clock_now();
    while (first() != 0)
        clock_advance(SECOND / 10);
    return clock_now() - start;
}

START_TEST(the_first_that_is_not_blamed)
{
    make(3, &calm);
    ck_assert_uint_eq(first(), 0);
    ck_assert_uint_eq(first(), 0);
    blame(0);
    ck_assert_uint_eq(first(), 1);
    blame(1);
    ck_assert_uint_eq(first(), 2);
    servers_praise(servers, 0);
    ck_assert_uint_eq(first(), 0);
}
END_TEST

START_TEST(blamed_for_5_seconds_doubling_to_a_minute)
{
    static const usec_t spans[] = {5, 10, 20, 40, 60, 60, 60};
    make(3, &calm);
    for (size_t i = 0; i < COUNT_OF(spans); i++) {
        blame(0);
        usec_t span = avoided();
        ck_assert_int_ge(span, spans[i] * SECOND);
        ck_assert_int_le(span, spans[i] * SECOND * 11 / 10 + SECOND / 10);
    }
    servers_praise(servers, 0);
    blame(0);
    ck_assert_int_le(avoided(), 6 * SECOND);
}
END_TEST

/* A hundred questions under way when a server falls silent are one silence. */
START_TEST(blamed_together_is_blamed_once)
{
    make(3, &calm);
    for (int i = 0; i < 100; i++)
        blame(0);
    ck_assert_int_le(avoided(), 6 * SECOND);
    blame(0);
    usec_t span = avoided();
    ck_assert_int_ge(span, 10 * SECOND);
    ck_assert_int_le(span, 12 * SECOND);
}
END_TEST

START_TEST(when_all_are_blamed_the_one_that_is_due_first)
{
    make(3, &calm);
    blame(1);
    clock_advance(SECOND);
    blame(0);
    clock_advance(SECOND);
    blame(2);
    ck_assert_uint_eq(first(), 1);
}
END_TEST

START_TEST(one_alone_is_asked_whatever_it_did)
{
    make(1, &calm);
    for (int i = 0; i < 10; i++) {
        blame(0);
        ck_assert_uint_eq(first(), 0);
    }
}
END_TEST

START_TEST(rotate_takes_turns)
{
    struct servers_manner rotate = calm;
    rotate.rotate = true;
    make(3, &rotate);
    for (size_t i = 0; i < 9; i++)
        ck_assert_uint_eq(first(), i % 3);
    blame(1);
    size_t counts[SERVERS] = {0};
    for (size_t i = 0; i < 9; i++)
        counts[first()]++;
    ck_assert_uint_eq(counts[1], 0);
    ck_assert_uint_ge(counts[0], 3);
    ck_assert_uint_ge(counts[2], 3);
}
END_TEST

START_TEST(indexes_wrap)
{
    make(3, &calm);
    ck_assert_ptr_eq(servers_address(servers, 4), servers_address(servers, 1));
    ck_assert(address_equal(servers_address(servers, 4), &addresses[1]));
    ck_assert_ptr_eq(servers_channel(servers, 5, TRANSPORT_UDP),
                     servers_channel(servers, 2, TRANSPORT_UDP));
    ck_assert_ptr_ne(servers_channel(servers, 0, TRANSPORT_UDP),
                     servers_channel(servers, 0, TRANSPORT_TCP));
    blame(3);
    ck_assert_uint_eq(first(), 1);
}
END_TEST

START_TEST(another_list_is_unblamed)
{
    struct servers_manner other = {.timeout = SECOND, .rounds = 5};
    make(3, &calm);
    blame(0);
    ck_assert_int_eq(servers_replace(servers, &addresses[1], 2, &other), 0);
    ck_assert_uint_eq(first(), 0);
    ck_assert_uint_eq(servers_count(servers), 2);
    ck_assert_uint_eq(servers_rounds(servers), 5);
    ck_assert(address_equal(servers_address(servers, 0), &addresses[1]));
    ck_assert(servers_are(servers, &addresses[1], 2));
    ck_assert(!servers_are(servers, addresses, 2));
    ck_assert(!servers_are(servers, &addresses[1], 1));
}
END_TEST

START_TEST(what_cannot_be_used_changes_nothing)
{
    struct servers_manner other = {.timeout = SECOND, .rounds = 5};
    struct address nobody = {0};
    make(2, &calm);
    blame(0);
    ck_assert_int_eq(servers_replace(servers, addresses, 0, &other), -ENOENT);
    ck_assert_int_eq(servers_replace(servers, &nobody, 1, &other), -EINVAL);
    ck_assert_uint_eq(servers_count(servers), 2);
    ck_assert_uint_eq(servers_rounds(servers), 2);
    ck_assert_uint_eq(first(), 1);
    struct servers *none = NULL;
    ck_assert_int_eq(servers_new(base, addresses, 0, &calm, &none), -ENOENT);
    ck_assert_int_eq(servers_new(base, &nobody, 1, &calm, &none), -EINVAL);
    ck_assert_ptr_null(none);
}
END_TEST

START_TEST(one_that_cannot_be_asked_is_passed_over)
{
    addresses[1] = (struct address){0};
    ck_assert_int_eq(servers_new(base, addresses, 3, &calm, &servers), 0);
    ck_assert_uint_eq(servers_count(servers), 2);
    ck_assert(address_equal(servers_address(servers, 1), &addresses[2]));
    ck_assert(servers_are(servers, addresses, 3)); /* as it was given */
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, the_first_that_is_not_blamed);
    tcase_add_test(cases, blamed_for_5_seconds_doubling_to_a_minute);
    tcase_add_test(cases, blamed_together_is_blamed_once);
    tcase_add_test(cases, when_all_are_blamed_the_one_that_is_due_first);
    tcase_add_test(cases, one_alone_is_asked_whatever_it_did);
    tcase_add_test(cases, rotate_takes_turns);
    tcase_add_test(cases, indexes_wrap);
    tcase_add_test(cases, another_list_is_unblamed);
    tcase_add_test(cases, what_cannot_be_used_changes_nothing);
    tcase_add_test(cases, one_that_cannot_be_asked_is_passed_over);
}

int main(void)
{
    return suite_run("discovery/servers", add);
}
