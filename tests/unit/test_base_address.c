#include "base/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/random.h"
#include "suite.h"

static struct address parsed(const char *text)
{
    struct address address;
    const char *why = "";
    ck_assert_msg(address_parse(text, &address, &why) == 0, "%s: %s", text, why);
    return address;
}

START_TEST(parses_and_formats)
{
    static const struct {
        const char *text, *formatted;
        int family;
        uint16_t port;
    } rows[] = {
        {"127.0.0.1:1", "127.0.0.1:1", AF_INET, 1},
        {"10.0.0.1:65535", "10.0.0.1:65535", AF_INET, 65535},
        {"0.0.0.0:080", "0.0.0.0:80", AF_INET, 80},
        {"255.255.255.255:9", "255.255.255.255:9", AF_INET, 9},
        {"[::1]:80", "[::1]:80", AF_INET6, 80},
        {"[::]:80", "[::]:80", AF_INET6, 80},
        {"[2001:DB8:0:0::0001]:443", "[2001:db8::1]:443", AF_INET6, 443},
        {"[::ffff:10.0.0.1]:80", "[::ffff:10.0.0.1]:80", AF_INET6, 80},
        {"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
         "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", AF_INET6, 65535},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct address address = parsed(rows[i].text);
        char text[ADDRESS_TEXT_MAX];
        ck_assert_int_eq(address.family, rows[i].family);
        ck_assert_uint_eq(address_port(&address), rows[i].port);
        ck_assert_str_eq(address_format(&address, text), rows[i].formatted);
        ck_assert_uint_eq(address_length(&address), rows[i].family == AF_INET
                                                        ? sizeof(struct sockaddr_in)
                                                        : sizeof(struct sockaddr_in6));
    }
}
END_TEST

static const char *const hostile[] = {
    "",
    ":",
    ":80",
    "80",
    "127.0.0.1",
    "127.0.0.1:",
    "127.0.0.1:0",
    "1.2.3.4:65536",
    "1.2.3.4:99999999999999999999",
    "1.2.3.4:-1",
    "1.2.3.4:+1",
    "1.2.3.4: 1",
    "1.2.3.4:1 ",
    " 1.2.3.4:1",
    "1.2.3.4:1x",
    "1.2.3:80",
    "1.2.3.4.5:80",
    "256.1.1.1:80",
    "01.2.3.4:80",
    "1.2.3.4::80",
    "::1",
    "::1:80",
    "[::1]",
    "[::1]:",
    "[::1]:0",
    "[::1]:65536",
    "[::1:80",
    "::1]:80",
    "[]:80",
    "[",
    "]",
    "[]",
    "[:",
    "]:80",
    "[[::1]]:80",
    "[::1]]:80",
    "[1.2.3.4]:80",
    "[::1] :80",
    "[::g]:80",
    "[1:2:3:4:5:6:7:8:9]:80",
    "[::1%]:80",
    "[::1%nosuchif0]:80",
    "[%lo]:80",
    "1.2.3.4%lo:80",
    "name:80",
    "\xff\xfe:80",
    "127.0.0.1:\xd9\xa1",
};

START_TEST(refuses_what_is_none)
{
    for (size_t i = 0; i < COUNT_OF(hostile); i++) {
        struct address address;
        const char *why = NULL;
        memset(&address, 0xa5, sizeof address);
        ck_assert_msg(address_parse(hostile[i], &address, &why) == -EINVAL, "took \"%s\"",
                      hostile[i]);
        ck_assert_ptr_nonnull(why);
        ck_assert_uint_gt(strlen(why), 10);
        ck_assert_uint_eq(address.family, 0xa5a5); /* untouched */
    }
}
END_TEST

/* Texts far longer than any address, in every part. */
START_TEST(refuses_long_texts)
{
    char text[5000];
    struct address address;
    const char *why;
    for (size_t length = 40; length < sizeof text; length += 31) {
        memset(text, '1', sizeof text);
        text[length] = '\0';
        ck_assert_int_eq(address_parse(text, &address, &why), -EINVAL);
        memcpy(text, "[::", 3);
        memcpy(text + length - 3, "]:1", 3);
        ck_assert_int_eq(address_parse(text, &address, &why), -EINVAL);
        memcpy(text + length - 2, ":1", 2);
        text[0] = '1';
        ck_assert_int_eq(address_parse(text, &address, &why), -EINVAL);
        memcpy(text, "[::1%", 5);
        memcpy(text + length - 3, "]:1", 3);
        ck_assert_int_eq(address_parse(text, &address, &why), -EINVAL);
    }
}
END_TEST

