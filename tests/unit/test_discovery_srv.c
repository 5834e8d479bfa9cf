/* SRV answers (RFC 2782), read from messages. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discovery/answer.h"
#include "dns_message.h"
#include "suite.h"

#define NAME "_web._tcp.test"

static struct dns_message message;
static struct answer answer;
static char shown[4096];

static void begin(void)
{
    dns_begin(&message, DNS_NOERROR, NAME, DNS_SRV);
}

static void teardown(void)
{
    answer_clear(&answer);
}

/* "outcome ttl target:port/priority/weight …", out of a buffer that ends where the message does. */
static const char *parse(void)
{
    uint8_t *exact = malloc(message.length);
    char text[RECORD_TEXT_MAX];
    memcpy(exact, message.bytes, message.length);
    answer_clear(&answer);
    answer_parse(exact, message.length, NAME, DNS_TYPE_SRV, &answer);
    free(exact);
    int end = sprintf(shown, "%s", answer_outcome_name(answer.outcome));
    if (answer.ttl != ANSWER_TTL_UNKNOWN)
        end += sprintf(shown + end, " %u", answer.ttl);
    for (size_t i = 0; i < answer.count; i++) {
        const struct record *record = &answer.records[i];
        end += sprintf(shown + end, " %s/%u/%u", record_format(record, text), record->priority,
                       record->weight);
    }
    return shown;
}

START_TEST(fields_and_order)
{
    begin();
    dns_srv(&message, "@", 60, 2, 30, 8080, "b.test");
    dns_srv(&message, "@", 30, 1, 0, 65535, "A.Test");
    dns_srv(&message, "@", 60, 1, 65535, 1, "a.test");
    dns_srv(&message, "other.test", 1, 0, 0, 1, "c.test");
    dns_address(&message, "@", 2, "10.0.0.1");
    ck_assert_str_eq(parse(), "records 30 a.test:1/1/65535 a.test:65535/1/0 b.test:8080/2/30");
    ck_assert_int_eq(answer.ttl_origin, TTL_OF_RECORD);
}
END_TEST

START_TEST(the_same_target_stands_once_at_its_best_priority)
{
    begin();
    dns_srv(&message, "@", 60, 9, 1, 80, "a.test");
    dns_srv(&message, "@", 60, 3, 2, 80, "a.test");
    dns_srv(&message, "@", 60, 5, 3, 80, "a.test");
    ck_assert_str_eq(parse(), "records 60 a.test:80/3/2");
}
END_TEST

START_TEST(a_dot_says_that_the_service_is_not_here)
{
    begin();
    dns_srv(&message, "@", 60, 0, 0, 0, ".");
    ck_assert_str_eq(parse(), "no-service 60");
    begin();
    dns_srv(&message, "@", 60, 0, 0, 0, ".");
    dns_srv(&message, "@", 70, 1, 1, 80, "a.test");
    ck_assert_str_eq(parse(), "records 60 a.test:80/1/1");
}
END_TEST

START_TEST(what_cannot_be_dialled_is_passed_over)
{
    begin();
    dns_srv(&message, "@", 60, 1, 1, 0, "a.test");
    dns_srv(&message, "@", 60, 1, 1, 80, "a b.test");
    dns_srv(&message, "@", 60, 1, 1, 80, "a\x01.test");
    ck_assert_str_eq(parse(), "malformed");
    ck_assert_uint_eq(answer.refused, 3);
    dns_srv(&message, "@", 60, 1, 1, 80, "a.test");
    ck_assert_str_eq(parse(), "records 60 a.test:80/1/1");
}
END_TEST

/* Record data that is cut, or longer than its target. */
START_TEST(bad_data_is_no_record)
{
    const uint8_t data[] = {0, 1, 0, 1, 0, 80, 1, 'a', 0, 7};
    for (size_t length = 0; length <= sizeof data; length++) {
        begin();
        dns_record(&message, DNS_ANSWER, "@", DNS_SRV, 1, 60, data, length);
        ck_assert_str_eq(parse(), length == 9 ? "records 60 a:80/1/1" : "empty");
    }
}
END_TEST

