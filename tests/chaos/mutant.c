#include "mutant.h"

#include "client.h"
#include "die.h"
#include "ledger.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LISTENERS_MOST = 8, PAIRS_MOST = 1000, BUFFER = 1 << 15, HARMED_EACH = 10 };

enum harm {
    HARM_NONE,
    HARM_ALTER_UP,   /* one bit of what the client sends */
    HARM_ALTER_DOWN, /* one bit of what it receives */
    HARM_LOSE,       /* both sides are reset */
    HARM_CUT,        /* the client gets an orderly end before all is said */
    HARM_HOLD,       /* the client's end is not passed on */
    HARM_LEAK,       /* a connection to redial that is no client's, and stays */
    HARMS
};
static const char *const harm_names[HARMS] = {"none", "alter-up", "alter-down", "lose",
                                              "cut",  "hold",     "leak"};

/* One direction: what was read from `from` and is not yet sent. */
struct half {
    int from, to;
    bool ended, end_sent;
    size_t length, sent;
    char bytes[BUFFER];
};

struct pair {
    struct half up, down;
    enum harm harm;
};

static struct pair *pairs[PAIRS_MOST];
static size_t pair_count, connections;
static enum harm harm;

bool mutant_is_known(const char *kind)
{
    for (size_t i = 0; i < HARMS; i++) {
        if (strcmp(kind, harm_names[i]) == 0) {
            harm = (enum harm)i;
            return true;
        }
    }
    return false;
}

static void pair_open(int client, const char *target)
{
    bool harmed = ++connections % HARMED_EACH == 0;
    int redial = client_connect(target, 5000);
    if (redial < 0 || pair_count == PAIRS_MOST) { /* a backend's reset may be as early as this */
        client_reset(client);
        client_close(redial);
        return;
    }
    struct pair *pair = must_calloc(1, sizeof(*pair));
    pair->up.from = pair->down.to = client;
    pair->up.to = pair->down.from = redial;
    pair->harm = harmed ? harm : HARM_NONE;
    pairs[pair_count++] = pair;
    if (pair->harm == HARM_LEAK) {
        client_connect(target, 5000);
    }
}

static void pair_close(size_t index, bool reset)
{
    struct pair *pair = pairs[index];
    void (*shut)(int fd) = reset ? client_reset : client_close;
    shut(pair->up.from);
    shut(pair->up.to);
    free(pair);
    pairs[index] = pairs[--pair_count];
}

/* Harms what was just read: false when the connection is to go. */
static bool harm_bytes(struct pair *pair, struct half *half)
{
    bool up = half == &pair->up;
    if (half->length == 0) {
        return true;
    }
    bool alters = pair->harm == (up ? HARM_ALTER_UP : HARM_ALTER_DOWN);
    if (alters && half->length > sizeof(struct head)) { /* not the head, whose seal would tell */
        half->bytes[half->length - 1] ^= 1;
        pair->harm = HARM_NONE;
    }
    return up || (pair->harm != HARM_LOSE && pair->harm != HARM_CUT);
}

/* Moves what can be moved: false when a side is gone. */
static bool half_step(struct pair *pair, struct half *half)
{
    if (half->sent == half->length && !half->ended) {
        ssize_t got = recv(half->from, half->bytes, sizeof(half->bytes), 0);
        if (got < 0) {
            return errno == EAGAIN;
        }
        half->ended = got == 0;
        half->sent = 0;
        half->length = (size_t)got;
        if (!harm_bytes(pair, half)) {
            return false;
        }
    }
    while (half->sent < half->length) {
        ssize_t put =
            send(half->to, half->bytes + half->sent, half->length - half->sent, MSG_NOSIGNAL);
        if (put < 0) {
            return errno == EAGAIN;
        }
        half->sent += (size_t)put;
    }
    if (half->ended && !half->end_sent && !(half == &pair->up && pair->harm == HARM_HOLD)) {
        half->end_sent = true;
        shutdown(half->to, SHUT_WR);
    }
    return true;
}

static void step_pairs(void)
{
    for (size_t i = 0; i < pair_count;) {
        struct pair *pair = pairs[i];
        if (!half_step(pair, &pair->up) || !half_step(pair, &pair->down)) {
            pair_close(i, pair->harm != HARM_CUT);
        } else if (pair->up.end_sent && pair->down.end_sent) {
            pair_close(i, false);
        } else {
            i++;
        }
    }
}

static void serve(const char *const *addresses, const int *listeners, size_t count)
{
    for (;;) {
        poll(NULL, 0, 2);
        for (size_t i = 0; i < count; i++) {
            int fd;
            while ((fd = accept4(listeners[i], NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                pair_open(fd, addresses[2 * i + 1]);
            }
        }
        step_pairs();
    }
}

pid_t mutant_start(const char *kind, const char *const *addresses)
{
    int listeners[LISTENERS_MOST];
    size_t count = 0;
    for (; addresses[2 * count] != NULL; count++) {
        struct sockaddr_storage address;
        socklen_t size = client_parse_address(addresses[2 * count], &address);
        listeners[count] = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (bind(listeners[count], (struct sockaddr *)&address, size) != 0 ||
            listen(listeners[count], 4096) != 0) {
            die("mutant: cannot listen on %s", addresses[2 * count]);
        }
    }
    pid_t pid = fork();
    if (pid < 0 || !mutant_is_known(kind)) {
        die("no mutant");
    }
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGABRT, SIG_DFL); /* the model's handlers are not for this process */
        signal(SIGTERM, SIG_DFL);
        signal(SIGINT, SIG_DFL);
        for (int fd = STDERR_FILENO + 1; fd < listeners[0]; fd++) {
            close(fd); /* the listening sockets of backends, too, which must be able to die */
        }
        serve(addresses, listeners, count);
    }
    for (size_t i = 0; i < count; i++) {
        close(listeners[i]);
    }
    return pid;
}
