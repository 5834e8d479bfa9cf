#include "discovery/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/random.h"
#include "dns_message.h"
#include "suite.h"

static struct dns_message message;
static char shown[4096];

/* Parses out of a buffer that ends where the message does, so that a sanitizer sees a byte too
 * many, and shows the answer: "outcome ttl address address". */
static const char *parse_bytes(const uint8_t *bytes, size_t length, const char *name, int type)
{
    struct answer answer;
    uint8_t *exact = malloc(length);
    size_t end;
    memcpy(exact, bytes, length);
    answer_parse(exact, length, name, (enum dns_type)type, &answer);
    free(exact);
    if (answer.ttl == ANSWER_TTL_UNKNOWN)
        end = (size_t)sprintf(shown, "%s ?", answer_outcome_name(answer.outcome));
    else
        end = (size_t)sprintf(shown, "%s %u", answer_outcome_name(answer.outcome), answer.ttl);
    ck_assert_int_eq(answer.outcome == ANSWER_RECORDS, answer.count > 0);
    for (size_t i = 0; i < answer.count; i++) {
        char text[ADDRESS_TEXT_MAX];
        struct address address = record_address(&answer.records[i]);
        if (i > 0)
            ck_assert_int_lt(record_compare(&answer.records[i - 1], &answer.records[i]), 0);
        address_format(&address, text);
        if (i < 32)
            end += (size_t)sprintf(shown + end, " %.*s", (int)(strrchr(text, ':') - text), text);
    }
    answer_clear(&answer);
    ck_assert_ptr_null(answer.records);
    return shown;
}

static const char *parse(const char *name, int type)
{
    return parse_bytes(message.bytes, message.length, name, type);
}

START_TEST(addresses_sorted_each_once)
{
    dns_begin(&message, DNS_NOERROR, "a.test", DNS_A);
    dns_address(&message, "a.test", 60, "10.0.0.3");
    dns_address(&message, "@", 60, "10.0.0.1");
    dns_address(&message, "A.TEST", 60, "10.0.0.2");
    dns_address(&message, "@", 60, "10.0.0.1");
    ck_assert_str_eq(parse("a.test", DNS_A), "records 60 10.0.0.1 10.0.0.2 10.0.0.3");
    ck_assert_str_eq(parse("A.Test", DNS_A), "records 60 10.0.0.1 10.0.0.2 10.0.0.3");
    ck_assert_str_eq(parse("a.test", DNS_AAAA), "empty ?");
    ck_assert_str_eq(parse("b.test", DNS_A), "empty ?");
}
END_TEST

START_TEST(ipv6_addresses)
{
    dns_begin(&message, DNS_NOERROR, "a.test", DNS_AAAA);
    dns_address(&message, "@", 5, "fd00::2");
    dns_address(&message, "@", 4, "fd00::1");
    dns_address(&message, "@", 3, "10.0.0.1");
    ck_assert_str_eq(parse("a.test", DNS_AAAA), "records 4 [fd00::1] [fd00::2]");
    ck_assert_str_eq(parse("a.test", DNS_A), "records 3 10.0.0.1");
}
END_TEST

/* The links of one chain in every order give one answer: its end, and the least TTL. */
START_TEST(cname_chains_in_any_order)
{
    static const char *const links[4][2] = {
        {"a.test", "b.test"}, {"B.test", "c.test"}, {"c.TEST", "d.test"}, {"d.test", ""}};
    for (int order = 0; order < 4 * 4 * 4 * 4; order++) {
        int at[4] = {order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6 & 3};
        if ((1 << at[0] | 1 << at[1] | 1 << at[2] | 1 << at[3]) != 15)
            continue;
        for (int least = 0; least < 4; least++) {
            dns_begin(&message, DNS_NOERROR, "a.test", DNS_A);
            for (int i = 0; i < 4; i++) {
                uint32_t ttl = at[i] == least ? 7 : 60;
                if (at[i] == 3)
                    dns_address(&message, "d.test", ttl, "10.0.0.1");
                else
                    dns_cname(&message, links[at[i]][0], ttl, links[at[i]][1]);
            }
            ck_assert_str_eq(parse("a.test", DNS_A), "records 7 10.0.0.1");
        }
    }
}
END_TEST