/* Random bytes of the characters that addresses are made of: whatever parses survives a round. */
START_TEST(random_texts_are_judged_not_feared)
{
    static const char alphabet[] = "0123456789abcdef:.[]%lo";
    random_seed(3);
    for (int i = 0; i < 200000; i++) {
        char text[24], formatted[ADDRESS_TEXT_MAX];
        struct address address;
        const char *why;
        uint32_t length = random_below(sizeof text);
        for (uint32_t j = 0; j < length; j++)
            text[j] = alphabet[random_below(sizeof alphabet - 1)];
        text[length] = '\0';
        if (address_parse(text, &address, &why) == 0) {
            struct address again = parsed(address_format(&address, formatted));
            ck_assert(address_equal(&address, &again));
        }
    }
}
END_TEST

static struct address random_address(void)
{
    struct address address;
    uint16_t port = (uint16_t)(1 + random_below(random_below(2) ? 2 : 65535));
    if (random_below(2)) {
        struct in_addr ip = {.s_addr = random_below(3) ? random_u32() : htonl(random_below(3))};
        address = address_ipv4(&ip, port);
    } else {
        struct in6_addr ip = in6addr_any;
        for (size_t i = 0; i < sizeof ip.s6_addr; i++)
            if (random_below(2))
                ip.s6_addr[i] = (uint8_t)random_u32();
        address = address_ipv6(&ip, port);
    }
    return address;
}

START_TEST(every_address_survives_a_round)
{
    random_seed(4);
    for (int i = 0; i < 50000; i++) {
        char text[ADDRESS_TEXT_MAX];
        struct address address = random_address();
        struct address again = parsed(address_format(&address, text));
        ck_assert_msg(address_equal(&address, &again), "%s", text);
    }
}
END_TEST

START_TEST(a_scope_is_a_part_of_it)
{
    struct address scoped = parsed("[fe80::1%lo]:80"), bare = parsed("[fe80::1]:80");
    ck_assert_uint_eq(scoped.in6.sin6_scope_id, if_nametoindex("lo"));
    ck_assert(!address_equal(&scoped, &bare));
    ck_assert_int_gt(address_compare(&scoped, &bare), 0);
}
END_TEST

START_TEST(a_scope_survives_a_round)
{
    char text[ADDRESS_TEXT_MAX];
    const char *why = "";
    struct address scoped = parsed("[fe80::1%lo]:80"), again;
    address_format(&scoped, text);
    ck_assert_msg(address_parse(text, &again, &why) == 0, "%s: %s", text, why);
    ck_assert(address_equal(&scoped, &again));
}
END_TEST

