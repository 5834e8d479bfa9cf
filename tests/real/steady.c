/* steady: clients that come at a constant rate, whatever became of those before them, and backends
 * for them. A load that waits for its answers would ask little of a service that hangs, and call it
 * fast. See usage(). */
#include "client.h"
#include "die.h"
#include "peer.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { USEC = 1000000, ANSWER_MAX = 64 };

static void usage(void)
{
    fputs(
        "Usage: steady serve ADDRESS:PORT...\n"
        "          answers each line of a client with the address\n"
        "       steady load [-r RATE] [-n COUNT] [-t SECONDS] ADDRESS:PORT\n"
        "          RATE connections a second (100), COUNT of them (1000): each sends a line and\n"
        "          waits for one, for SECONDS (20). A line for each: when it began (in\n"
        "          microseconds of the epoch), how long it took, how it ended, the answer\n"
        "       steady talk ADDRESS:PORT\n"
        "          hands on what comes, both ways, until one side ends. (curl's telnet waits for\n"
        "          its input alone, and then hears no answer.)\n",
        stderr);
    exit(2);
}

static int64_t now_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * USEC + now.tv_nsec / 1000;
}

/* --- backends --------------------------------------------------------------------------------- */

static void serve(char *const *addresses, int count)
{
    struct peers *peers = peers_start();
    for (int i = 0; i < count; i++) {
        char ip[ANSWER_MAX];
        snprintf(ip, sizeof(ip), "%s", addresses[i]);
        char *port = strrchr(ip, ':');
        if (port == NULL) {
            usage();
        }
        *port = '\0';
        peer_add_identify(peers, ip, (uint16_t)atoi(port + 1));
    }
    puts("ready");
    fflush(stdout);
    for (;;) {
        pause();
    }
}

/* --- clients ---------------------------------------------------------------------------------- */

struct load {
    struct event_base *base;
    const char *address;
    int64_t interval; /* between two clients */
    int64_t next;     /* when the next one is due */
    long left;        /* to be started */
    long open;
    int seconds;
    struct event *timer;
};

struct one {
    struct load *load;
    struct event *event;
    int64_t began, epoch;
    char answer[ANSWER_MAX];
    size_t length;
    bool asked;
};

static void end_one(struct one *one, const char *how)
{
    struct load *load = one->load;
    printf("%" PRId64 " %" PRId64 " %s %s\n", one->epoch, now_us(CLOCK_MONOTONIC) - one->began, how,
           one->length > 0 ? one->answer : "-");
    client_close(event_get_fd(one->event));
    event_free(one->event);
    free(one);
    if (--load->open == 0 && load->left == 0) {
        event_base_loopbreak(load->base);
    }
}

static void on_one(evutil_socket_t fd, short what, void *context)
{
    struct one *one = context;
    struct timeval wait = {one->load->seconds, 0};
    if (what & EV_TIMEOUT) {
        end_one(one, "silence");
        return;
    }
    if (!one->asked) {
        one->asked = true;
        if (client_connect_finish(fd, 0) < 0 || client_send(fd, "who\n", 4, 0) < 0) {
            end_one(one, "refused");
            return;
        }
        event_del(one->event);
        event_assign(one->event, one->load->base, fd, EV_READ, on_one, one);
        event_add(one->event, &wait);
        return;
    }
    ssize_t got = client_receive(fd, one->answer + one->length, ANSWER_MAX - 1 - one->length, 0);
    one->length += got > 0 ? (size_t)got : 0;
    char *end = memchr(one->answer, '\n', one->length);
    if (end != NULL) {
        *end = '\0';
        end_one(one, "ok");
    } else if (got > 0 && one->length < ANSWER_MAX - 1) {
        event_add(one->event, &wait);
    } else {
        one->length = 0;
        end_one(one, got == -ECONNRESET ? "reset" : "end");
    }
}

static void start_one(struct load *load)
{
    struct timeval wait = {load->seconds, 0};
    struct one *one = calloc(1, sizeof(*one));
    if (one == NULL) {
        die("no memory for a client");
    }
    one->load = load;
    one->epoch = now_us(CLOCK_REALTIME);
    one->began = now_us(CLOCK_MONOTONIC);
    int fd = client_connect_start(load->address, 0);
    if (fd < 0) {
        die("%s: %s", load->address, strerror(-fd));
    }
    one->event = event_new(load->base, fd, EV_WRITE, on_one, one);
    event_add(one->event, &wait);
    load->open++;
    load->left--;
}

static void on_due(evutil_socket_t fd, short what, void *context)
{
    struct load *load = context;
    (void)fd;
    (void)what;
    int64_t now = now_us(CLOCK_MONOTONIC);
    for (; load->left > 0 && load->next <= now; load->next += load->interval) {
        start_one(load);
    }
    if (load->left > 0) {
        int64_t wait = load->next - now;
        event_add(load->timer, &(struct timeval){wait / USEC, wait % USEC});
    }
}

static int run_load(int count, char **words)
{
    struct load load = {.interval = USEC / 100, .left = 1000, .seconds = 20};
    int option;
    while ((option = getopt(count, words, "r:n:t:")) != -1) {
        long number = option == '?' ? 0 : atol(optarg);
        if (number <= 0) {
            usage();
        } else if (option == 'r') {
            load.interval = USEC / number;
        } else if (option == 'n') {
            load.left = number;
        } else {
            load.seconds = (int)number;
        }
    }
    if (optind != count - 1) {
        usage();
    }
    setvbuf(stdout, NULL, _IOLBF, 0); /* who reads along finds whole lines */
    load.address = words[optind];
    load.base = event_base_new();
    load.timer = evtimer_new(load.base, on_due, &load);
    load.next = now_us(CLOCK_MONOTONIC);
    on_due(-1, 0, &load);
    event_base_dispatch(load.base);
    event_free(load.timer);
    event_base_free(load.base);
    return 0;
}

/* --- one that stays -----------------------------------------------------------------------------
 */

static int talk(const char *address)
{
    char bytes[4096];
    int fd = client_connect(address, 5000);
    struct pollfd sides[] = {{.fd = fd, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
    if (fd < 0) {
        fprintf(stderr, "steady: %s: %s\n", address, strerror(-fd));
        return 1;
    }
    while (poll(sides, 2, -1) > 0 || errno == EINTR) {
        ssize_t got = 1;
        if (sides[0].revents != 0) {
            got = client_receive(fd, bytes, sizeof(bytes), 0);
            if (got <= 0 || write(STDOUT_FILENO, bytes, (size_t)got) != got)
                break;
        }
        if (sides[1].revents != 0) {
            got = read(STDIN_FILENO, bytes, sizeof(bytes));
            if (got <= 0 || client_send(fd, bytes, (size_t)got, 5000) < 0)
                break;
        }
    }
    client_close(fd);
    return 0;
}

int main(int count, char **words)
{
    if (count == 3 && strcmp(words[1], "talk") == 0) {
        return talk(words[2]);
    }
    if (count >= 3 && strcmp(words[1], "serve") == 0) {
        serve(words + 2, count - 2);
    }
    if (count >= 3 && strcmp(words[1], "load") == 0) {
        return run_load(count - 1, words + 1);
    }
    usage();
}