START_TEST(chains_that_end_in_nothing)
{
    dns_begin(&message, DNS_NOERROR, "a.test", DNS_A);
    dns_cname(&message, "@", 9, "b.test");
    ck_assert_str_eq(parse("a.test", DNS_A), "empty ?");
    dns_soa(&message, 100, 50);
    ck_assert_str_eq(parse("a.test", DNS_A), "empty 9");
    dns_begin(&message, DNS_NOERROR, "a.test", DNS_A);
    dns_cname(&message, "@", 9, "b.test");
    dns_address(&message, "a.test", 3, "10.0.0.1"); /* beside a CNAME: not where it leads */
    ck_assert_str_eq(parse("a.test", DNS_A), "empty ?");
}
END_TEST

START_TEST(loops_are_malformed)
{
    dns_begin(&message, DNS_NOERROR, "a.test", DNS_A);
    dns_cname(&message, "@", 9, "a.test");
    dns_address(&message, "@", 9, "10.0.0.1");
    ck_assert_str_eq(parse("a.test", DNS_A), "malformed ?");
    dns_begin(&message, DNS_NOERROR, "a.test", DNS_A);
    dns_cname(&message, "a.test", 9, "b.test");
    dns_cname(&message, "b.test", 9, "c.test");
    dns_cname(&message, "c.test", 9, "b.test");
    dns_address(&message, "b.test", 9, "10.0.0.1");
    ck_assert_str_eq(parse("a.test", DNS_A), "malformed ?");
}
END_TEST

START_TEST(long_chains)
{
    for (int links = 1; links < 40; links++) {
        char from[32], to[32];
        dns_begin(&message, DNS_NOERROR, "n0.test", DNS_A);
        for (int i = 0; i < links; i++) {
            sprintf(from, "n%d.test", i);
            sprintf(to, "n%d.test", i + 1);
            dns_cname(&message, from, 9, to);
        }
        dns_address(&message, to, 9, "10.0.0.1");
        ck_assert_str_eq(parse("n0.test", DNS_A),
                         links <= 16 ? "records 9 10.0.0.1" : "malformed ?");
    }
}
END_TEST

START_TEST(ttls)
{
    static const struct {
        uint32_t ttl, want;
    } rows[] = {{0, 0},           {1, 1}, {86400, 86400}, {INT32_MAX, INT32_MAX},
                {0x80000000u, 0}, /* RFC 2181 §8: the top bit means 0 */
                {UINT32_MAX, 0}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char want[64];
        dns_begin(&message, DNS_NOERROR, "a.test", DNS_A);
        dns_address(&message, "@", rows[i].ttl, "10.0.0.1");
        sprintf(want, "records %u 10.0.0.1", rows[i].want);
        ck_assert_str_eq(parse("a.test", DNS_A), want);
    }
    dns_begin(&message, DNS_NOERROR, "a.test", DNS_A);
    dns_address(&message, "@", 300, "10.0.0.1");
    dns_address(&message, "@", 20, "10.0.0.2");
    dns_address(&message, "b.test", 1, "10.0.0.3"); /* of another name: does not count */
    ck_assert_str_eq(parse("a.test", DNS_A), "records 20 10.0.0.1 10.0.0.2");
}
END_TEST

