#include "discovery/endpoint.h"

#include <arpa/inet.h>

#include "suite.h"

static struct endpoint *endpoint;

static void setup(void)
{
    struct in_addr ip = {.s_addr = htonl(0x0a000001u)};
    struct address address = address_ipv4(&ip, 80);
    endpoint = endpoint_new(&address);
    ck_assert_ptr_nonnull(endpoint);
}

static void teardown(void)
{
    endpoint_unref(endpoint);
}

START_TEST(nothing_is_known_at_first)
{
    ck_assert_int_eq(endpoint_connect_time(endpoint), 0);
    ck_assert_uint_eq(atomic_load(&endpoint->accepted), 0);
}
END_TEST

START_TEST(the_first_connect_is_taken_as_it_is)
{
    endpoint_accepted(endpoint, 1234);
    ck_assert_int_eq(endpoint_connect_time(endpoint), 1234);
    ck_assert_uint_eq(atomic_load(&endpoint->accepted), 1);
}
END_TEST

START_TEST(each_further_one_weighs_an_eighth)
{
    endpoint_accepted(endpoint, 800);
    endpoint_accepted(endpoint, 1600);
    ck_assert_int_eq(endpoint_connect_time(endpoint), 900);
    endpoint_accepted(endpoint, 100);
    ck_assert_int_eq(endpoint_connect_time(endpoint), 800);
    ck_assert_uint_eq(atomic_load(&endpoint->accepted), 3);
}
END_TEST

/* Also over differences of less than eight microseconds, in which whole ones would get stuck. */
START_TEST(it_comes_to_what_stays)
{
    static const int64_t spans[] = {1, 100, 103, 100, 5000000, 40};
    for (size_t i = 0; i < COUNT_OF(spans); i++) {
        for (int n = 0; n < 200; n++)
            endpoint_accepted(endpoint, spans[i]);
        int64_t off = endpoint_connect_time(endpoint) - spans[i];
        ck_assert_msg(off >= -1 && off <= 1, "%lld: off by %lld", (long long)spans[i],
                      (long long)off);
    }
}
END_TEST

START_TEST(odd_spans_do_no_harm)
{
    endpoint_accepted(endpoint, 0);
    ck_assert_int_eq(endpoint_connect_time(endpoint), 1); /* 0 would be: not known */
    endpoint_accepted(endpoint, -5);
    ck_assert_int_eq(endpoint_connect_time(endpoint), 1);
    for (int n = 0; n < 1000; n++)
        endpoint_accepted(endpoint, INT64_MAX);
    ck_assert_int_gt(endpoint_connect_time(endpoint), 500000000);
}
END_TEST

/* Whoever stays is not touched by the others' end (a leak, or use after it, is a sanitizer's or
 * valgrind's to see). */
START_TEST(those_of_a_block_end_each_for_itself)
{
    struct address addresses[ENDPOINTS_MOST];
    struct endpoint *made[ENDPOINTS_MOST];
    for (size_t round = 0; round < ENDPOINTS_MOST; round++) {
        size_t count = ENDPOINTS_MOST - round;
        for (size_t i = 0; i < count; i++) {
            struct in_addr ip = {.s_addr = htonl(0x0a000001u + (uint32_t)i)};
            addresses[i] = address_ipv4(&ip, 80);
        }
        ck_assert(endpoints_new(addresses, count, made));
        for (size_t i = 0; i < count; i++) {
            ck_assert(address_equal(&made[i]->address, &addresses[i]));
            ck_assert_uint_eq(made[i]->references, 1);
            endpoint_accepted(made[i], (int64_t)i + 1);
        }
        endpoint_ref(made[round % count]);
        for (size_t i = 0; i < count; i++)
            endpoint_unref(made[i]);
        ck_assert_uint_eq(made[round % count]->references, 1);
        ck_assert_int_eq(endpoint_connect_time(made[round % count]), (int64_t)(round % count) + 1);
        endpoint_unref(made[round % count]);
    }
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, nothing_is_known_at_first);
    tcase_add_test(cases, the_first_connect_is_taken_as_it_is);
    tcase_add_test(cases, each_further_one_weighs_an_eighth);
    tcase_add_test(cases, it_comes_to_what_stays);
    tcase_add_test(cases, odd_spans_do_no_harm);
    tcase_add_test(cases, those_of_a_block_end_each_for_itself);
}

int main(void)
{
    return suite_run("discovery/endpoint", add);
}
