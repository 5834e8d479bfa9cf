/* The header of the PROXY protocol on the wire, as a backend gets it: an echo sends it back. */
#include "bed.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { V2_IPV4_SIZE = 28, V2_IPV6_SIZE = 52 };

static const char v2_begin[] = "\r\n\r\n\0\r\nQUIT\n\x21";

static void run_echo(struct bed *bed, int threads, const char *version)
{
    char words[64];
    bed_open(bed);
    bed_add(bed, PEER_ECHO, 2);
    bed_set_name(bed, "2", 60);
    snprintf(words, sizeof(words), "-o session.proxy-protocol=%s", version);
    bed_run_name(bed, threads, words);
}

/* The client's own port, and the one it has connected to. */
static void ports_of(int fd, uint16_t *own, uint16_t *reached)
{
    struct sockaddr_in6 name; /* both families have the port at the same place */
    socklen_t length = sizeof(name);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&name, &length), 0);
    *own = ntohs(name.sin6_port);
    length = sizeof(name);
    ck_assert_int_eq(getpeername(fd, (struct sockaddr *)&name, &length), 0);
    *reached = ntohs(name.sin6_port);
}

static void expect_v1_of(int fd, const char *family, const char *ip, uint16_t own, uint16_t reached)
{
    char line[128];
    char want[128];
    snprintf(want, sizeof(want), "PROXY %s %s %s %u %u\r", family, ip, ip, own, reached);
    ck_assert_int_eq(client_receive_line(fd, line, sizeof(line), limit_ms(5000)), 0);
    ck_assert_str_eq(line, want);
}

static void expect_v1_line(int fd, const char *family, const char *ip)
{
    uint16_t own;
    uint16_t reached;
    ports_of(fd, &own, &reached);
    expect_v1_of(fd, family, ip, own, reached);
}

/* The header goes out before the client has said anything, once, and in front of all it says. */
START_TEST(v1_goes_first)
{
    struct bed bed;
    char answer[64];
    run_echo(&bed, bed_threads[_i], "v1");
    int quiet = bed_connect(&bed);
    expect_v1_line(quiet, "TCP4", "127.0.0.1");
    ck_assert_int_eq(client_ask(quiet, "one", answer, sizeof(answer), limit_ms(5000)), 0);
    ck_assert_str_eq(answer, "one");
    ck_assert_int_eq(client_ask(quiet, "two", answer, sizeof(answer), limit_ms(5000)), 0);
    ck_assert_str_eq(answer, "two");
    int early = bed_connect(&bed);
    uint16_t own;
    uint16_t reached;
    ports_of(early, &own, &reached); /* before it may all be over */
    ck_assert_int_eq(client_send(early, "early\n", 6, limit_ms(5000)), 0);
    ck_assert_int_eq(client_end_sending(early), 0);
    expect_v1_of(early, "TCP4", "127.0.0.1", own, reached);
    ck_assert_int_eq(client_receive_line(early, answer, sizeof(answer), limit_ms(5000)), 0);
    ck_assert_str_eq(answer, "early");
    ck_assert_int_eq(client_next(early, limit_ms(5000)), CLIENT_NEXT_END);
    client_close(early);
    bed_wait_ended(&bed, 1);
    /* The header is no byte of the client's. */
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, " connection |bytes_up=6 |end=closed"), 1);
    client_close(quiet);
    bed_close(&bed);
}
END_TEST

START_TEST(v2_goes_first)
{
    struct bed bed;
    char header[V2_IPV4_SIZE];
    uint16_t ports[2];
    run_echo(&bed, bed_threads[_i], "v2");
    int fd = bed_connect(&bed);
    ck_assert_int_eq(client_send(fd, "early\n", 6, limit_ms(5000)), 0);
    ck_assert_int_eq(client_receive_exactly(fd, header, sizeof(header), limit_ms(5000)), 0);
    ck_assert_mem_eq(header, v2_begin, 13);
    ck_assert_mem_eq(header + 13, "\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01", 11);
    ports_of(fd, &ports[0], &ports[1]);
    ports[0] = htons(ports[0]);
    ports[1] = htons(ports[1]);
    ck_assert_mem_eq(header + 24, ports, sizeof(ports));
    char line[16];
    ck_assert_int_eq(client_receive_line(fd, line, sizeof(line), limit_ms(5000)), 0);
    ck_assert_str_eq(line, "early");
    client_close(fd);
    bed_close(&bed);
}
END_TEST

/* What the backend's own address is, IPv4 here, says nothing of the client's. */
START_TEST(ipv6_clients)
{
    static const char loopback[16] = {[15] = 1};
    struct bed bed;
    char header[V2_IPV6_SIZE];
    char listen[32];
    if (!bed_has_ipv6()) {
        return;
    }
    for (int version = 1; version <= 2; version++) {
        bed_open(&bed);
        bed_add(&bed, PEER_ECHO, 2);
        snprintf(listen, sizeof(listen), "[::1]:%u", port_reserve());
        bed_run(&bed, "-w %d -o session.proxy-protocol=v%d %s=127.0.0.2:%u", bed_threads[_i],
                version, listen, bed.port);
        int fd = client_connect(listen, limit_ms(5000));
        ck_assert_int_ge(fd, 0);
        if (version == 1) {
            expect_v1_line(fd, "TCP6", "::1");
        } else {
            ck_assert_int_eq(client_receive_exactly(fd, header, sizeof(header), limit_ms(5000)), 0);
            ck_assert_mem_eq(header, v2_begin, 13);
            ck_assert_mem_eq(header + 13, "\x21\0\x24", 3);
            ck_assert_mem_eq(header + 16, loopback, sizeof(loopback));
            ck_assert_mem_eq(header + 32, loopback, sizeof(loopback));
        }
        client_close(fd);
        bed_close(&bed);
    }
}
END_TEST

/* The one that accepts gets the header; those that were tried before got nothing. */
START_TEST(once_however_many_are_tried)
{
    struct bed bed;
    bed_open(&bed);
    bed_add(&bed, PEER_ECHO, 2); /* 3 refuses */
    bed_set_name(&bed, "2,3", 60);
    bed_run_name(&bed, bed_threads[_i], "-o session.proxy-protocol=v1");
    for (int i = 0; i < 6; i++) {
        int fd = bed_connect(&bed);
        expect_v1_line(fd, "TCP4", "127.0.0.1");
        ck_assert_int_eq(client_end_sending(fd), 0);
        ck_assert_int_eq(client_next(fd, limit_ms(5000)), CLIENT_NEXT_END);
        client_close(fd);
    }
    bed_close(&bed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("proxy_protocol");
    BED_TEST(suite, v1_goes_first, BED_THREADS, 20);
    BED_TEST(suite, v2_goes_first, BED_THREADS, 20);
    BED_TEST(suite, ipv6_clients, BED_THREADS, 20);
    BED_TEST(suite, once_however_many_are_tried, BED_THREADS, 20);
    return bed_main(suite);
}