START_TEST(foreign_records_are_passed_over)
{
    dns_begin(&message, DNS_NOERROR, "a.test", DNS_A);
    dns_address(&message, "b.test", 1, "10.0.0.9");
    dns_address(&message, "a.test.evil", 1, "10.0.0.9");
    dns_address(&message, "test", 1, "10.0.0.9");
    dns_record(&message, DNS_ANSWER, "@", DNS_A, 3, 1, "\n\0\0\x09", 4);     /* class CHAOS */
    dns_record(&message, DNS_ANSWER, "@", DNS_A, 1, 1, "\n\0\0\x09\x01", 5); /* too long */
    dns_record(&message, DNS_ANSWER, "@", DNS_A, 1, 1, "\n\0\0", 3);         /* too short */
    dns_record(&message, DNS_ANSWER, "@", DNS_A, 1, 1, "", 0);
    dns_record(&message, DNS_ANSWER, "@", DNS_TXT, 1, 1, "\x04text", 5);
    dns_record(&message, DNS_ANSWER, "@", DNS_CNAME, 3, 1, "\0", 1); /* class CHAOS */
    dns_cname(&message, "b.test", 1, "c.test");
    dns_address(&message, "@", 50, "10.0.0.1");
    dns_record(&message, DNS_AUTHORITY, "@", DNS_A, 1, 1, "\n\0\0\x09", 4);
    dns_record(&message, DNS_ADDITIONAL, "@", DNS_A, 1, 1, "\n\0\0\x09", 4);
    ck_assert_str_eq(parse("a.test", DNS_A), "records 50 10.0.0.1");
}
END_TEST

