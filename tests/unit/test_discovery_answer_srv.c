/* Answers to SRV questions (RFC 2782), their additional section, and addresses that nobody has. */
#include "discovery/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "dns_message.h"
#include "suite.h"

#define NAME "_http._tcp.a.test"

static struct dns_message message;
static struct answer answer;
static char shown[8192];

/* Parses out of a buffer that ends where the message does, so that a sanitizer sees a byte too
 * many. */
static void parse_type(int type)
{
    uint8_t *exact = malloc(message.length);
    memcpy(exact, message.bytes, message.length);
    answer_clear(&answer);
    answer_parse(exact, message.length, NAME, (enum dns_type)type, &answer);
    free(exact);
}

/* Shows an answer: "outcome ttl target:port/priority/weight … refused-count". */
static const char *show(const struct answer *one)
{
    size_t end = (size_t)sprintf(shown, "%s", answer_outcome_name(one->outcome));
    if (one->ttl == ANSWER_TTL_UNKNOWN)
        end += (size_t)sprintf(shown + end, " ?");
    else
        end += (size_t)sprintf(shown + end, " %u", one->ttl);
    for (size_t i = 0; i < one->count; i++) {
        char text[RECORD_TEXT_MAX];
        const struct record *record = &one->records[i];
        end += (size_t)sprintf(shown + end, " %s", record_format(record, text));
        if (record_is_srv(record))
            end += (size_t)sprintf(shown + end, "/%u/%u", record->priority, record->weight);
    }
    if (one->refused > 0)
        sprintf(shown + end, " refused %u", one->refused);
    return shown;
}

static const char *parse(void)
{
    parse_type(DNS_SRV);
    return show(&answer);
}

static void begin(void)
{
    dns_begin(&message, DNS_NOERROR, NAME, DNS_SRV);
}

static void teardown(void)
{
    answer_clear(&answer);
}

/* --- records -----------------------------------------------------------------------------------
 */

START_TEST(fields)
{
    begin();
    dns_srv(&message, "@", 60, 10, 5, 8080, "b.test");
    dns_srv(&message, "@", 30, 65535, 65535, 65535, "a.test");
    dns_srv(&message, "@", 60, 0, 0, 1, "a.test");
    ck_assert_str_eq(parse(), "records 30 a.test:1/0/0 a.test:65535/65535/65535 b.test:8080/10/5");
    ck_assert_int_eq(answer.ttl_origin, TTL_OF_RECORD);
    ck_assert_int_eq(answer.records[0].type, DNS_TYPE_SRV);
}
END_TEST

START_TEST(names_are_lower_case)
{
    begin();
    dns_srv(&message, "_HTTP._tcp.A.test", 60, 1, 2, 80, "Big.TEST");
    dns_extra(&message, "bIG.teST", 9, "10.0.0.1");
    ck_assert_str_eq(parse(), "records 60 big.test:80/1/2");
    ck_assert_uint_eq(answer.extra_count, 1);
    ck_assert_str_eq(answer.extras[0].name, "big.test");
}
END_TEST

START_TEST(other_owners_types_and_classes_are_passed_over)
{
    uint8_t chaos[] = {0, 1, 0, 1, 0, 80, 1, 'x', 0};
    begin();
    dns_srv(&message, "_other._tcp.a.test", 60, 1, 1, 80, "b.test");
    dns_address(&message, "@", 60, "10.0.0.1");
    dns_record(&message, DNS_ANSWER, "@", DNS_SRV, 3, 60, chaos, sizeof chaos);
    ck_assert_str_eq(parse(), "empty ?");
}
END_TEST

START_TEST(through_a_cname)
{
    begin();
    dns_cname(&message, "@", 20, "real.test");
    dns_srv(&message, "real.test", 60, 1, 1, 80, "b.test");
    ck_assert_str_eq(parse(), "records 20 b.test:80/1/1");
    ck_assert_int_eq(answer.ttl_origin, TTL_OF_CNAME);
}
END_TEST

