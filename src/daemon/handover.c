#include "daemon/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST_DESCRIPTOR 3
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1u << 2) /* of Linux 5.11 */
#endif
#define PID_NAME "LISTEN_PID="
#define PID_TEXT_MAX (sizeof PID_NAME + 20)

/* --- the list ----------------------------------------------------------------------------------
 */

static bool name_valid(const char *name)
{
    for (const char *at = name; *at != '\0'; at++)
        if (*at < ' ' || *at > '~' || *at == ':')
            return false;
    return *name != '\0' && strlen(name) <= LISTEN_NAME_MAX;
}

int handover_add(struct handover *handover, const char *name, int fd)
{
    if (!name_valid(name))
        return -EINVAL;
    char *copy = strdup(name);
    struct handover_item *grown = reallocarray(handover->items, handover->count + 1, sizeof *grown);
    if (grown)
        handover->items = grown;
    if (!copy || !grown) {
        free(copy);
        return -ENOMEM;
    }
    handover->items[handover->count++] = (struct handover_item){fd, copy};
    return 0;
}

int handover_add_socket(struct handover *handover, const struct listen *listen, int fd)
{
    return handover_add(handover, listen_is_systemd(listen) ? listen->name : HANDOVER_SOCKET, fd);
}

const char *handover_name(const struct listen *listen, char text[LISTEN_TEXT_MAX])
{
    if (listen_is_systemd(listen))
        return strcpy(text, listen->name);
    listen_format(listen, text);
    for (char *at = text; *at != '\0'; at++)
        if (*at == ':')
            *at = ';';
        else if (*at < ' ' || *at > '~')
            *at = '_';
    return text;
}

void handover_clear(struct handover *handover)
{
    for (size_t i = 0; i < handover->count; i++)
        free(handover->items[i].name);
    free(handover->items);
    *handover = (struct handover){0};
}

/* --- the environment ---------------------------------------------------------------------------
 */

struct environment {
    char **variables; /* those of this process are borrowed, the last three are not */
    char pid[PID_TEXT_MAX], *count, *names;
};