START_TEST(return_codes)
{
    static const struct {
        int rcode;
        const char *want;
    } rows[] = {
        {DNS_NOERROR, "empty ?"},
        {DNS_FORMERR, "malformed ?"},
        {DNS_SERVFAIL, "servfail ?"},
        {DNS_NXDOMAIN, "nxdomain ?"},
        {DNS_NOTIMP, "refused ?"},
        {DNS_REFUSED, "refused ?"},
        {6, "refused ?"},
        {9, "refused ?"},
        {15, "refused ?"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        dns_begin(&message, rows[i].rcode, "a.test", DNS_A);
        ck_assert_str_eq(parse("a.test", DNS_A), rows[i].want);
        if (rows[i].rcode == DNS_NOERROR)
            continue;
        dns_address(&message, "@", 60, "10.0.0.1"); /* not believed beside an error */
        ck_assert_str_eq(parse("a.test", DNS_A), rows[i].want);
    }
}
END_TEST

START_TEST(negative_ttls)
{
    static const struct {
        uint32_t ttl, minimum;
        const char *want;
    } rows[] = {{60, 30, "30"}, {30, 60, "30"}, {0, 60, "0"}, {60, 0, "0"}, {0x80000000u, 60, "0"}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char want[32];
        dns_begin(&message, DNS_NXDOMAIN, "a.test", DNS_A);
        dns_soa(&message, rows[i].ttl, rows[i].minimum);
        sprintf(want, "nxdomain %s", rows[i].want);
        ck_assert_str_eq(parse("a.test", DNS_A), want);
        dns_begin(&message, DNS_NOERROR, "a.test", DNS_A);
        dns_record(&message, DNS_AUTHORITY, "test", DNS_TXT, 1, 1, "\x01x", 2);
        dns_soa(&message, rows[i].ttl, rows[i].minimum);
        sprintf(want, "empty %s", rows[i].want);
        ck_assert_str_eq(parse("a.test", DNS_A), want);
    }
    dns_begin(&message, DNS_NOERROR, "a.test", DNS_A);
    dns_record(&message, DNS_AUTHORITY, "test", DNS_SOA, 1, 60, "\0\0\0", 3); /* no MINIMUM in it */
    ck_assert_str_eq(parse("a.test", DNS_A), "empty ?");
}
END_TEST

START_TEST(no_answers_at_all)
{
    dns_begin(&message, DNS_NOERROR, "a.test", DNS_A);
    dns_address(&message, "@", 60, "10.0.0.1");
    message.bytes[2] &= 0x7f; /* a question */
    ck_assert_str_eq(parse("a.test", DNS_A), "malformed ?");
    ck_assert_str_eq(parse_bytes(message.bytes, 0, "a.test", DNS_A), "malformed ?");
    static const uint8_t http[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    ck_assert_str_eq(parse_bytes(http, sizeof http, "a.test", DNS_A), "malformed ?");
    uint8_t *huge = calloc(1, 70000);
    memcpy(huge, message.bytes, message.length);
    huge[2] |= 0x80;
    ck_assert_str_eq(parse_bytes(huge, 70000, "a.test", DNS_A), "malformed ?");
    free(huge);
}
END_TEST

static void build_rich(void)
{
    dns_begin(&message, DNS_NOERROR, "a.test", DNS_A);
    dns_cname(&message, "@", 30, "b.test");
    dns_cname(&message, "b.test", 20, "c.test");
    dns_address(&message, "c.test", 60, "10.0.0.1");
    dns_address(&message, "c.test", 60, "10.0.0.2");
    dns_soa(&message, 60, 60);
    dns_record(&message, DNS_ADDITIONAL, "c.test", DNS_AAAA, 1, 1, "0123456789abcdef", 16);
}

START_TEST(truncated_at_every_length)
{
    build_rich();
    ck_assert_str_eq(parse("a.test", DNS_A), "records 20 10.0.0.1 10.0.0.2");
    for (size_t length = 0; length < message.length; length++)
        ck_assert_str_eq(parse_bytes(message.bytes, length, "a.test", DNS_A), "malformed ?");
}
END_TEST

START_TEST(every_byte_changed)
{
    build_rich();
    for (size_t i = 0; i < message.length; i++) {
        uint8_t before = message.bytes[i];
        for (int byte = 0; byte < 256; byte++) {
            message.bytes[i] = (uint8_t)byte;
            parse("a.test", byte & 1 ? DNS_A : DNS_AAAA);
        }
        message.bytes[i] = before;
    }
    ck_assert_str_eq(parse("a.test", DNS_A), "records 20 10.0.0.1 10.0.0.2");
}
END_TEST

START_TEST(random_changes)
{
    random_seed(31);
    for (int i = 0; i < 100000; i++) {
        build_rich();
        for (uint32_t change = 0; change < 1 + random_below(6); change++)
            message.bytes[random_below((uint32_t)message.length)] = (uint8_t)random_u32();
        parse_bytes(message.bytes, message.length - random_below(8), "a.test",
                    random_below(2) ? DNS_A : DNS_AAAA);
    }
}
END_TEST

START_TEST(random_bytes)
{
    uint8_t bytes[600];
    random_seed(32);
    for (int i = 0; i < 50000; i++) {
        size_t length = random_below(sizeof bytes);
        for (size_t j = 0; j < length; j++)
            bytes[j] = (uint8_t)(random_below(3) ? random_below(4) : random_u32());
        if (length > 12)
            memcpy(bytes + 2, "\x81\x80\0\1\0\3\0\1\0\1", 10); /* past the first look */
        parse_bytes(bytes, length, "a.test", DNS_A);
    }
}
END_TEST

START_TEST(pointers_that_loop)
{
    dns_begin(&message, DNS_NOERROR, "a.test", DNS_A);
    size_t at = message.length;
    dns_cname(&message, "@", 9, "b.test");
    message.bytes[at] = 0xc0; /* the owner points at itself */
    message.bytes[at + 1] = (uint8_t)at;
    ck_assert_str_eq(parse("a.test", DNS_A), "malformed ?");
    dns_begin(&message, DNS_NOERROR, "a.test", DNS_A);
    at = message.length + 12; /* of the record's data */
    dns_record(&message, DNS_ANSWER, "@", DNS_CNAME, 1, 9, "\xc0\xff", 2);
    ck_assert_str_eq(parse("a.test", DNS_A), "malformed ?"); /* points behind the end */
    message.bytes[at + 1] = (uint8_t)at;
    ck_assert_str_eq(parse("a.test", DNS_A), "malformed ?"); /* points at itself */
}
END_TEST

/* A record that nobody asked for, whose data is a name and pointers to it, each by the next.
 * Returns where the last of them stands. */
static size_t add_pointers(size_t count)
{
    uint8_t data[8192] = {1, 'z', 0};
    size_t length = 3, at = message.length + 12, last = at;
    while (count-- > 0) {
        data[length] = (uint8_t)(0xc0 | last >> 8);
        data[length + 1] = (uint8_t)last;
        last = at + length;
        length += 2;
    }
    dns_record(&message, DNS_ANSWER, "@", DNS_TXT, 1, 9, data, length);
    return last;
}

static double parse_seconds(const char *name, const char *want)
{
    clock_t least = 0;
    for (int i = 0; i < 5; i++) {
        clock_t begin = clock();
        ck_assert_str_eq(parse(name, DNS_A), want);
        clock_t took = clock() - begin;
        least = i == 0 || took < least ? took : least;
    }
    return (double)least / CLOCKS_PER_SEC;
}

/* Names that lead through thousands of pointers cost much to read, so a long chain of CNAMEs must
 * not have them all read again at each link. */
START_TEST(costly_names_are_read_once)
{
    dns_begin(&message, DNS_NOERROR, "n0.test", DNS_A);
    size_t last = add_pointers(3000);
    for (int i = 0; i < 500; i++) {
        size_t at = message.length;
        dns_record(&message, DNS_ANSWER, "@", DNS_TXT, 1, 9, "", 0);
        message.bytes[at] = (uint8_t)(0xc0 | last >> 8);
        message.bytes[at + 1] = (uint8_t)last;
    }
    for (int i = 0; i < 16; i++) {
        char from[32], to[32];
        sprintf(from, "n%d.test", i);
        sprintf(to, "n%d.test", i + 1);
        dns_cname(&message, from, 9, to);
    }
    dns_address(&message, "n16.test", 9, "10.0.0.1");
    double direct = parse_seconds("n16.test", "records 9 10.0.0.1");
    double chained = parse_seconds("n0.test", "records 9 10.0.0.1");
    ck_assert_msg(chained < 4 * direct, "%f s with the chain, %f s without", chained, direct);
}
END_TEST

START_TEST(many_records)
{
    char ip[32];
    dns_begin(&message, DNS_NOERROR, "a.test", DNS_A);
    for (int i = 0; i < 1000; i++) {
        sprintf(ip, "10.0.%d.%d", (i * 7 % 1000) / 250, (i * 7 % 1000) % 250);
        dns_address(&message, "@", 60, ip);
    }
    struct answer answer;
    answer_parse(message.bytes, message.length, "a.test", (enum dns_type)DNS_A, &answer);
    ck_assert_uint_eq(answer.count, 1000);
    answer_clear(&answer);
}
END_TEST

START_TEST(words_of_outcomes)
{
    for (int outcome = ANSWER_RECORDS; outcome <= ANSWER_LOCAL_FAULT; outcome++)
        ck_assert_uint_gt(strlen(answer_outcome_name((enum answer_outcome)outcome)), 3);
    ck_assert_str_eq(answer_outcome_name(ANSWER_LOCAL_FAULT), "local-fault");
    ck_assert_str_eq(answer_outcome_name(ANSWER_TIMEOUT), "timeout");
    ck_assert_str_eq(dns_type_name(DNS_TYPE_A), "A");
    ck_assert_str_eq(dns_type_name(DNS_TYPE_AAAA), "AAAA");
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, addresses_sorted_each_once);
    tcase_add_test(cases, ipv6_addresses);
    tcase_add_test(cases, cname_chains_in_any_order);
    tcase_add_test(cases, chains_that_end_in_nothing);
    tcase_add_test(cases, loops_are_malformed);
    tcase_add_test(cases, long_chains);
    tcase_add_test(cases, ttls);
    tcase_add_test(cases, foreign_records_are_passed_over);
    tcase_add_test(cases, return_codes);
    tcase_add_test(cases, negative_ttls);
    tcase_add_test(cases, no_answers_at_all);
    tcase_add_test(cases, truncated_at_every_length);
    tcase_add_test(cases, every_byte_changed);
    tcase_add_test(cases, random_changes);
    tcase_add_test(cases, random_bytes);
    tcase_add_test(cases, pointers_that_loop);
    tcase_add_test(cases, costly_names_are_read_once);
    tcase_add_test(cases, many_records);
    tcase_add_test(cases, words_of_outcomes);
}

int main(void)
{
    return suite_run("discovery/answer", add);
}
