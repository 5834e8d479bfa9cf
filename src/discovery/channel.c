#include "discovery/channel.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/list.h"

#define EDNS_PAYLOAD 1232 /* fits every path without fragments */
#define CLASS_IN 1

struct channel {
    struct event_base *base;
    ares_channel ares;
    struct event *timer;
    struct list watches;
};

/* A socket of c-ares in the loop. */
struct watch {
    struct list node;
    struct channel *channel;
    ares_socket_t fd;
    struct event *event;
};

/* --- c-ares in the loop ------------------------------------------------------------------ */

/* Arms the timer for the next thing that c-ares waits for; without one the loop sleeps. */
static void arm_timer(struct channel *channel)
{
    struct timeval wait;
    if (!ares_timeout(channel->ares, NULL, &wait)) {
        event_del(channel->timer);
        return;
    }
    /* c-ares rounds down: a millisecond more saves a turn in which nothing is due yet. */
    struct timeval rounded =
        clock_timeval((usec_t)wait.tv_sec * USEC_PER_SEC + wait.tv_usec + USEC_PER_MSEC);
    event_add(channel->timer, &rounded);
}

static void on_timer(evutil_socket_t fd, short events, void *arg)
{
    struct channel *channel = arg;
    (void)fd;
    (void)events;
    ares_process_fd(channel->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    arm_timer(channel);
}

static void on_socket(evutil_socket_t fd, short events, void *arg)
{
    struct channel *channel = ((struct watch *)arg)->channel; /* the watch may go meanwhile */
    ares_process_fd(channel->ares, (events & EV_READ) ? fd : ARES_SOCKET_BAD,
                    (events & EV_WRITE) ? fd : ARES_SOCKET_BAD);
    arm_timer(channel);
}

static struct watch *watch_find(struct channel *channel, ares_socket_t fd)
{
    list_each(node, &channel->watches)
    {
        struct watch *watch = list_entry(node, struct watch, node);
        if (watch->fd == fd)
            return watch;
    }
    return NULL;
}

static void watch_free(struct watch *watch)
{
    list_remove(&watch->node);
    if (watch->event)
        event_free(watch->event);
    free(watch);
}

static struct watch *watch_new(struct channel *channel, ares_socket_t fd)
{
    struct watch *watch = calloc(1, sizeof *watch);
    if (!watch)
        return NULL;
    *watch = (struct watch){.channel = channel, .fd = fd};
    list_append(&channel->watches, &watch->node);
    return watch;
}

/* c-ares tells what it wants of a socket. Where memory lacks for it, the question times out. */
static void on_socket_state(void *data, ares_socket_t fd, int readable, int writable)
{
    struct channel *channel = data;
    struct watch *watch = watch_find(channel, fd);
    if (!readable && !writable) {
        if (watch)
            watch_free(watch);
        return;
    }
    if (!watch && !(watch = watch_new(channel, fd)))
        return;
    if (watch->event)
        event_free(watch->event);
    short wanted = (short)(EV_PERSIST | (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));
    watch->event = event_new(channel->base, fd, wanted, on_socket, watch);
    if (!watch->event || event_add(watch->event, NULL) < 0)
        watch_free(watch);
}

/* --- from open to close ---------------------------------------------------------------------- */

static int init_ares(struct channel *channel, enum transport transport, usec_t timeout)
{
    int transport_flag = transport == TRANSPORT_TCP ? ARES_FLAG_USEVC : ARES_FLAG_IGNTC;
    struct ares_options options = {
        .flags = ARES_FLAG_EDNS | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_NOCHECKRESP |
                 transport_flag,
        .timeout = (int)(timeout / USEC_PER_MSEC),
        .tries = 1,
        .ednspsz = EDNS_PAYLOAD,
        .sock_state_cb = on_socket_state,
        .sock_state_cb_data = channel,
    };
#ifdef ARES_FLAG_DNS0x20
    options.flags |= ARES_FLAG_DNS0x20; /* a forger must guess the case of the letters too */
#endif
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ |
               ARES_OPT_SOCK_STATE_CB;
#ifdef ARES_OPT_QUERY_CACHE
    options.qcache_max_ttl = 0; /* redial keeps the answers; a cache below would only age them */
    mask |= ARES_OPT_QUERY_CACHE;
#endif
    return ares_init_options(&channel->ares, &options, mask) == ARES_SUCCESS ? 0 : -ENOMEM;
}

int channel_open(struct event_base *base, const struct address *server, enum transport transport,
                 usec_t timeout, struct channel **ret_channel)
{
    char text[ADDRESS_TEXT_MAX];
    struct channel *channel = calloc(1, sizeof *channel);
    if (!channel)
        return -ENOMEM;
    channel->base = base;
    list_init(&channel->watches);
    int result = init_ares(channel, transport, timeout);
    if (result < 0) {
        free(channel);
        return result;
    }
    channel->timer = evtimer_new(base, on_timer, channel);
    if (!channel->timer)
        result = -ENOMEM;
    else if (ares_set_servers_ports_csv(channel->ares, address_format(server, text)) !=
             ARES_SUCCESS)
        result = -EINVAL;
    if (result < 0) {
        channel_close(channel);
        return result;
    }
    *ret_channel = channel;
    return 0;
}

void channel_close(struct channel *channel)
{
    if (!channel)
        return;
    ares_destroy(channel->ares); /* ends every query and closes every socket */
    if (channel->timer)
        event_free(channel->timer);
    free(channel);
}

void channel_ask(struct channel *channel, const char *name, enum dns_type type,
                 ares_callback callback, void *arg)
{
    ares_query(channel->ares, name, CLASS_IN, (int)type, callback, arg);
    arm_timer(channel);
}

/* c-ares says "refused" when it has no socket to ask with, too. */
static bool lacks_sockets(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    close(fd);
    return false;
}

enum answer_outcome channel_outcome(int status)
{
    switch (status) {
    case ARES_ETIMEOUT:
        return ANSWER_TIMEOUT;
    case ARES_ECONNREFUSED:
        return lacks_sockets() ? ANSWER_LOCAL_FAULT : ANSWER_UNREACHABLE;
    case ARES_ENOMEM:
        return ANSWER_LOCAL_FAULT;
    default:
        return ANSWER_MALFORMED;
    }
}