START_TEST(a_dot_alone_is_no_service)
{
    begin();
    dns_srv(&message, "@", 60, 0, 0, 0, ".");
    ck_assert_str_eq(parse(), "no-service 60");
    ck_assert_uint_eq(answer.count, 0);
}
END_TEST

/* RFC 2782 has it alone; a service that is somewhere is there. */
START_TEST(a_dot_beside_others_does_not_count)
{
    for (int first = 0; first <= 1; first++) {
        begin();
        if (first)
            dns_srv(&message, "@", 60, 0, 0, 0, ".");
        dns_srv(&message, "@", 60, 1, 1, 80, "b.test");
        if (!first)
            dns_srv(&message, "@", 60, 0, 0, 0, ".");
        ck_assert_str_eq(parse(), "records 60 b.test:80/1/1");
    }
}
END_TEST

START_TEST(a_dot_beside_what_is_refused)
{
    begin();
    dns_srv(&message, "@", 60, 0, 0, 0, ".");
    dns_srv(&message, "@", 60, 1, 1, 0, "b.test");
    ck_assert_str_eq(parse(), "no-service 60 refused 1");
}
END_TEST

START_TEST(port_0_is_refused)
{
    begin();
    dns_srv(&message, "@", 60, 1, 1, 0, "b.test");
    ck_assert_str_eq(parse(), "malformed ? refused 1");
    dns_srv(&message, "@", 60, 1, 1, 80, "b.test");
    ck_assert_str_eq(parse(), "records 60 b.test:80/1/1 refused 1");
}
END_TEST

START_TEST(odd_targets_are_refused)
{
    static const char *const odd[] = {"a b.test",  "a\nb.test", "a/b.test",  "a:80.test",
                                      "a\\b.test", "\x80.test", "a\"b.test", "*.test",
                                      "a;b.test",  "a%b.test"};
    static const char *const fine[] = {"a-b.test", "_a.test", "xn--bcher-kva.test", "10.test", "a"};
    for (size_t i = 0; i < COUNT_OF(odd); i++) {
        begin();
        dns_srv(&message, "@", 60, 1, 1, 80, odd[i]);
        ck_assert_str_eq(parse(), "malformed ? refused 1");
    }
    for (size_t i = 0; i < COUNT_OF(fine); i++) {
        begin();
        dns_srv(&message, "@", 60, 1, 1, 80, fine[i]);
        parse();
        ck_assert_uint_eq(answer.count, 1);
        ck_assert_str_eq(answer.records[0].target, fine[i]);
    }
}
END_TEST

/* A dot within a label must not look like two labels. */
START_TEST(a_dot_within_a_label_is_refused)
{
    uint8_t data[] = {0, 1, 0, 1, 0, 80, 3, 'a', '.', 'b', 0};
    begin();
    dns_record(&message, DNS_ANSWER, "@", DNS_SRV, 1, 60, data, sizeof data);
    ck_assert_str_eq(parse(), "malformed ? refused 1");
}
END_TEST

START_TEST(the_longest_target)
{
    char target[256] = "";
    for (int i = 0; i < 3; i++)
        strcat(target, "a23456789-123456789-123456789-123456789-123456789-123456789-123.");
    strcat(target, "a23456789-123456789-123456789-123456789-123456789-123456789-1");
    ck_assert_uint_eq(strlen(target), 253);
    begin();
    dns_srv(&message, "@", 60, 1, 1, 65535, target);
    parse();
    ck_assert_uint_eq(answer.count, 1);
    ck_assert_str_eq(answer.records[0].target, target);
    char text[RECORD_TEXT_MAX];
    ck_assert_uint_eq(strlen(record_format(&answer.records[0], text)), 253 + 6);
}
END_TEST

/* --- rdata that lies ---------------------------------------------------------------------------
 */