/* Sorting a scope id of ten digits still fits the buffer. */
START_TEST(the_longest_text_fits)
{
    char text[ADDRESS_TEXT_MAX];
    struct address address = parsed("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
    address.in6.sin6_scope_id = UINT32_MAX;
    ck_assert_str_eq(address_format(&address, text),
                     "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535");
}
END_TEST

START_TEST(compare_is_a_total_order)
{
    struct address sample[60];
    random_seed(5);
    for (size_t i = 0; i < COUNT_OF(sample); i++)
        sample[i] = random_address();
    memset(&sample[0], 0, sizeof sample[0]);
    for (size_t i = 0; i < COUNT_OF(sample); i++) {
        ck_assert_int_eq(address_compare(&sample[i], &sample[i]), 0);
        for (size_t j = 0; j < COUNT_OF(sample); j++) {
            int order = address_compare(&sample[i], &sample[j]);
            int reverse = address_compare(&sample[j], &sample[i]);
            ck_assert_int_eq((order > 0) - (order < 0), (reverse < 0) - (reverse > 0));
            ck_assert_int_eq(order == 0, address_equal(&sample[i], &sample[j]));
            for (size_t k = 0; k < COUNT_OF(sample) && order <= 0; k++)
                if (address_compare(&sample[j], &sample[k]) <= 0)
                    ck_assert_int_le(address_compare(&sample[i], &sample[k]), 0);
        }
    }
}
END_TEST

START_TEST(order_is_family_address_port)
{
    static const char *const sorted[] = {
        "9.0.0.0:9",   "10.0.0.0:1", "10.0.0.0:2", "10.0.0.1:1",
        "200.0.0.0:1", "[::1]:80",   "[::2]:1",    "[fe80::]:1",
    };
    for (size_t i = 0; i + 1 < COUNT_OF(sorted); i++) {
        struct address a = parsed(sorted[i]), b = parsed(sorted[i + 1]);
        ck_assert_msg(address_compare(&a, &b) < 0, "%s, %s", sorted[i], sorted[i + 1]);
    }
}
END_TEST

START_TEST(knows_loopback)
{
    static const struct {
        const char *text;
        bool loopback;
    } rows[] = {
        {"127.0.0.1:1", true},  {"127.255.255.255:1", true}, {"126.255.255.255:1", false},
        {"128.0.0.0:1", false}, {"0.0.0.0:1", false},        {"[::1]:1", true},
        {"[::]:1", false},      {"[::2]:1", false},          {"[fe80::1]:1", false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct address address = parsed(rows[i].text);
        ck_assert_msg(address_is_loopback(&address) == rows[i].loopback, "%s", rows[i].text);
    }
    ck_assert(!address_is_loopback(&(struct address){0}));
}
END_TEST

START_TEST(knows_who_can_be_one_host)
{
    static const char *const hosts[] = {
        "1.0.0.0",         "10.0.0.1",  "127.0.0.1",       "169.254.169.254",
        "223.255.255.255", "240.0.0.1", "255.255.255.254", "::1",
        "fd00::1",         "fe80::1",   "feff::1",         "::ffff:10.0.0.1"};
    static const char *const others[] = {
        "0.0.0.0", "0.1.2.3", "0.255.255.255",   "224.0.0.0",      "239.255.255.255", "::",
        "ff00::",  "ff02::1", "255.255.255.255", "::ffff:0.0.0.0", "::ffff:224.0.0.1"};
    struct address address, none = {0};
    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        ck_assert(address_parse_ip(hosts[i], 80, &address));
        ck_assert_msg(address_is_unicast(&address), "%s", hosts[i]);
    }
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        ck_assert(address_parse_ip(others[i], 80, &address));
        ck_assert_msg(!address_is_unicast(&address), "%s", others[i]);
    }
    ck_assert(!address_is_unicast(&none));
}
END_TEST

START_TEST(takes_what_the_kernel_says)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct address in = parsed("10.1.2.3:4"), in6 = parsed("[::5]:6"), got;
    got = address_from_sockaddr(&in.sa, sizeof in.in);
    ck_assert(address_equal(&got, &in));
    got = address_from_sockaddr(&in6.sa, sizeof in6.in6);
    ck_assert(address_equal(&got, &in6));
    got = address_from_sockaddr((struct sockaddr *)&un, sizeof un);
    ck_assert_int_eq(got.family, AF_UNSPEC);
    got = address_from_sockaddr(&in6.sa, sizeof in.in); /* cut short */
    ck_assert_int_eq(got.family, AF_UNSPEC);
    got = address_from_sockaddr(&in.sa, 0);
    ck_assert_int_eq(got.family, AF_UNSPEC);
}
END_TEST

START_TEST(no_address_has_a_text_too)
{
    char text[ADDRESS_TEXT_MAX];
    ck_assert_str_eq(address_format(&(struct address){0}, text), "-");
}
END_TEST

START_TEST(the_port_can_be_set)
{
    struct address in = parsed("10.1.2.3:4"), in6 = parsed("[::5]:6");
    address_set_port(&in, 65535);
    address_set_port(&in6, 1);
    ck_assert_uint_eq(address_port(&in), 65535);
    ck_assert_uint_eq(address_port(&in6), 1);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, parses_and_formats);
    tcase_add_test(cases, refuses_what_is_none);
    tcase_add_test(cases, refuses_long_texts);
    tcase_add_test(cases, random_texts_are_judged_not_feared);
    tcase_add_test(cases, every_address_survives_a_round);
    tcase_add_test(cases, a_scope_is_a_part_of_it);
    tcase_add_test(cases, a_scope_survives_a_round);
    tcase_add_test(cases, the_longest_text_fits);
    tcase_add_test(cases, compare_is_a_total_order);
    tcase_add_test(cases, order_is_family_address_port);
    tcase_add_test(cases, knows_loopback);
    tcase_add_test(cases, knows_who_can_be_one_host);
    tcase_add_test(cases, takes_what_the_kernel_says);
    tcase_add_test(cases, no_address_has_a_text_too);
    tcase_add_test(cases, the_port_can_be_set);
}

int main(void)
{
    return suite_run("base/address", add);
}
