#include "liar.h"

#include "client.h"
#include "die.h"
#include "dns_message.h"
#include "port.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEADER_SIZE = 12, TTL = 1, BIT_TRUNCATED = 0x02 };

const char *lie_name(enum lie lie)
{
    static const char *const names[LIES] = {"truth",     "silence", "servfail", "refused",
                                            "garbage",   "foreign", "nxdomain", "nodata",
                                            "truncated", "shrunk",  "stale"};
    return names[lie];
}

static void open_socket(struct liar *liar)
{
    struct sockaddr_storage address;
    socklen_t size = client_parse_address(liar->address, &address);
    liar->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (liar->fd < 0 || bind(liar->fd, (struct sockaddr *)&address, size) != 0) {
        die("DNS server: cannot bind %s", liar->address);
    }
}

void liar_open(struct liar *liar)
{
    snprintf(liar->address, sizeof(liar->address), "127.0.0.1:%u", port_reserve());
    open_socket(liar);
}

void liar_set_absent(struct liar *liar, bool absent)
{
    if (absent && liar->fd >= 0) {
        close(liar->fd);
        liar->fd = -1;
    } else if (!absent && liar->fd < 0) {
        open_socket(liar);
    }
}

/* Reads the question's name and type (RFC 1035 4.1.2): false where it is none. */
static bool read_question(const unsigned char *packet, size_t length, char *name, size_t size,
                          int *type)
{
    size_t at = HEADER_SIZE;
    size_t end = 0;
    while (at < length && packet[at] != 0) {
        size_t label = packet[at++];
        if (at + label >= length || end + label + 2 > size) {
            return false;
        }
        memcpy(name + end, packet + at, label);
        end += label;
        name[end++] = '.';
        at += label;
    }
    if (at + 4 >= length || end == 0) {
        return false;
    }
    name[end - 1] = '\0';
    *type = packet[at + 1] << 8 | packet[at + 2];
    return true;
}

/* The bits of what an answer names: all, or so many at random. */
static uint32_t choose(uint32_t named, unsigned most)
{
    while (most > 0 && (unsigned)__builtin_popcount(named) > most) {
        named &= ~(1U << (unsigned)random() % LIAR_ADDRESSES);
    }
    return named;
}

static void add_addresses(struct dns_message *reply, struct liar_name *name)
{
    bool alone = name->lie == LIE_SHRUNK || name->lie == LIE_TRUNCATED;
    uint32_t chosen = choose(name->named, alone ? 1 : name->sample);
    for (unsigned i = 0; i < LIAR_ADDRESSES; i++) {
        if ((chosen & 1U << i) != 0) {
            dns_address(reply, "@", TTL, name->addresses[i]);
        }
    }
    if (name->lie == LIE_STALE) {
        dns_address(reply, "@", TTL, name->stale);
    }
    if (name->lie == LIE_SHRUNK) {
        name->lie = LIE_NONE;
    }
}

static int code_of(enum lie lie)
{
    return lie == LIE_SERVFAIL   ? DNS_SERVFAIL
           : lie == LIE_REFUSED  ? DNS_REFUSED
           : lie == LIE_NXDOMAIN ? DNS_NXDOMAIN
                                 : DNS_NOERROR;
}

/* Writes the answer: false when there is none. */
static bool answer(struct liar_name *name, const char *asked, int type, const unsigned char *id,
                   struct dns_message *reply)
{
    enum lie lie = name != NULL ? name->lie : LIE_NXDOMAIN;
    if (lie == LIE_SILENCE) {
        return false;
    }
    dns_begin(reply, code_of(lie), asked, type);
    memcpy(reply->bytes, id, 2);
    if (type == DNS_A && name != NULL) {
        name->asked++;
        if (code_of(lie) == DNS_NOERROR && lie != LIE_NODATA) {
            add_addresses(reply, name);
        }
    }
    if (lie == LIE_TRUNCATED) {
        reply->bytes[2] |= BIT_TRUNCATED;
    }
    if (lie == LIE_GARBAGE) {
        reply->bytes[7] = 99;
    }
    if (lie == LIE_FOREIGN) {
        reply->bytes[0] ^= 0xff;
    }
    return true;
}

void liar_step(struct liar *liar)
{
    static struct dns_message reply;
    unsigned char packet[1500];
    struct sockaddr_storage from;
    for (;;) {
        char asked[256];
        int type = 0;
        socklen_t size = sizeof(from);
        ssize_t got =
            recvfrom(liar->fd, packet, sizeof(packet), 0, (struct sockaddr *)&from, &size);
        if (got < 0) {
            return;
        }
        if (got < HEADER_SIZE || !read_question(packet, (size_t)got, asked, sizeof(asked), &type)) {
            continue;
        }
        struct liar_name *name = NULL;
        for (size_t i = 0; i < liar->count; i++) {
            name = strcasecmp(asked, liar->names[i].name) == 0 ? &liar->names[i] : name;
        }
        if (answer(name, asked, type, packet, &reply)) {
            sendto(liar->fd, reply.bytes, reply.length, 0, (struct sockaddr *)&from, size);
        }
    }
}