START_TEST(rdata_cut_short)
{
    uint8_t data[] = {0, 1, 0, 1, 0, 80, 1, 'a', 4, 't', 'e', 's', 't', 0};
    for (size_t length = 0; length < sizeof data; length++) {
        begin();
        dns_record(&message, DNS_ANSWER, "@", DNS_SRV, 1, 60, data, length);
        dns_srv(&message, "@", 60, 2, 2, 90, "b.test");
        const char *text = parse();
        ck_assert_msg(strcmp(text, "records 60 b.test:90/2/2") == 0 ||
                          strcmp(text, "malformed ?") == 0,
                      "%zu: %s", length, text);
    }
    begin();
    dns_record(&message, DNS_ANSWER, "@", DNS_SRV, 1, 60, data, sizeof data);
    ck_assert_str_eq(parse(), "records 60 a.test:80/1/1");
}
END_TEST

START_TEST(rdata_longer_than_the_target)
{
    uint8_t data[] = {0, 1, 0, 1, 0, 80, 1, 'a', 0, 'x'};
    begin();
    dns_record(&message, DNS_ANSWER, "@", DNS_SRV, 1, 60, data, sizeof data);
    ck_assert_str_eq(parse(), "empty ?");
}
END_TEST

/* The target's labels go on in the next record. */
START_TEST(a_target_that_runs_beyond_its_rdata)
{
    uint8_t data[] = {0, 1, 0, 1, 0, 80, 30, 'a'};
    begin();
    dns_record(&message, DNS_ANSWER, "@", DNS_SRV, 1, 60, data, sizeof data);
    dns_srv(&message, "@", 60, 2, 2, 90, "b.test");
    ck_assert_str_eq(parse(), "records 60 b.test:90/2/2");
}
END_TEST

/* RFC 2782 forbids it, and servers do it. */
START_TEST(a_compressed_target)
{
    uint8_t whole[] = {0, 1, 0, 1, 0, 80, 0xc0, 12}, part[] = {0, 1, 0, 1, 0, 80, 1, 'x', 0xc0, 12};
    uint8_t itself[] = {0, 1, 0, 1, 0, 80, 0xc0, 0}, beyond[] = {0, 1, 0, 1, 0, 80, 0xff, 0xff};
    begin();
    dns_record(&message, DNS_ANSWER, "@", DNS_SRV, 1, 60, whole, sizeof whole);
    dns_record(&message, DNS_ANSWER, "@", DNS_SRV, 1, 60, part, sizeof part);
    ck_assert_str_eq(parse(), "records 60 " NAME ":80/1/1 x." NAME ":80/1/1");
    begin();
    size_t rdata = message.length + 2 + 10;
    itself[7] = (uint8_t)(rdata + 6);
    dns_record(&message, DNS_ANSWER, "@", DNS_SRV, 1, 60, itself, sizeof itself);
    ck_assert_str_eq(parse(), "empty ?");
    begin();
    dns_record(&message, DNS_ANSWER, "@", DNS_SRV, 1, 60, beyond, sizeof beyond);
    ck_assert_str_eq(parse(), "empty ?");
}
END_TEST

START_TEST(random_changes)
{
    random_seed(7);
    begin();
    dns_srv(&message, "@", 60, 1, 1, 80, "b.test");
    dns_srv(&message, "@", 60, 2, 2, 90, "c.test");
    dns_extra(&message, "b.test", 9, "10.0.0.1");
    dns_extra(&message, "c.test", 9, "fd00::1");
    struct dns_message good = message;
    for (int round = 0; round < 20000; round++) {
        message = good;
        for (uint32_t i = 0; i <= random_below(4); i++)
            message.bytes[random_below((uint32_t)good.length)] = (uint8_t)random_u32();
        if (round % 3 == 0)
            message.length = random_below((uint32_t)good.length) + 1;
        parse_type(DNS_SRV);
        ck_assert_int_eq(answer.outcome == ANSWER_RECORDS, answer.count > 0);
        for (size_t i = 0; i < answer.count; i++)
            ck_assert(answer.records[i].port > 0 && *answer.records[i].target);
    }
}
END_TEST

/* --- duplicates ---------------------------------------------------------------------------------
 */

