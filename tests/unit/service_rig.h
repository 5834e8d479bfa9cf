/* One upstream that a DNS server on the test's own loop is asked for, and the set it came to, with
 * its tiers and weights. */
#ifndef UNIT_SERVICE_RIG_H
#define UNIT_SERVICE_RIG_H

#include <stdio.h>
#include <string.h>

#include "discovery/discovery.h"
#include "dns_message.h"
#include "dns_server.h"
#include "suite.h"
#include "turn.h"

#define MSEC USEC_PER_MSEC
#define SEC USEC_PER_SEC
#define NAME "_http._tcp.a.test"

static struct event_base *base;
static struct dns_server *server;
static struct resolver *resolver;
static struct servers *servers;
static struct lookups *lookups;

static struct upstream_options options;
static struct target targets[4];
static struct discovery *discovery;
static int changes;

static inline void setup(void)
{
    base = event_base_new();
    server = dns_server_new(base);
    ck_assert_int_eq(resolver_new(base, 512, &resolver), 0);
    ck_assert_int_eq(resolver_servers(resolver, dns_server_address(server), 1, &servers), 0);
    lookups = lookups_new(base, resolver, NULL, NULL);
    options = (struct upstream_options){.targets = targets,
                                        .family = FAMILY_IPV4,
                                        .min_ttl = 100 * MSEC,
                                        .max_ttl = 300 * SEC,
                                        .hold = 30 * SEC,
                                        .sample_size = 8};
}

static inline void teardown(void)
{
    discovery_free(discovery);
    lookups_free(lookups);
    resolver_free(resolver);
    dns_server_free(server);
    event_base_free(base);
    libevent_global_shutdown();
}

static inline void on_change(void *arg, struct endpoint_set *set,
                             const struct endpoint_set *previous, usec_t ttl)
{
    (void)arg;
    (void)ttl;
    ck_assert_ptr_ne(set, previous);
    changes++;
}

static const struct discovery_calls calls = {.changed = on_change};

static inline void add_target(const char *target)
{
    const char *why = "";
    struct target *place = &targets[options.target_count++];
    target_clear(place); /* of an upstream before it */
    ck_assert_msg(target_parse(target, place, &why) == 0, "%s", why);
}

static inline void begin(const char *target)
{
    add_target(target);
    ck_assert_int_eq(
        discovery_new(lookups, servers, &options, NULL, false, &calls, NULL, &discovery), 0);
}

static inline void say(uint32_t ttl, const char *records)
{
    dns_server_say(server, NAME, DNS_SRV, ttl, records);
}

static inline void say_a(const char *target, uint32_t ttl, const char *addresses)
{
    dns_server_say(server, target, DNS_A, ttl, addresses);
}

/* Targets b, c and d at 10.0.0.2, 3 and 4. */
static inline void say_targets(void)
{
    say_a("b.test", 60, "10.0.0.2");
    say_a("c.test", 60, "10.0.0.3");
    say_a("d.test", 60, "10.0.0.4");
}

/* "10.0.0.1:80 10.0.0.2:80*3 | 10.0.0.3:80": a bar between tiers, and weights other than 1. */
static inline const char *shown(void)
{
    static char text[4096];
    const struct endpoint_set *set = discovery_set(discovery);
    size_t length = 0;
    text[0] = '\0';
    for (size_t t = 0; t < set->tier_count; t++)
        for (size_t i = 0; i < set->tiers[t].count; i++) {
            char address[ADDRESS_TEXT_MAX], weight[16] = "";
            size_t index = set->tiers[t].first + i;
            if (set->weights[index] != 1)
                snprintf(weight, sizeof weight, "*%u", set->weights[index]);
            length +=
                (size_t)snprintf(text + length, sizeof text - length, "%s%s%s",
                                 index == 0 ? ""
                                 : i == 0   ? " | "
                                            : " ",
                                 address_format(&set->endpoints[index]->address, address), weight);
        }
    return text;
}

static inline bool is_shown(void *arg)
{
    return strcmp(shown(), arg) == 0;
}

static inline void wait_shown(const char *want)
{
    char copy[1024];
    snprintf(copy, sizeof copy, "%s", want);
    ck_assert_msg(turn_until(base, is_shown, copy, 10000), "\"%s\", not \"%s\"", shown(), want);
}

static inline size_t asked(const char *name, int type)
{
    return dns_server_count(server, name, type);
}

static inline bool srv_reached(void *arg)
{
    return asked(NAME, DNS_SRV) >= *(size_t *)arg;
}

/* Until the SRV question was asked twice more: the first one's answer was worked in. */
static inline void two_more_questions(void)
{
    size_t count = asked(NAME, DNS_SRV) + 2;
    ck_assert(turn_until(base, srv_reached, &count, 10000));
}

static inline void fail_connect(const char *text)
{
    struct address address;
    const char *why;
    ck_assert_int_eq(address_parse(text, &address, &why), 0);
    discovery_connect_failed(discovery, &address);
}

#endif