/* NOTIFY_SOCKET and WATCHDOG_USEC are the successor's as well. */
static bool is_ours_alone(const char *variable)
{
    static const char *const names[] = {
        "LISTEN_PID=", "LISTEN_FDS=", "LISTEN_FDNAMES=", "LISTEN_PIDFDID=", "WATCHDOG_PID="};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(variable, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static char *join_names(const struct handover *handover)
{
    static const char head[] = "LISTEN_FDNAMES=";
    size_t length = sizeof head;
    for (size_t i = 0; i < handover->count; i++)
        length += strlen(handover->items[i].name) + 1;
    char *joined = malloc(length), *at = joined;
    if (!joined)
        return NULL;
    at = stpcpy(at, head);
    for (size_t i = 0; i < handover->count; i++) {
        at = stpcpy(at, i > 0 ? ":" : "");
        at = stpcpy(at, handover->items[i].name);
    }
    return joined;
}

static void environment_free(struct environment *environment)
{
    free(environment->variables);
    free(environment->count);
    free(environment->names);
}

static int environment_make(struct environment *environment, const struct handover *handover)
{
    size_t count = 0, kept = 0;
    while (environ && environ[count])
        count++;
    *environment = (struct environment){.pid = PID_NAME};
    environment->variables = calloc(count + 4, sizeof *environment->variables);
    environment->names = join_names(handover);
    if (asprintf(&environment->count, "LISTEN_FDS=%zu", handover->count) < 0)
        environment->count = NULL;
    if (!environment->variables || !environment->names || !environment->count) {
        environment_free(environment);
        return -ENOMEM;
    }
    for (size_t i = 0; i < count; i++)
        if (!is_ours_alone(environ[i]))
            environment->variables[kept++] = environ[i];
    if (handover->count == 0)
        return 0;
    environment->variables[kept++] = environment->pid;
    environment->variables[kept++] = environment->count;
    environment->variables[kept++] = environment->names;
    return 0;
}

/* --- in the child, where no other thread goes on: only what signal-safety(7) allows ------------
 */

static void write_pid(char *text, pid_t pid)
{
    char digits[20];
    size_t count = 0;
    for (; pid > 0; pid /= 10)
        digits[count++] = (char)('0' + pid % 10);
    while (count > 0)
        *text++ = digits[--count];
    *text = '\0';
}

/* Whoever is at the number moves away, to any that is free: one is enough, however many move. */
static int make_way(const struct handover *handover, size_t from, int number)
{
    for (size_t i = from; i < handover->count; i++)
        if (handover->items[i].fd == number) {
            handover->items[i].fd = fcntl(number, F_DUPFD_CLOEXEC, FIRST_DESCRIPTOR);
            return handover->items[i].fd < 0 ? -errno : 0;
        }
    return 0;
}

/* The items are the child's own copy. */
static int place_descriptors(const struct handover *handover)
{
    for (size_t i = 0; i < handover->count; i++) {
        struct handover_item *item = &handover->items[i];
        int place = FIRST_DESCRIPTOR + (int)i;
        if (item->fd == place) {
            if (fcntl(place, F_SETFD, 0) < 0)
                return -errno;
            continue;
        }
        int result = make_way(handover, i + 1, place);
        if (result < 0)
            return result;
        if (dup2(item->fd, place) < 0) /* not closed on exec */
            return -errno;
        if (item->fd > STDERR_FILENO)
            close(item->fd);
    }
    return 0;
}

/* A handler of this process would write into what parent and child share. */
static void forget_handlers(void)
{
    struct sigaction action;
    for (int number = 1; number < NSIG; number++)
        if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_IGN &&
            action.sa_handler != SIG_DFL)
            signal(number, SIG_DFL);
}

static void become(const struct handover *handover, const char *path, char *const argv[],
                   struct environment *environment, const sigset_t *mask, int report)
{
    forget_handlers();
    sigprocmask(SIG_SETMASK, mask, NULL);
    write_pid(environment->pid + strlen(PID_NAME), getpid());
    int error = place_descriptors(handover);
    if (error == 0) {
#ifdef __NR_close_range /* musl and glibc before 2.34 have no function of that name */
        syscall(__NR_close_range, FIRST_DESCRIPTOR + (unsigned)handover->count, ~0u,
                CLOSE_RANGE_CLOEXEC);
#endif
        execve(path, argv, environment->variables);
        error = -errno;
    }
    if (write(report, &error, sizeof error) < 0)
        _exit(126);
    _exit(127);
}

/* --- starting ----------------------------------------------------------------------------------
 */

/* A pipe that tells of a failure before or in execve(2), and is closed by its success. */
static int open_report(const struct handover *handover, int ret_ends[2])
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    ret_ends[0] = ends[0];
    ret_ends[1] = fcntl(ends[1], F_DUPFD_CLOEXEC, FIRST_DESCRIPTOR + (int)handover->count);
    int error = errno;
    close(ends[1]);
    if (ret_ends[1] >= 0)
        return 0;
    close(ends[0]);
    return -error;
}

static int await_exec(pid_t pid, int report)
{
    int error = 0;
    ssize_t got;
    do
        got = read(report, &error, sizeof error);
    while (got < 0 && errno == EINTR);
    if (got == 0)
        return 0;
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return got == sizeof error ? error : -EIO;
}

int handover_start(const struct handover *handover, const char *path, char *const argv[],
                   pid_t *ret_pid)
{
    struct environment environment;
    sigset_t all, before;
    int report[2] = {-1, -1};
    int result = environment_make(&environment, handover);
    if (result < 0)
        return result;
    result = open_report(handover, report);
    if (result == 0) {
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        pid_t pid = fork();
        if (pid == 0)
            become(handover, path, argv, &environment, &before, report[1]);
        int error = errno;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        close(report[1]);
        result = pid < 0 ? -error : await_exec(pid, report[0]);
        close(report[0]);
        if (result == 0)
            *ret_pid = pid;
    }
    environment_free(&environment);
    return result;
}