START_TEST(the_preferred_of_duplicates_counts)
{
    static const unsigned priorities[3][3] = {{5, 1, 9}, {1, 5, 9}, {9, 5, 1}};
    for (int order = 0; order < 3; order++) {
        begin();
        for (int i = 0; i < 3; i++)
            dns_srv(&message, "@", 60, priorities[order][i], priorities[order][i] * 10, 80,
                    i == 1 ? "B.test" : "b.test");
        dns_srv(&message, "@", 60, 7, 7, 81, "b.test");
        ck_assert_str_eq(parse(), "records 60 b.test:80/1/10 b.test:81/7/7");
    }
}
END_TEST

/* --- the additional section ----------------------------------------------------------------------
 */

START_TEST(extras_of_each_target_and_family)
{
    struct answer one = {0};
    begin();
    dns_srv(&message, "@", 60, 1, 1, 80, "b.test");
    dns_srv(&message, "@", 60, 1, 1, 80, "c.test");
    dns_extra(&message, "b.test", 9, "10.0.0.2");
    dns_extra(&message, "b.test", 8, "10.0.0.1");
    dns_extra(&message, "b.test", 30, "10.0.0.1");
    dns_extra(&message, "b.test", 7, "fd00::1");
    dns_extra(&message, "c.test", 5, "10.0.0.3");
    parse();
    ck_assert_uint_eq(answer.ttl, 60);
    ck_assert(answer_from_extras(&answer, "b.test", DNS_TYPE_A, &one));
    ck_assert_str_eq(show(&one), "records 8 10.0.0.1 10.0.0.2");
    answer_clear(&one);
    ck_assert(answer_from_extras(&answer, "b.test", DNS_TYPE_AAAA, &one));
    ck_assert_str_eq(show(&one), "records 7 fd00::1");
    answer_clear(&one);
    ck_assert(answer_from_extras(&answer, "c.test", DNS_TYPE_A, &one));
    ck_assert_str_eq(show(&one), "records 5 10.0.0.3");
    answer_clear(&one);
    ck_assert(!answer_from_extras(&answer, "c.test", DNS_TYPE_AAAA, &one));
    ck_assert(!answer_from_extras(&answer, "d.test", DNS_TYPE_A, &one));
}
END_TEST

START_TEST(extras_that_nobody_can_be_are_none)
{
    begin();
    dns_srv(&message, "@", 60, 1, 1, 80, "b.test");
    dns_extra(&message, "b.test", 9, "224.0.0.1");
    dns_extra(&message, "b.test", 9, "0.0.0.0");
    dns_extra(&message, "b.test", 9, "255.255.255.255");
    dns_extra(&message, "b.test", 9, "ff02::1");
    dns_extra(&message, "b b.test", 9, "10.0.0.1");
    dns_record(&message, DNS_ADDITIONAL, "b.test", DNS_A, 1, 9, "\x0a\x00\x00", 3);
    dns_record(&message, DNS_ADDITIONAL, "b.test", DNS_A, 3, 9, "\x0a\x00\x00\x01", 4);
    dns_record(&message, DNS_ADDITIONAL, "", 41, 1232, 0, "", 0); /* OPT */
    dns_extra(&message, "b.test", 9, "10.0.0.2");
    ck_assert_str_eq(parse(), "records 60 b.test:80/1/1");
    ck_assert_uint_eq(answer.extra_count, 1);
}
END_TEST

START_TEST(extras_without_records_are_none)
{
    struct answer one;
    begin();
    dns_extra(&message, "b.test", 9, "10.0.0.1");
    ck_assert_str_eq(parse(), "empty ?");
    ck_assert_uint_eq(answer.extra_count, 0);
    ck_assert(!answer_from_extras(&answer, "b.test", DNS_TYPE_A, &one));
}
END_TEST

START_TEST(a_copy_is_whole_but_for_the_extras)
{
    struct answer copy;
    begin();
    dns_srv(&message, "@", 60, 1, 2, 80, "b.test");
    dns_srv(&message, "@", 60, 3, 4, 90, "c.test");
    dns_extra(&message, "b.test", 9, "10.0.0.1");
    message.bytes[2] |= 0x02; /* TC */
    parse();
    ck_assert(answer_copy(&copy, &answer));
    answer_clear(&answer);
    ck_assert_str_eq(show(&copy), "records 60 b.test:80/1/2 c.test:90/3/4");
    ck_assert(copy.truncated);
    ck_assert_uint_eq(copy.extra_count, 0);
    ck_assert_ptr_null(copy.extras);
    answer_clear(&copy);
}
END_TEST

