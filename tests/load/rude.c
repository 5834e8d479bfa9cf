/* rude: clients that take and give nothing. See help. */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "exchange.h"
#include "net.h"
#include "pace.h"

#define NS_A_SECOND INT64_C(1000000000)
#define SOURCES 16
#define LONGEST_END 120 /* seconds for what a trickle had not taken yet */
#define EVENTS_A_TURN 256

static const char help[] =
    "Usage: rude flood [-k KEEP] [-d SECONDS] [-e] ADDRESS:PORT\n"
    "         connects as fast as it can and sends nothing. The last KEEP (1) stay open; the "
    "oldest\n"
    "         is abandoned by a reset (-e: in good order) when the next one comes\n"
    "       rude trickle [-c N] [-b BYTES] [-r BYTES] [-d SECONDS] ADDRESS:PORT\n"
    "         N (1000) connections ask redial-load's origin for BYTES (1 MiB) and take -r (1024) "
    "of\n"
    "         them a second, for SECONDS (10) or until SIGTERM; then all that is left, and it "
    "must\n"
    "         be all\n";

struct plan {
    struct sockaddr_in target;
    long keep, count, rate;
    uint64_t body;
    double seconds;
    bool orderly;
};

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS_A_SECOND + now.tv_nsec;
}

static int fail(const char *what)
{
    fprintf(stderr, "rude: %s: %s\n", what, strerror(errno));
    return 1;
}

/* From one of several addresses, each of which has all ephemeral ports. Without `wait` the connect
 * may go on: where an accept queue is full, that is long. -1: errno says why. */
static int connect_from(const struct sockaddr_in *target, uint64_t number, bool wait)
{
    const struct sockaddr_in source = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 15 + (uint32_t)(number % SOURCES)),
    };
    const int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (wait ? 0 : SOCK_NONBLOCK), 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
    bind(fd, (const struct sockaddr *)&source, sizeof(source));
    if (connect(fd, (const struct sockaddr *)target, sizeof(*target)) == 0 || errno == EINPROGRESS)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* --- flood --------------------------------------------------------------------------------------
 */

static void abandon(int fd, bool orderly)
{
    const struct linger reset = {.l_onoff = 1};

    if (!orderly)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    close(fd);
}

/* Returns how many were begun. */
static uint64_t flood_until(const struct plan *plan, int *kept, int64_t until)
{
    uint64_t opened = 0;

    while (now_ns() < until) {
        int *place = &kept[opened % (uint64_t)plan->keep];
        if (*place >= 0)
            abandon(*place, plan->orderly);
        *place = connect_from(&plan->target, opened, false);
        if (*place < 0 && errno != EADDRNOTAVAIL) /* ports come back */
            break;
        opened++;
    }
    return opened;
}

static int flood(const struct plan *plan)
{
    int *kept = malloc((size_t)plan->keep * sizeof(*kept));
    int64_t begun = now_ns(), until = begun + (int64_t)(plan->seconds * 1e9);

    if (!kept)
        return fail("flood");
    for (long i = 0; i < plan->keep; i++)
        kept[i] = -1;
    uint64_t opened = flood_until(plan, kept, until);
    int64_t end = now_ns();
    if (end < until)
        return fail("flood");
    for (long i = 0; i < plan->keep; i++) {
        if (kept[i] >= 0)
            abandon(kept[i], plan->orderly);
    }
    free(kept);
    printf("opened=%" PRIu64 " seconds=%.3f\n", opened, (double)(end - begun) / 1e9);
    return 0;
}

/* --- trickle ------------------------------------------------------------------------------------
 */

static volatile sig_atomic_t enough;

static void on_enough(int number)
{
    (void)number;
    enough = 1;
}

struct trickle {
    const struct plan *plan;
    int *fds;
    uint64_t *got;
    uint64_t expected, total;
    const char *error;
};

static void trickle_failed(struct trickle *trickle, const char *error)
{
    if (!trickle->error)
        trickle->error = error;
}

static void take(struct trickle *trickle, long i, size_t most)
{
    static char buffer[256 * 1024];
    size_t size = most < sizeof(buffer) ? most : sizeof(buffer);
    ssize_t n = recv(trickle->fds[i], buffer, size, MSG_DONTWAIT);

    if (n < 0 && errno != EAGAIN)
        trickle_failed(trickle, strerror(errno));
    else if (n == 0)
        trickle_failed(trickle, "an end before all had come");
    else if (n > 0) {
        trickle->got[i] += (uint64_t)n;
        trickle->total += (uint64_t)n;
    }
}