START_TEST(addresses_that_come_along)
{
    struct answer offered;
    begin();
    dns_srv(&message, "@", 60, 1, 1, 80, "a.test");
    dns_extra(&message, "A.test", 20, "10.0.0.2");
    dns_extra(&message, "a.test", 30, "10.0.0.1");
    dns_extra(&message, "a.test", 40, "fd00::1");
    dns_extra(&message, "b.test", 1, "10.0.0.9");
    dns_extra(&message, "a.test", 1, "224.0.0.1");
    ck_assert_str_eq(parse(), "records 60 a.test:80/1/1");
    ck_assert(answer_from_extras(&answer, "a.test", DNS_TYPE_A, &offered));
    ck_assert_uint_eq(offered.count, 2);
    ck_assert_uint_eq(offered.ttl, 20);
    answer_clear(&offered);
    ck_assert(answer_from_extras(&answer, "a.test", DNS_TYPE_AAAA, &offered));
    ck_assert_uint_eq(offered.count, 1);
    answer_clear(&offered);
    ck_assert(!answer_from_extras(&answer, "c.test", DNS_TYPE_A, &offered));
}
END_TEST

START_TEST(a_copy_is_its_own)
{
    struct answer copy;
    begin();
    dns_srv(&message, "@", 60, 1, 1, 80, "a.test");
    dns_extra(&message, "a.test", 20, "10.0.0.2");
    parse();
    ck_assert(answer_copy(&copy, &answer));
    answer_clear(&answer);
    ck_assert_uint_eq(copy.count, 1);
    ck_assert_str_eq(copy.records[0].target, "a.test");
    ck_assert_uint_eq(copy.extra_count, 0);
    answer_clear(&copy);
}
END_TEST

/* Addresses that no host has. */
START_TEST(addresses_that_nobody_has_are_refused)
{
    static const struct {
        int type;
        const char *ip;
    } rows[] = {{DNS_A, "0.0.0.0"},   {DNS_A, "0.1.2.3"},         {DNS_A, "224.0.0.1"},
                {DNS_A, "239.1.2.3"}, {DNS_A, "255.255.255.255"}, {DNS_AAAA, "::"},
                {DNS_AAAA, "ff02::1"}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        dns_begin(&message, DNS_NOERROR, "a.test", rows[i].type);
        dns_address(&message, "@", 60, rows[i].ip);
        answer_parse(message.bytes, message.length, "a.test", (enum dns_type)rows[i].type, &answer);
        ck_assert_int_eq(answer.outcome, ANSWER_MALFORMED); /* no word about those that are */
        ck_assert_uint_eq(answer.refused, 1);
        dns_address(&message, "@", 60, rows[i].type == DNS_A ? "10.0.0.1" : "fd00::1");
        answer_parse(message.bytes, message.length, "a.test", (enum dns_type)rows[i].type, &answer);
        ck_assert_int_eq(answer.outcome, ANSWER_RECORDS);
        ck_assert_uint_eq(answer.count, 1);
        answer_clear(&answer);
    }
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, NULL, teardown);
    tcase_add_test(cases, fields_and_order);
    tcase_add_test(cases, the_same_target_stands_once_at_its_best_priority);
    tcase_add_test(cases, a_dot_says_that_the_service_is_not_here);
    tcase_add_test(cases, what_cannot_be_dialled_is_passed_over);
    tcase_add_test(cases, bad_data_is_no_record);
    tcase_add_test(cases, addresses_that_come_along);
    tcase_add_test(cases, a_copy_is_its_own);
    tcase_add_test(cases, addresses_that_nobody_has_are_refused);
}

int main(void)
{
    return suite_run("discovery/srv", add);
}