/* --- addresses that nobody has --------------------------------------------------------------- */

START_TEST(refused_addresses)
{
    dns_begin(&message, DNS_NOERROR, NAME, DNS_A);
    dns_address(&message, "@", 1, "0.0.0.0");
    dns_address(&message, "@", 1, "224.0.0.1");
    parse_type(DNS_A);
    ck_assert_str_eq(show(&answer), "malformed ? refused 2");
    dns_address(&message, "@", 60, "10.0.0.1");
    parse_type(DNS_A); /* their TTL is no matter */
    ck_assert_str_eq(show(&answer), "records 60 10.0.0.1 refused 2");
    dns_begin(&message, DNS_NOERROR, NAME, DNS_AAAA);
    dns_address(&message, "@", 1, "::");
    dns_address(&message, "@", 1, "ff02::1");
    parse_type(DNS_AAAA);
    ck_assert_str_eq(show(&answer), "malformed ? refused 2");
}
END_TEST

START_TEST(whose_ttl_it_is)
{
    dns_begin(&message, DNS_NOERROR, NAME, DNS_A);
    dns_cname(&message, "@", 60, "b.test");
    dns_address(&message, "b.test", 60, "10.0.0.1");
    parse_type(DNS_A); /* alike: the one that came first */
    ck_assert_int_eq(answer.ttl_origin, TTL_OF_CNAME);
    dns_address(&message, "b.test", 59, "10.0.0.2");
    parse_type(DNS_A);
    ck_assert_int_eq(answer.ttl_origin, TTL_OF_RECORD);
    dns_begin(&message, DNS_NOERROR, NAME, DNS_A);
    dns_cname(&message, "@", 60, "b.test");
    dns_soa(&message, 90, 50);
    parse_type(DNS_A);
    ck_assert_str_eq(show(&answer), "empty 50");
    ck_assert_int_eq(answer.ttl_origin, TTL_OF_SOA);
    dns_begin(&message, DNS_NOERROR, NAME, DNS_A);
    dns_cname(&message, "@", 40, "b.test");
    dns_soa(&message, 90, 50);
    parse_type(DNS_A);
    ck_assert_str_eq(show(&answer), "empty 40");
    ck_assert_int_eq(answer.ttl_origin, TTL_OF_CNAME);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, NULL, teardown);
    tcase_add_test(cases, fields);
    tcase_add_test(cases, names_are_lower_case);
    tcase_add_test(cases, other_owners_types_and_classes_are_passed_over);
    tcase_add_test(cases, through_a_cname);
    tcase_add_test(cases, a_dot_alone_is_no_service);
    tcase_add_test(cases, a_dot_beside_others_does_not_count);
    tcase_add_test(cases, a_dot_beside_what_is_refused);
    tcase_add_test(cases, port_0_is_refused);
    tcase_add_test(cases, odd_targets_are_refused);
    tcase_add_test(cases, a_dot_within_a_label_is_refused);
    tcase_add_test(cases, the_longest_target);
    tcase_add_test(cases, rdata_cut_short);
    tcase_add_test(cases, rdata_longer_than_the_target);
    tcase_add_test(cases, a_target_that_runs_beyond_its_rdata);
    tcase_add_test(cases, a_compressed_target);
    tcase_add_test(cases, random_changes);
    tcase_add_test(cases, the_preferred_of_duplicates_counts);
    tcase_add_test(cases, extras_of_each_target_and_family);
    tcase_add_test(cases, extras_that_nobody_can_be_are_none);
    tcase_add_test(cases, extras_without_records_are_none);
    tcase_add_test(cases, a_copy_is_whole_but_for_the_extras);
    tcase_add_test(cases, refused_addresses);
    tcase_add_test(cases, whose_ttl_it_is);
}

int main(void)
{
    return suite_run("discovery/answer, SRV", add);
}