static bool start_trickle(struct trickle *trickle)
{
    const struct plan *plan = trickle->plan;
    char request[REQUEST_MAX];
    size_t size =
        (size_t)snprintf(request, sizeof(request), REQUEST_FORMAT, plan->body, REQUEST_CLOSE);

    trickle->expected = RESPONSE_HEAD_SIZE + plan->body;
    for (long i = 0; i < plan->count; i++) {
        trickle->fds[i] = connect_from(&plan->target, (uint64_t)i, true);
        if (trickle->fds[i] < 0 ||
            send(trickle->fds[i], request, size, MSG_NOSIGNAL) != (ssize_t)size)
            return false;
    }
    return true;
}

/* Each in its turn, evenly over every second. */
static bool trickle_on(struct trickle *trickle)
{
    const struct plan *plan = trickle->plan;
    int64_t until = now_ns() + (int64_t)(plan->seconds * 1e9);
    struct pace pace;
    long turn = 0;

    if (pace_start(&pace, (double)plan->count) != 0)
        return false;
    while (!trickle->error && !enough && now_ns() < until) {
        const struct timespec rest = {.tv_nsec = 10 * 1000 * 1000};
        nanosleep(&rest, NULL);
        for (; pace_is_due(&pace, now_ns()); pace_take(&pace))
            take(trickle, turn++ % plan->count, (size_t)plan->rate);
    }
    pace_stop(&pace);
    return !trickle->error;
}

/* All that is left, as it comes. */
static bool drain(struct trickle *trickle)
{
    int loop = epoll_create1(EPOLL_CLOEXEC);
    uint64_t all = trickle->expected * (uint64_t)trickle->plan->count;
    int64_t until = now_ns() + LONGEST_END * NS_A_SECOND;

    for (long i = 0; i < trickle->plan->count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)i};
        epoll_ctl(loop, EPOLL_CTL_ADD, trickle->fds[i], &event);
    }
    while (!trickle->error && trickle->total < all && now_ns() < until) {
        struct epoll_event events[EVENTS_A_TURN];
        int n = epoll_wait(loop, events, EVENTS_A_TURN, 100);
        for (int e = 0; e < n; e++) {
            long i = (long)events[e].data.u64;
            take(trickle, i, SIZE_MAX);
            if (trickle->got[i] >= trickle->expected)
                epoll_ctl(loop, EPOLL_CTL_DEL, trickle->fds[i], NULL);
        }
    }
    close(loop);
    if (trickle->total != all)
        trickle_failed(trickle, "not all has come");
    return !trickle->error;
}

static int trickle(const struct plan *plan)
{
    struct trickle trickle = {
        .plan = plan,
        .fds = calloc((size_t)plan->count, sizeof(int)),
        .got = calloc((size_t)plan->count, sizeof(uint64_t)),
    };

    signal(SIGTERM, on_enough);
    if (!trickle.fds || !trickle.got || !start_trickle(&trickle))
        return fail("trickle");
    puts("asked");
    fflush(stdout);
    bool ok = trickle_on(&trickle);
    uint64_t trickled = trickle.total;
    if (!ok || !drain(&trickle)) {
        fprintf(stderr, "rude: trickle: %s\n", trickle.error ? trickle.error : strerror(errno));
        return 1;
    }
    printf("trickled=%" PRIu64 " bytes=%" PRIu64 "\n", trickled, trickle.total);
    free(trickle.fds);
    free(trickle.got);
    return 0;
}

/* ------------------------------------------------------------------------------------------------
 */

static int usage(void)
{
    fputs(help, stderr);
    return 2;
}

static bool read_option(struct plan *plan, int option)
{
    double number = option == 'e' || option == '?' ? 0 : atof(optarg);

    if (option == 'e')
        plan->orderly = true;
    else if (number <= 0)
        return false;
    else if (option == 'k')
        plan->keep = (long)number;
    else if (option == 'd')
        plan->seconds = number;
    else if (option == 'c')
        plan->count = (long)number;
    else if (option == 'b')
        plan->body = (uint64_t)number;
    else
        plan->rate = (long)number;
    return true;
}

int main(int argc, char *argv[])
{
    struct plan plan = {
        .keep = 1, .count = 1000, .rate = 1024, .body = UINT64_C(1) << 20, .seconds = 10};
    const char *command = argc > 1 ? argv[1] : "";
    int option;

    net_raise_fd_limit();
    while (argc > 2 && (option = getopt(argc - 1, argv + 1, "k:d:ec:b:r:")) != -1) {
        if (!read_option(&plan, option))
            return usage();
    }
    if (argc < 3 || optind != argc - 2 || !net_parse(argv[argc - 1], &plan.target))
        return usage();
    if (strcmp(command, "flood") == 0)
        return flood(&plan);
    return strcmp(command, "trickle") == 0 ? trickle(&plan) : usage();
}
