#include "dns_server.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dns_message.h"

#define RULES 32
#define QUESTIONS 4096
#define HEADER 12

struct rule {
    char name[256];
    int type, how;
    uint32_t ttl;
    char records[1024];
};

struct question {
    char name[256];
    int type;
    usec_t when;
};

struct dns_server {
    int fd;
    struct event *event;
    struct address address;
    struct rule rules[RULES];
    size_t rule_count;
    struct question questions[QUESTIONS];
    size_t question_count;
    bool extras;
};

static struct rule *find_rule(struct dns_server *server, const char *name, int type)
{
    for (size_t i = 0; i < server->rule_count; i++)
        if (server->rules[i].type == type && strcasecmp(server->rules[i].name, name) == 0)
            return &server->rules[i];
    return NULL;
}

/* Reads the question; false where it is none. */
static bool read_question(const uint8_t *packet, size_t length, struct question *question)
{
    size_t at = HEADER, end = 0;
    while (at < length && packet[at] != 0) {
        size_t label = packet[at++];
        if (at + label >= length || end + label + 2 > sizeof question->name)
            return false;
        memcpy(question->name + end, packet + at, label);
        end += label;
        question->name[end++] = '.';
        at += label;
    }
    if (at + 4 >= length || end == 0)
        return false;
    question->name[end - 1] = '\0';
    question->type = packet[at + 1] << 8 | packet[at + 2];
    question->when = clock_now();
    return true;
}

/* Calls `add` with each word of the rule's records, in a copy. */
static void each_record(const struct rule *rule, struct dns_message *reply,
                        void (*add)(struct dns_message *reply, const struct rule *rule, char *word))
{
    char copy[sizeof rule->records], *rest = copy, *word;
    memcpy(copy, rule->records, sizeof copy);
    while ((word = strsep(&rest, ",")) != NULL)
        if (*word)
            add(reply, rule, word);
}

static void add_address(struct dns_message *reply, const struct rule *rule, char *word)
{
    dns_address(reply, "@", rule->ttl, word);
}

static void add_extra(struct dns_message *reply, const struct rule *rule, char *word)
{
    dns_extra(reply, rule->name, rule->ttl, word);
}

static void add_srv(struct dns_message *reply, const struct rule *rule, char *word)
{
    unsigned port = 0, priority = 0, weight = 0;
    char *numbers = strchr(word, ':');
    if (numbers) {
        *numbers = '\0';
        if (sscanf(numbers + 1, "%u/%u/%u", &port, &priority, &weight) != 3)
            abort();
    }
    dns_srv(reply, "@", rule->ttl, priority, weight, port, word);
}

/* The addresses of everything that the SRV rule may name: a target too many is no harm. */
static void add_extras(const struct dns_server *server, const struct rule *srv,
                       struct dns_message *reply)
{
    for (size_t i = 0; i < server->rule_count; i++) {
        const struct rule *rule = &server->rules[i];
        if (rule->type != DNS_SRV && rule->how == DNS_NOERROR && strstr(srv->records, rule->name))
            each_record(rule, reply, add_extra);
    }
}

static void answer(struct dns_server *server, const struct question *question, const uint8_t *id,
                   const struct sockaddr *to, socklen_t to_length)
{
    static struct dns_message reply;
    const struct rule *rule = find_rule(server, question->name, question->type);
    int how = rule ? rule->how : DNS_NXDOMAIN;
    if (how == DNS_SILENT)
        return;
    dns_begin(&reply, how < 0 ? DNS_NOERROR : how, question->name, question->type);
    memcpy(reply.bytes, id, 2);
    if (how == DNS_NOERROR || how == DNS_TRUNCATED)
        each_record(rule, &reply, rule->type == DNS_SRV ? add_srv : add_address);
    if (how == DNS_NOERROR && rule->type == DNS_SRV && server->extras)
        add_extras(server, rule, &reply);
    if (how == DNS_TRUNCATED)
        reply.bytes[2] |= 0x02;
    if (how == DNS_GARBAGE)
        reply.bytes[7] = 9; /* nine answers that are not there */
    if (how == DNS_RUBBISH)
        memset(reply.bytes + 2, 0xff, reply.length - 2);
    if (how == DNS_FOREIGN)
        reply.bytes[0] = (uint8_t)(reply.bytes[0] ^ 0xff);
    sendto(server->fd, reply.bytes, reply.length, 0, to, to_length);
}

