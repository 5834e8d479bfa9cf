/* The header of the PROXY protocol, byte by byte as proxy-protocol.txt has it. */
#include "proxy/proxy_header.h"

#include <string.h>

#include "suite.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define TEN_ZEROES "\0\0\0\0\0\0\0\0\0\0"

static struct address address_of(const char *ip, uint16_t port)
{
    struct address address;
    if (!ip)
        return (struct address){0};
    ck_assert_msg(address_parse_ip(ip, port, &address), "%s", ip);
    return address;
}

static void ck_header(enum proxy_protocol version, const struct address *client,
                      const struct address *reached, const char *want, size_t length)
{
    char header[PROXY_HEADER_MAX + 1];
    header[PROXY_HEADER_MAX] = '#';
    size_t written = proxy_header_write(version, client, reached, header);
    ck_assert_uint_eq(written, length);
    ck_assert_mem_eq(header, want, length);
    ck_assert_int_eq(header[PROXY_HEADER_MAX], '#');
}

static const struct row {
    const char *client;
    uint16_t client_port;
    const char *reached;
    uint16_t reached_port;
    const char *v1;
    const char *v2;
    size_t v2_length;
} rows[] = {
    {"192.168.0.1", 56324, "192.168.0.11", 443, "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n",
     SIGNATURE "\x21\x11\0\x0c\xc0\xa8\0\x01\xc0\xa8\0\x0b\xdc\x04\x01\xbb", 28},
    {"255.255.255.255", 65535, "255.255.255.255", 65535,
     "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
     SIGNATURE "\x21\x11\0\x0c\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 28},
    {"::1", 1, "2001:db8::2", 80, "PROXY TCP6 ::1 2001:db8::2 1 80\r\n",
     SIGNATURE "\x21\x21\0\x24\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"
               "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02\0\x01\0\x50",
     52},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535, "fff0:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     65535,
     "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
     "fff0:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
     SIGNATURE "\x21\x21\0\x24\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
               "\xff\xf0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
     52},
    /* IPv4 over an IPv6 socket: both ends are IPv4. */
    {"::ffff:10.0.0.7", 4000, "::ffff:10.0.0.8", 80, "PROXY TCP4 10.0.0.7 10.0.0.8 4000 80\r\n",
     SIGNATURE "\x21\x11\0\x0c\x0a\0\0\x07\x0a\0\0\x08\x0f\xa0\0\x50", 28},
    /* Only one end is: both are told as IPv6, in groups of hexadecimal digits. */
    {"::ffff:10.0.0.7", 4000, "fd00::8", 80, "PROXY TCP6 ::ffff:a00:7 fd00::8 4000 80\r\n",
     SIGNATURE "\x21\x21\0\x24" TEN_ZEROES "\xff\xff\x0a\0\0\x07"
               "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x08\x0f\xa0\0\x50",
     52},
    {"::1.2.3.4", 9, "::", 8, "PROXY TCP6 ::102:304 :: 9 8\r\n",
     SIGNATURE "\x21\x21\0\x24" TEN_ZEROES "\0\0\x01\x02\x03\x04" TEN_ZEROES "\0\0\0\0\0\0\0\x09"
               "\0\x08",
     52},
    /* A Unix socket has no address, and one end without makes the other one worthless. */
    {NULL, 0, NULL, 0, "PROXY UNKNOWN\r\n", SIGNATURE "\x20\0\0\0", 16},
    {NULL, 0, "10.0.0.8", 80, "PROXY UNKNOWN\r\n", SIGNATURE "\x20\0\0\0", 16},
    {"10.0.0.7", 4000, NULL, 0, "PROXY UNKNOWN\r\n", SIGNATURE "\x20\0\0\0", 16},
    {"10.0.0.7", 4000, "fd00::8", 80, "PROXY UNKNOWN\r\n", SIGNATURE "\x20\0\0\0", 16},
};

START_TEST(every_byte_is_as_specified)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *row = &rows[i];
        struct address client = address_of(row->client, row->client_port);
        struct address reached = address_of(row->reached, row->reached_port);
        ck_header(PROXY_PROTOCOL_V1, &client, &reached, row->v1, strlen(row->v1));
        ck_header(PROXY_PROTOCOL_V2, &client, &reached, row->v2, row->v2_length);
    }
}
END_TEST

/* A link-local client's scope is this host's affair. */
START_TEST(no_scope_is_told)
{
    struct address client = address_of("fe80::1", 7), reached = address_of("fe80::2", 8);
    client.in6.sin6_scope_id = reached.in6.sin6_scope_id = 3;
    const char *want = "PROXY TCP6 fe80::1 fe80::2 7 8\r\n";
    ck_header(PROXY_PROTOCOL_V1, &client, &reached, want, strlen(want));
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, every_byte_is_as_specified);
    tcase_add_test(cases, no_scope_is_told);
}

int main(void)
{
    return suite_run("proxy/proxy_header", add);
}
