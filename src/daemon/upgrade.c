#include "daemon/upgrade.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/engine.h"
#include "daemon/handover.h"
#include "daemon/known.h"
#include "daemon/pulse.h"
#include "daemon/service.h"
#include "proxy/loop.h"

/* How long a successor may take until it serves. */
#define PATIENCE (60 * USEC_PER_SEC)

/* Room for why one failed. */
#define WHY_MAX 256

struct upgrade {
    struct engine *engine;
    char *const *argv;
    char *program;
    upgrade_done *done;
    void *arg;
    bool begins; /* and the workers are told */
    struct pulse_wait wait;
    pid_t successor;     /* that starts; 0: none */
    int ready;           /* our end of the socket on which it says that it serves; -1: none */
    struct event *heard; /* something came there */
    struct event *timer;
    time_t failed; /* when the last one did; 0: it did not */
    char why[WHY_MAX];
};

/* --- what the successor gets -------------------------------------------------------------------
 */

static int add_fronts(struct handover *handover, struct engine *engine)
{
    int result = 0;
    list_each(node, &engine->fronts.open)
    {
        struct front *front = list_entry(node, struct front, node);
        for (size_t i = 0; i < front->count && result == 0; i++)
            if (!front->sockets[i].copy)
                result = handover_add_socket(handover, &front->listen, front->sockets[i].fd);
    }
    return result;
}

/* Returns a memfd or -errno. */
static int write_known(struct engine *engine)
{
    size_t count = 0;
    struct known_entry *entries = calloc(engine->config->upstream_count + 1, sizeof *entries);
    if (!entries)
        return -ENOMEM;
    list_each(node, &engine->services)
    {
        struct service *service = list_entry(node, struct service, node);
        entries[count++] =
            (struct known_entry){service_config(service), discovery_set(service->discovery)};
    }
    int fd = known_write(entries, count);
    free(entries);
    return fd;
}

static int start(struct upgrade *upgrade, int ready, int known)
{
    struct handover handover = {0};
    int result = add_fronts(&handover, upgrade->engine);
    if (result == 0)
        result = handover_add(&handover, HANDOVER_KNOWN, known);
    if (result == 0)
        result = handover_add(&handover, HANDOVER_READY, ready);
    if (result == 0)
        result = handover_start(&handover, upgrade->program, upgrade->argv, &upgrade->successor);
    handover_clear(&handover);
    return result;
}

/* --- how it ends --------------------------------------------------------------------------------
 */

static void give_up_waiting(struct upgrade *upgrade)
{
    event_del(upgrade->timer);
    if (upgrade->heard)
        event_free(upgrade->heard);
    if (upgrade->ready >= 0)
        close(upgrade->ready);
    upgrade->heard = NULL;
    upgrade->ready = -1;
}

/* `successor` 0: it did not come to one. */
static void note_failure(struct upgrade *upgrade, pid_t successor, const char *why)
{
    char number[16];
    give_up_waiting(upgrade);
    if (upgrade->successor > 0)
        kill(upgrade->successor, SIGKILL);
    upgrade->successor = 0;
    upgrade->failed = time(NULL);
    snprintf(upgrade->why, sizeof upgrade->why, "%s: %s", upgrade->program, why);
    snprintf(number, sizeof number, "%d", (int)successor);
    log_outcome_error("the upgrade failed: this process goes on",
                      log_text("program", upgrade->program),
                      log_text("successor", successor > 0 ? number : NULL), log_text("error", why));
}

static void on_heard(evutil_socket_t fd, short events, void *arg)
{
    struct upgrade *upgrade = arg;
    char byte;
    (void)events;
    if (read(fd, &byte, 1) != 1) { /* its end, of which SIGCHLD tells the reason */
        event_free(upgrade->heard);
        upgrade->heard = NULL;
        return;
    }
    pid_t successor = upgrade->successor;
    log_outcome_info("upgraded", log_number("successor", successor));
    upgrade->successor = 0;
    upgrade->done(upgrade->arg, successor);
    give_up_waiting(upgrade); /* and with that the successor knows that it is the one */
}

static void on_timeout(evutil_socket_t fd, short events, void *arg)
{
    struct upgrade *upgrade = arg;
    (void)fd;
    (void)events;
    note_failure(upgrade, upgrade->successor, "it did not say in time that it serves");
}

