#include "fleet.h"

#include "client.h"
#include "die.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BACKLOG = 4096 };

/* A packet filter on the listening socket: what comes to it is dropped before TCP sees it. */
static void set_deaf_to_syns(const struct backend *backend, bool on)
{
    struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog program = {.len = 1, .filter = &drop};
    int result = setsockopt(backend->listener, SOL_SOCKET, on ? SO_ATTACH_FILTER : SO_DETACH_FILTER,
                            &program, sizeof(program));
    if (result != 0) {
        die("backend %s: no packet filter", backend->ip);
    }
}

static void open_listener(struct backend *backend)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(backend->port)};
    int one = 1;
    inet_pton(AF_INET, backend->ip, &address.sin_addr);
    backend->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (backend->index % 2 == 1) {
        client_make_narrow(backend->listener);
    }
    if (backend->listener < 0 ||
        setsockopt(backend->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
        bind(backend->listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(backend->listener, BACKLOG) != 0) {
        die("backend: cannot listen on %s:%u", backend->ip, backend->port);
    }
}

void backend_start(struct backend *backend)
{
    char words[4][16];
    open_listener(backend);
    snprintf(words[0], sizeof(words[0]), "%d", backend->listener);
    snprintf(words[1], sizeof(words[1]), "%d", backend->ledger_fd);
    snprintf(words[2], sizeof(words[2]), "%u", backend->index);
    snprintf(words[3], sizeof(words[3]), "%u", backend->seed++ % 100000);
    backend->ledger->backends[backend->index].headless = 0;
    backend->pid = fork();
    if (backend->pid == 0) {
        char name[] = "chaos", manner[] = "--backend";
        char *arguments[] = {name, manner, words[0], words[1], words[2], words[3], NULL};
        fcntl(backend->listener, F_SETFD, 0);
        execv("/proc/self/exe", arguments);
        _exit(126);
    }
    if (backend->pid < 0) {
        die("cannot fork");
    }
    backend->state = BACKEND_ALIVE;
}

/* What its kernel had accepted and it had not: reset, and known by the head if that is there. */
static void break_queued(const struct backend *backend)
{
    struct ledger_backend *page = &backend->ledger->backends[backend->index];
    int fd;
    while ((fd = accept4(backend->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct head head;
        struct slot *slot = NULL;
        if (recv(fd, &head, sizeof(head), 0) == (ssize_t)sizeof(head)) {
            slot = ledger_claim(backend->ledger, &head, backend->index);
        }
        if (slot != NULL) {
            slot_mark(slot, MARK_KILLED);
            slot->state = SLOT_OVER;
        } else {
            page->broken++;
        }
        client_reset(fd);
    }
}

static void break_open(const struct backend *backend)
{
    struct ledger_backend *page = &backend->ledger->backends[backend->index];
    for (size_t i = 0; i < LEDGER_SLOTS; i++) {
        struct slot *slot = &backend->ledger->slots[i];
        if (slot->state == SLOT_OPEN && slot->backend == backend->index) {
            slot_mark(slot, MARK_KILLED);
            slot->state = SLOT_OVER;
        }
    }
    page->broken += page->headless;
    page->headless = 0;
}

void backend_kill(struct backend *backend)
{
    if (backend->pid == 0) {
        return;
    }
    if (backend->state != BACKEND_BLACK_HOLE) {
        set_deaf_to_syns(backend, true); /* nobody comes while it is counted who is there */
    }
    kill(backend->pid, SIGKILL);
    if (waitpid(backend->pid, NULL, 0) != backend->pid) {
        die("backend %s is lost", backend->ip);
    }
    break_open(backend);
    break_queued(backend);
    close(backend->listener);
    backend->listener = -1;
    backend->pid = 0;
    backend->state = BACKEND_DEAD;
}

void backend_freeze(struct backend *backend)
{
    kill(backend->pid, SIGSTOP);
    backend->state = BACKEND_FROZEN;
}

void backend_black_hole(struct backend *backend)
{
    set_deaf_to_syns(backend, true);
    backend->state = BACKEND_BLACK_HOLE;
}

void backend_set_manner(struct backend *backend, enum manner manner)
{
    backend->ledger->backends[backend->index].manner = manner;
}

bool backend_is_well(const struct backend *backend)
{
    unsigned manner = backend->ledger->backends[backend->index].manner;
    return backend->state == BACKEND_ALIVE && (manner == MANNER_SERVE || manner == MANNER_SLOW);
}

void backend_heal(struct backend *backend)
{
    backend_set_manner(backend, MANNER_SERVE);
    switch (backend->state) {
    case BACKEND_ALIVE:
        break;
    case BACKEND_DEAD:
        backend_start(backend);
        break;
    case BACKEND_FROZEN:
        kill(backend->pid, SIGCONT);
        break;
    case BACKEND_BLACK_HOLE:
        set_deaf_to_syns(backend, false);
        break;
    }
    backend->state = BACKEND_ALIVE;
}
