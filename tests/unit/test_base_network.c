#include "base/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "suite.h"

static struct address ip(const char *text)
{
    struct address address;
    ck_assert_msg(address_parse_ip(text, 7, &address), "%s", text);
    return address;
}

START_TEST(contains_what_it_should)
{
    static const struct {
        const char *network, *address;
        bool inside;
    } rows[] = {
        {"10.0.0.0/8", "10.0.0.0", true},
        {"10.0.0.0/8", "10.255.255.255", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"10.0.0.0/8", "9.255.255.255", false},
        {"10.128.0.0/9", "10.127.255.255", false},
        {"10.128.0.0/9", "10.200.0.1", true},
        {"10.0.0.4/31", "10.0.0.5", true},
        {"10.0.0.4/31", "10.0.0.6", false},
        {"10.0.0.4/32", "10.0.0.4", true},
        {"10.0.0.4", "10.0.0.4", true},
        {"10.0.0.4", "10.0.0.5", false},
        {"0.0.0.0/0", "255.1.2.3", true},
        {"0.0.0.0/0", "::1", false},
        {"::/0", "::1", true},
        {"::/0", "10.0.0.1", false},
        {"fd00::/8", "fdff::1", true},
        {"fd00::/8", "fe00::1", false},
        {"2001:db8::/33", "2001:db8:7fff::1", true},
        {"2001:db8::/33", "2001:db8:8000::1", false},
        {"::1", "::1", true},
        {"::1/128", "::2", false},
        {"10.0.0.0/8", "::ffff:10.1.2.3", true}, /* IPv4 over an IPv6 socket */
        {"10.0.0.0/8", "::ffff:11.1.2.3", false},
        {"::/0", "::ffff:10.1.2.3", false},
        {"10.0.0.0/08", "10.1.2.3", true},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct network network;
        struct address address = ip(rows[i].address);
        const char *why = "";
        ck_assert_msg(network_parse(rows[i].network, &network, &why) == 0, "%s: %s",
                      rows[i].network, why);
        ck_assert_msg(network_contains(&network, &address) == rows[i].inside, "%s in %s",
                      rows[i].address, rows[i].network);
    }
}
END_TEST

START_TEST(refuses_what_is_none)
{
    static const char *const bad[] = {
        "",
        "/",
        "/8",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/8x",
        "10.0.0.0/ 8",
        "10.0.0.0/8/8",
        "10.0.0.0/99999999999",
        "10.0.0.1/8",
        "10.0.0.1/31",
        "10.0/8",
        "10/8",
        "::1/0",
        "::/129",
        "fd00::1/8",
        "[::1]/128",
        "[::1]",
        "name/8",
        "10.0.0.0:80",
        "0.0.0.1/0",
        "any",
        "1.2.3.4/255.255.255.0",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct network network;
        const char *why = NULL;
        ck_assert_msg(network_parse(bad[i], &network, &why) == -EINVAL, "took \"%s\"", bad[i]);
        ck_assert_ptr_nonnull(why);
    }
}
END_TEST

START_TEST(refuses_long_texts)
{
    char text[1000];
    for (size_t length = 0; length < sizeof text - 1; length++) {
        struct network network;
        const char *why;
        memset(text, '1', length);
        text[length] = '\0';
        ck_assert_int_eq(network_parse(text, &network, &why), -EINVAL);
        text[length / 2] = '/';
        ck_assert_int_eq(network_parse(text, &network, &why), -EINVAL);
    }
}
END_TEST

static bool bit(const struct address *address, unsigned at)
{
    const uint8_t *bytes = address->family == AF_INET6
                               ? address->in6.sin6_addr.s6_addr
                               : (const uint8_t *)&address->in.sin_addr.s_addr;
    return bytes[at / 8] >> (7 - at % 8) & 1;
}

static void flip(struct address *address, unsigned at)
{
    uint8_t *bytes = address->family == AF_INET6 ? address->in6.sin6_addr.s6_addr
                                                 : (uint8_t *)&address->in.sin_addr.s_addr;
    bytes[at / 8] = (uint8_t)(bytes[at / 8] ^ 0x80u >> at % 8);
}

static struct address random_ip(unsigned bits)
{
    struct address address = ip(bits == 32 ? "128.0.0.0" : "8000::");
    for (unsigned i = 1; i < bits; i++)
        if (random_below(2))
            flip(&address, i);
    return address;
}

/* For each prefix: a member stays one while bits behind the prefix flip, and no longer. */
START_TEST(the_prefix_decides_bit_by_bit)
{
    random_seed(9);
    for (unsigned bits = 32; bits <= 128; bits += 96)
        for (unsigned prefix = 0; prefix <= bits; prefix++) {
            struct network network = {random_ip(bits), prefix};
            for (unsigned at = prefix; at < bits; at++)
                if (bit(&network.address, at))
                    flip(&network.address, at);
            for (unsigned at = 0; at < bits; at++) {
                struct address member = network.address;
                flip(&member, at);
                ck_assert_int_eq(network_contains(&network, &member), at >= prefix);
            }
        }
}
END_TEST

START_TEST(the_port_does_not_matter)
{
    struct network network;
    const char *why;
    struct address address = ip("10.0.0.4");
    ck_assert_int_eq(network_parse("10.0.0.4", &network, &why), 0);
    address_set_port(&address, 4711);
    ck_assert(network_contains(&network, &address));
    ck_assert(!network_contains(&network, &(struct address){0}));
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, contains_what_it_should);
    tcase_add_test(cases, refuses_what_is_none);
    tcase_add_test(cases, refuses_long_texts);
    tcase_add_test(cases, the_prefix_decides_bit_by_bit);
    tcase_add_test(cases, the_port_does_not_matter);
}

int main(void)
{
    return suite_run("base/network", add);
}