void upgrade_child_ended(struct upgrade *upgrade, pid_t child, int status)
{
    char why[WHY_MAX];
    if (!upgrade || child != upgrade->successor)
        return;
    upgrade->successor = 0;
    if (WIFSIGNALED(status))
        snprintf(why, sizeof why, "it was ended by signal %d", WTERMSIG(status));
    else
        snprintf(why, sizeof why, "it ended with status %d: its own lines in the log say why",
                 WEXITSTATUS(status));
    note_failure(upgrade, child, why);
}

/* --- how it begins ------------------------------------------------------------------------------
 */

static int await(struct upgrade *upgrade)
{
    upgrade->heard =
        event_new(upgrade->engine->base, upgrade->ready, EV_READ | EV_PERSIST, on_heard, upgrade);
    struct timeval patience = clock_timeval(PATIENCE);
    return upgrade->heard && event_add(upgrade->heard, NULL) == 0 &&
                   event_add(upgrade->timer, &patience) == 0
               ? 0
               : -ENOMEM;
}

static int begin(struct upgrade *upgrade)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    upgrade->ready = ends[0];
    int known = write_known(upgrade->engine);
    int result = known < 0 ? known : await(upgrade);
    if (result == 0)
        result = start(upgrade, ends[1], known);
    if (known >= 0)
        close(known);
    close(ends[1]);
    return result;
}

/* Every worker knows by now that its descriptors are about to be shared. */
static void on_pulse(struct pulse_wait *wait)
{
    struct upgrade *upgrade = list_entry(wait, struct upgrade, wait);
    int result = begin(upgrade);
    loop_descriptors_are_shared(false);
    upgrade->begins = false;
    if (result < 0)
        note_failure(upgrade, 0, strerror(-result));
    else
        log_outcome_info("upgrading", log_text("program", upgrade->program),
                         log_number("successor", upgrade->successor));
}

bool upgrade_under_way(const struct upgrade *upgrade)
{
    return upgrade->begins || upgrade->successor != 0;
}

time_t upgrade_failed(const struct upgrade *upgrade, const char **ret_why)
{
    *ret_why = upgrade->why;
    return upgrade->failed;
}

int upgrade_begin(struct upgrade *upgrade, char *ret_why, size_t size)
{
    if (upgrade->engine->stopping) {
        snprintf(ret_why, size, "redial is stopping");
        return -EBUSY;
    }
    if (upgrade_under_way(upgrade)) {
        snprintf(ret_why, size, "an upgrade is under way already");
        return -EBUSY;
    }
    if (getpid() == 1) {
        snprintf(ret_why, size,
                 "redial is process 1, whose end is that of its container: start a "
                 "container of the new image instead");
        return -EPERM;
    }
    upgrade->begins = true;
    upgrade->failed = 0;
    loop_descriptors_are_shared(true);
    pulse_ask(upgrade->engine->pulse, &upgrade->wait);
    return 0;
}

/* --- from start to end --------------------------------------------------------------------------
 */

/* The path by which the program was started, since a package's upgrade puts another file there; or
 * the file that runs, where it was found by PATH. */
static char *find_program(const char *name)
{
    return realpath(strchr(name, '/') ? name : "/proc/self/exe", NULL);
}

struct upgrade *upgrade_new(struct engine *engine, char *const argv[], upgrade_done *done,
                            void *arg)
{
    struct upgrade *upgrade = calloc(1, sizeof *upgrade);
    if (!upgrade)
        return NULL;
    *upgrade =
        (struct upgrade){.engine = engine, .argv = argv, .done = done, .arg = arg, .ready = -1};
    upgrade->wait.answered = on_pulse;
    list_init(&upgrade->wait.node);
    upgrade->program = find_program(argv[0]);
    upgrade->timer = evtimer_new(engine->base, on_timeout, upgrade);
    if (upgrade->program && upgrade->timer)
        return upgrade;
    upgrade_free(upgrade);
    return NULL;
}

void upgrade_cancel(struct upgrade *upgrade)
{
    if (upgrade_under_way(upgrade)) {
        log_outcome_info("the upgrade was given up: this process stops");
        upgrade->failed = time(NULL);
        snprintf(upgrade->why, sizeof upgrade->why, "redial was told to stop meanwhile");
    }
    pulse_forget(&upgrade->wait);
    if (upgrade->begins)
        loop_descriptors_are_shared(false);
    upgrade->begins = false;
    if (upgrade->successor > 0)
        kill(upgrade->successor, SIGKILL);
    upgrade->successor = 0;
    give_up_waiting(upgrade);
}

void upgrade_free(struct upgrade *upgrade)
{
    if (!upgrade)
        return;
    if (upgrade->timer) {
        upgrade_cancel(upgrade);
        event_free(upgrade->timer);
    }
    free(upgrade->program);
    free(upgrade);
}