static void on_packet(evutil_socket_t fd, short events, void *arg)
{
    struct dns_server *server = arg;
    uint8_t packet[1500];
    struct sockaddr_storage from;
    socklen_t from_length = sizeof from;
    (void)events;
    ssize_t got = recvfrom(fd, packet, sizeof packet, 0, (struct sockaddr *)&from, &from_length);
    struct question *question = &server->questions[server->question_count];
    if (got < HEADER || !read_question(packet, (size_t)got, question))
        return;
    if (++server->question_count == QUESTIONS)
        abort();
    answer(server, question, packet, (struct sockaddr *)&from, from_length);
}

struct dns_server *dns_server_new_at(struct event_base *base, const char *ip, uint16_t port)
{
    struct dns_server *server = calloc(1, sizeof *server);
    struct address wanted;
    struct sockaddr_storage bound;
    socklen_t length = sizeof bound;
    if (!server || !address_parse_ip(ip, port, &wanted))
        abort();
    server->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(server->fd, &wanted.sa, address_length(&wanted)) < 0 ||
        getsockname(server->fd, (struct sockaddr *)&bound, &length) < 0) {
        close(server->fd);
        free(server);
        return NULL;
    }
    server->address = address_from_sockaddr((struct sockaddr *)&bound, length);
    server->event = event_new(base, server->fd, EV_READ | EV_PERSIST, on_packet, server);
    event_add(server->event, NULL);
    return server;
}

struct dns_server *dns_server_new(struct event_base *base)
{
    struct dns_server *server = dns_server_new_at(base, "127.0.0.1", 0);
    if (!server)
        abort();
    return server;
}

void dns_server_free(struct dns_server *server)
{
    event_free(server->event);
    close(server->fd);
    free(server);
}

const struct address *dns_server_address(const struct dns_server *server)
{
    return &server->address;
}

void dns_server_fail(struct dns_server *server, const char *name, int type, int how)
{
    struct rule *rule = find_rule(server, name, type);
    if (!rule) {
        if (server->rule_count == RULES)
            abort();
        rule = &server->rules[server->rule_count++];
        snprintf(rule->name, sizeof rule->name, "%s", name);
        rule->type = type;
    }
    rule->how = how;
}

void dns_server_say(struct dns_server *server, const char *name, int type, uint32_t ttl,
                    const char *records)
{
    dns_server_fail(server, name, type, DNS_NOERROR);
    struct rule *rule = find_rule(server, name, type);
    rule->ttl = ttl;
    snprintf(rule->records, sizeof rule->records, "%s", records);
}

void dns_server_add_extras(struct dns_server *server)
{
    server->extras = true;
}

static bool is(const struct question *question, const char *name, int type)
{
    return question->type == type && strcasecmp(question->name, name) == 0;
}

size_t dns_server_count(const struct dns_server *server, const char *name, int type)
{
    size_t count = 0;
    for (size_t i = 0; i < server->question_count; i++)
        count += is(&server->questions[i], name, type);
    return count;
}

usec_t dns_server_time(const struct dns_server *server, const char *name, int type, size_t n)
{
    for (size_t i = 0; i < server->question_count; i++)
        if (is(&server->questions[i], name, type) && n-- == 0)
            return server->questions[i].when;
    abort();
}

size_t dns_server_total(const struct dns_server *server)
{
    return server->question_count;
}
