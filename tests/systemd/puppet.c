/* A daemon as small as can be, for a real systemd: it serves its process number to whoever
 * connects, and does what redial does with notify.h, watchdog.h, inherited.h and handover.h.
 *
 *   puppet LISTEN    127.0.0.1:PORT, or systemd:NAME
 *
 * SIGHUP: a reload. SIGUSR2: a successor takes over, and this process ends. SIGUSR1: it hangs. */
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/handover.h"
#include "daemon/inherited.h"
#include "daemon/notify.h"
#include "daemon/watchdog.h"
#include "proxy/listener.h"

static struct listen where;
static struct notify notify;
static char **arguments;
static int listener = -1, signals = -1;
static unsigned reloads;

static void fail(const char *what)
{
    log_error(what);
    exit(1);
}

static void status_line(char *text, size_t size, const char *origin)
{
    snprintf(text, size, "process %d, %s socket, %u reloads", (int)getpid(), origin, reloads);
}

/* Waits for the predecessor's word that systemd has heard who is the main process now. */
static void relieve(int ready)
{
    char byte = 'r';
    if (write(ready, &byte, 1) != 1)
        fail("the predecessor is gone");
    while (read(ready, &byte, 1) > 0)
        ;
    close(ready);
}

static void start(void)
{
    struct inherited *inherited;
    char text[300], name[LISTEN_TEXT_MAX];
    const char *origin = "handed-over";
    if (inherited_open(&inherited, text, sizeof text) < 0)
        fail(text);
    listener = inherited_take(inherited, &where);
    if (listener < 0 && listen_is_systemd(&where)) {
        inherited_explain(inherited, &where, text, sizeof text);
        fail(text);
    }
    if (listener < 0) {
        origin = "own";
        listener = listener_open(&where, false);
        if (listener < 0)
            fail("cannot listen");
    }
    if (notify_open(&notify) < 0)
        fail("NOTIFY_SOCKET");
    int ready = inherited_take_file(inherited, HANDOVER_READY);
    if (ready >= 0)
        relieve(ready);
    else
        notify_store(&notify, handover_name(&where, name), &listener, 1);
    inherited_dismiss(inherited);
    inherited_close(inherited);
    status_line(text, sizeof text, origin);
    notify_ready(&notify, text);
    log_info("ready");
}

static void reload(void)
{
    char text[300];
    notify_reloading(&notify, "reloading");
    reloads++;
    status_line(text, sizeof text, "same");
    notify_ready(&notify, text);
}

static void hand_over(void)
{
    struct handover handover = {0};
    int ends[2];
    char byte;
    pid_t successor;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        fail("no socketpair");
    handover_add_socket(&handover, &where, listener);
    handover_add(&handover, HANDOVER_READY, ends[1]);
    int result = handover_start(&handover, arguments[0], arguments, &successor);
    handover_clear(&handover);
    close(ends[1]);
    if (result < 0 || read(ends[0], &byte, 1) != 1) {
        log_error("no successor", log_number("error", result));
        close(ends[0]);
        return;
    }
    notify_hand_over(&notify, successor);
    exit(0); /* at once: nobody is connected */
}

static void obey(void)
{
    struct signalfd_siginfo info;
    if (read(signals, &info, sizeof info) != sizeof info)
        return;
    switch (info.ssi_signo) {
    case SIGHUP:
        reload();
        break;
    case SIGUSR1:
        log_info("hanging");
        for (;;)
            pause();
    case SIGUSR2:
        hand_over();
        break;
    default:
        notify_stopping(&notify, "stopping", 10 * USEC_PER_SEC);
        exit(0);
    }
}

static void serve(void)
{
    char text[20];
    int length = snprintf(text, sizeof text, "%d\n", (int)getpid());
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0)
        return;
    if (write(client, text, (size_t)length) < 0)
        log_warning("a client is gone");
    close(client);
}

static void catch_signals(void)
{
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGHUP);
    sigaddset(&wanted, SIGUSR1);
    sigaddset(&wanted, SIGUSR2);
    sigaddset(&wanted, SIGTERM);
    sigprocmask(SIG_BLOCK, &wanted, NULL);
    signals = signalfd(-1, &wanted, SFD_CLOEXEC);
}

int main(int argc, char **argv)
{
    struct listen listens[LISTEN_EXPANSION_MAX];
    const char *why = "usage: puppet LISTEN";
    log_setup(STDERR_FILENO, LOG_LEVEL_INFO, LOG_FORMAT_TEXT, log_stderr_is_journal());
    if (argc != 2 || listen_parse(argv[1], listens, &why) < 1)
        fail(why);
    arguments = argv;
    where = listens[0];
    catch_signals();
    start();
    int period = (int)(watchdog_period() / USEC_PER_MSEC);
    for (;;) {
        struct pollfd files[] = {{.fd = signals, .events = POLLIN},
                                 {.fd = listener, .events = POLLIN}};
        if (period > 0)
            notify_watchdog(&notify);
        if (poll(files, 2, period > 0 ? period : -1) <= 0)
            continue;
        if (files[0].revents)
            obey();
        if (files[1].revents)
            serve();
    }
}
