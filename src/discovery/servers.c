#include "discovery/servers.h"

#include <errno.h>
#include <stdlib.h>

#include "base/random.h"

#define AVOID_FIRST (5 * USEC_PER_SEC)
#define AVOID_MOST (60 * USEC_PER_SEC)

struct server {
    struct address address;
    struct channel *udp, *tcp;
    unsigned silences; /* in a row */
    usec_t avoid_until;
};

struct servers {
    struct event_base *base;
    struct servers_manner manner;
    struct address *wanted; /* the list as it was given */
    size_t wanted_count;
    size_t turn; /* of rotate */
    struct server *list;
    size_t count;
};

static void server_close(struct server *server)
{
    channel_close(server->udp);
    channel_close(server->tcp);
}

static int server_open(struct event_base *base, const struct address *address, usec_t timeout,
                       struct server *ret_server)
{
    struct server server = {.address = *address};
    int result = channel_open(base, address, TRANSPORT_UDP, timeout, &server.udp);
    if (result == 0)
        result = channel_open(base, address, TRANSPORT_TCP, timeout, &server.tcp);
    if (result < 0)
        server_close(&server);
    else
        *ret_server = server;
    return result;
}

static void clear(struct servers *servers)
{
    for (size_t i = 0; i < servers->count; i++)
        server_close(&servers->list[i]);
    free(servers->list);
    free(servers->wanted);
}

/* Fills in what the list needs. Returns 0 or -errno; then everything is closed. */
static int fill(struct servers *servers, const struct address *addresses, size_t count)
{
    int result = count > 0 ? 0 : -ENOENT;
    servers->list = calloc(count + 1, sizeof *servers->list);
    servers->wanted = calloc(count + 1, sizeof *servers->wanted);
    if (!servers->list || !servers->wanted)
        result = -ENOMEM;
    for (size_t i = 0; i < count && result != -ENOMEM; i++) {
        servers->wanted[servers->wanted_count++] = addresses[i];
        result = server_open(servers->base, &addresses[i], servers->manner.timeout,
                             &servers->list[servers->count]);
        servers->count += result == 0;
    }
    if (servers->count > 0 && result != -ENOMEM)
        return 0;
    clear(servers);
    return result;
}

int servers_new(struct event_base *base, const struct address *addresses, size_t count,
                const struct servers_manner *manner, struct servers **ret_servers)
{
    struct servers *servers = calloc(1, sizeof *servers);
    if (!servers)
        return -ENOMEM;
    *servers = (struct servers){.base = base, .manner = *manner};
    int result = fill(servers, addresses, count);
    if (result < 0) {
        free(servers);
        return result;
    }
    *ret_servers = servers;
    return 0;
}

int servers_replace(struct servers *servers, const struct address *addresses, size_t count,
                    const struct servers_manner *manner)
{
    struct servers next = {.base = servers->base, .manner = *manner}, old;
    int result = fill(&next, addresses, count);
    if (result < 0)
        return result;
    old = *servers;
    *servers = next; /* first, since those who waited for the old ones ask again */
    clear(&old);
    return 0;
}

void servers_free(struct servers *servers)
{
    if (!servers)
        return;
    clear(servers);
    free(servers);
}

size_t servers_count(const struct servers *servers)
{
    return servers->count;
}

unsigned servers_rounds(const struct servers *servers)
{
    return servers->manner.rounds;
}

const struct address *servers_address(const struct servers *servers, size_t index)
{
    return &servers->list[index % servers->count].address;
}

struct channel *servers_channel(const struct servers *servers, size_t index,
                                enum transport transport)
{
    const struct server *server = &servers->list[index % servers->count];
    return transport == TRANSPORT_TCP ? server->tcp : server->udp;
}

bool servers_are(const struct servers *servers, const struct address *addresses, size_t count)
{
    if (servers->wanted_count != count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!address_equal(&servers->wanted[i], &addresses[i]))
            return false;
    return true;
}

size_t servers_first(struct servers *servers, usec_t now)
{
    size_t start = servers->manner.rotate ? servers->turn++ % servers->count : 0, best = start;
    for (size_t i = 0; i < servers->count; i++) {
        size_t index = (start + i) % servers->count;
        if (servers->list[index].avoid_until <= now)
            return index;
        if (servers->list[index].avoid_until < servers->list[best].avoid_until)
            best = index;
    }
    return best;
}

void servers_blame(struct servers *servers, size_t index, usec_t now)
{
    struct server *server = &servers->list[index % servers->count];
    if (now < server->avoid_until)
        return; /* questions that were under way together count once */
    usec_t span = AVOID_FIRST;
    for (unsigned i = 0; i < server->silences && span < AVOID_MOST; i++)
        span *= 2;
    span = span < AVOID_MOST ? span : AVOID_MOST;
    server->silences++;
    server->avoid_until = now + span + random_below((uint32_t)(span / 10));
}

void servers_praise(struct servers *servers, size_t index)
{
    struct server *server = &servers->list[index % servers->count];
    server->silences = 0;
    server->avoid_until = 0;
}
