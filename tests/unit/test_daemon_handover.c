/* What a process leaves to its successor: a real one is started, and says what it has got. */
#include "daemon/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "heir_rig.h"
#include "loopback.h"
#include "suite.h"

static struct handover handover;
static pid_t successor;

static void teardown(void)
{
    handover_clear(&handover);
}

/* Starts the heir, and returns what it said. */
static const char *hand_over(char *const *arguments)
{
    heir_listen();
    int result = handover_start(&handover, heir_program(), arguments, &successor);
    const char *said = heir_said(result == 0 ? successor : 0);
    ck_assert_int_eq(result, 0);
    return said;
}

static const char *text_of(const struct address *address)
{
    static char texts[8][ADDRESS_TEXT_MAX];
    static size_t next;
    return address_format(address, texts[next++ % COUNT_OF(texts)]);
}

/* How many descriptors this process has. */
static size_t open_descriptors(void)
{
    size_t count = 0;
    for (int fd = 0; fd < 1000; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

START_TEST(everything_a_successor_gets)
{
    struct address one, other;
    struct listen named = {.kind = LISTEN_SYSTEMD, .name = (char *)"web"},
                  plain = {.optional = false};
    int pipe_ends[2], fd = loopback_listen(&one), fd2 = loopback_listen(&other);
    int known = heir_file("10.0.0.1:80 10.0.0.2:80");
    char want[400], text[8];
    ck_assert_int_eq(pipe2(pipe_ends, O_CLOEXEC), 0);
    ck_assert_int_eq(handover_add(&handover, HANDOVER_KNOWN, known), 0);
    ck_assert_int_eq(handover_add_socket(&handover, &named, fd2), 0);
    ck_assert_int_eq(handover_add_socket(&handover, &plain, fd), 0);
    ck_assert_int_eq(handover_add(&handover, HANDOVER_READY, pipe_ends[1]), 0);
    const char *said = hand_over(heir_arguments(
        "open-files", "open", "read", HANDOVER_KNOWN, "take", "systemd:web", "take", text_of(&one),
        "write", HANDOVER_READY, "close", "open-files", "pid", "signals", NULL));
    snprintf(want, sizeof want,
             "open 3 4 5 6\nredial-known: 10.0.0.1:80 10.0.0.2:80\n"
             "taken 4 cloexec nonblock nodelay\ntaken 5 cloexec nonblock nodelay\n"
             "redial-ready: written\nopen 4 5\npid %d\nclean\n",
             (int)successor);
    ck_assert_str_eq(said, want);
    ck_assert_int_eq(read(pipe_ends[0], text, sizeof text), 4);
    close(pipe_ends[1]);
    ck_assert_int_eq(read(pipe_ends[0], text, sizeof text), 0); /* nobody has kept it */
    /* Ours still, and as they were. */
    int fds[] = {known, fd, fd2};
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        ck_assert_int_eq(fcntl(fds[i], F_GETFD), FD_CLOEXEC);
    int client = loopback_connect(&one);
    ck_assert_int_ge(client, 0);
    close(client);
}
END_TEST

/* Numbers that are those of others: each permutation of three, and ones above and below. */
START_TEST(descriptors_that_overlap)
{
    static const int rows[][3] = {{3, 4, 5},  {3, 5, 4},  {4, 3, 5}, {4, 5, 3},  {5, 3, 4},
                                  {5, 4, 3},  {4, 5, 6},  {6, 5, 4}, {5, 90, 3}, {90, 91, 92},
                                  {90, 3, 4}, {4, 90, 3}, {6, 7, 3}, {91, 90, 5}};
    for (size_t row = 0; row < COUNT_OF(rows); row++) {
        int *const place = (int[]){rows[row][0], rows[row][1], rows[row][2]};
        pid_t child = fork(); /* whose numbers are not Check's */
        if (child == 0) {
            static const char *const names[] = {"one", "two", "three"};
            int parked[3];
            char want[] = "one: 0\ntwo: 1\nthree: 2\nopen\n";
            for (size_t i = 0; i < 3; i++)
                parked[i] = fcntl(heir_file((char[]){(char)('0' + i), '\0'}), F_DUPFD_CLOEXEC, 200);
            for (size_t i = 0; i < 3; i++) {
                dup3(parked[i], place[i], O_CLOEXEC);
                handover_add(&handover, names[i], place[i]);
            }
            char *const *arguments = heir_arguments("open", "read", "one", "read", "two", "read",
                                                    "three", "close", "open-files", NULL);
            heir_listen();
            int result = handover_start(&handover, arguments[0], arguments, &successor);
            const char *said = heir_said(result == 0 ? successor : 0);
            bool same = result == 0 && strcmp(said, want) == 0;
            if (!same)
                fprintf(stderr, "%d %d %d: %s\n", place[0], place[1], place[2], said);
            handover_clear(&handover);
            _exit(same ? 0 : 1);
        }
        int status;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_msg(status == 0, "row %zu", row);
    }
}
END_TEST

/* Hundreds, in an order of no kind, with hardly a number free. */
START_TEST(many_descriptors)
{
    enum { COUNT = 300 };
    char *words[2 * COUNT + 8] = {0};
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {.rlim_cur = 700, .rlim_max = 700};
        int files[COUNT];
        char name[16], text[16], *want = calloc(COUNT, 32), *at = want;
        for (int i = 0; i < COUNT; i++) {
            snprintf(text, sizeof text, "%d", i);
            files[i] = heir_file(text);
        }
        for (int i = 0; i < COUNT; i++) {
            int which = i * 7 % COUNT;
            snprintf(name, sizeof name, "n%d", i);
            handover_add(&handover, name, files[which]);
            if (i % 40 == 0) {
                words[2 * (i / 40) + 3] = (char *)"read";
                words[2 * (i / 40) + 4] = strdup(name);
                at += sprintf(at, "%s: %d\n", name, which);
            }
        }
        words[0] = (char *)heir_program();
        words[1] = (char *)HEIR_WORD;
        words[2] = (char *)"open";
        heir_listen();
        setrlimit(RLIMIT_NOFILE, &limit);
        int last = 0, filled = 0;
        while ((last = fcntl(0, F_DUPFD_CLOEXEC, 0)) >= 0) /* full, as under load */
            filled = last;
        for (int i = 0; i < 4; i++) /* but for what a pipe needs, and a place to move through */
            close(filled - i);
        int result = handover_start(&handover, heir_program(), words, &successor);
        const char *said = heir_said(result == 0 ? successor : 0);
        /* The others are closed with a warning each. */
        bool same = result == 0 && strncmp(said, want, strlen(want)) == 0;
        if (!same)
            fprintf(stderr, "%d, %.300s\nnot\n%s", result, said, want);
        _exit(same ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(the_environment)
{
    struct address address;
    setenv("LISTEN_PID", "1", 1);
    setenv("LISTEN_FDS", "77", 1);
    setenv("LISTEN_FDNAMES", "a:b", 1);
    setenv("LISTEN_PIDFDID", "5", 1);
    setenv("WATCHDOG_PID", "1", 1);
    setenv("WATCHDOG_USEC", "30000000", 1);
    setenv("NOTIFY_SOCKET", "/run/notify", 1);
    setenv("REDIAL_SET", "connect.timeout=1s", 1);
    ck_assert_int_eq(handover_add(&handover, "web", loopback_listen(&address)), 0);
    ck_assert_int_eq(handover_add(&handover, "two words", heir_file("")), 0);
    char *const *arguments =
        heir_arguments("env", "LISTEN_FDS", "env", "LISTEN_FDNAMES", "env", "LISTEN_PIDFDID", "env",
                       "WATCHDOG_PID", "env", "WATCHDOG_USEC", "env", "NOTIFY_SOCKET", "env",
                       "REDIAL_SET", "env", "LISTEN_PID", NULL);
    char want[300];
    const char *said = hand_over(arguments);
    snprintf(want, sizeof want,
             "LISTEN_FDS=2\nLISTEN_FDNAMES=web:two words\nLISTEN_PIDFDID=(unset)\n"
             "WATCHDOG_PID=(unset)\nWATCHDOG_USEC=30000000\nNOTIFY_SOCKET=/run/notify\n"
             "REDIAL_SET=connect.timeout=1s\nLISTEN_PID=%d\n",
             (int)successor);
    ck_assert_str_eq(said, want);
    ck_assert_str_eq(getenv("LISTEN_FDS"), "77"); /* that of this process is as it was */
    handover_clear(&handover);
    said = hand_over(heir_arguments("env", "LISTEN_FDS", "env", "LISTEN_PID", "open-files", NULL));
    ck_assert_str_eq(said, "LISTEN_FDS=(unset)\nLISTEN_PID=(unset)\nopen\n");
}
END_TEST

/* What was forgotten to be closed on exec is closed all the same: a listening socket that a process
 * has and does not know swallows clients. */
START_TEST(nothing_else_is_inherited)
{
    struct address address;
#ifndef __NR_close_range
    return; /* then it takes care of each descriptor where it is made */
#else
    if (syscall(__NR_close_range, 900, 900, 1u << 2) < 0)
        return; /* Linux before 5.11 */
#endif
    ck_assert_int_eq(handover_add(&handover, "web", loopback_listen(&address)), 0);
    ck_assert_int_ge(dup(0), 0);
    ck_assert_int_ge(fcntl(0, F_DUPFD, 300), 300);
    ck_assert_str_eq(hand_over(heir_arguments("open-files", NULL)), "open 3\n");
}
END_TEST

static volatile sig_atomic_t caught;

static void on_signal(int number)
{
    caught = number;
}

/* Handlers and a blocked signal of this process are not the successor's; what it ignores is. */
START_TEST(signals)
{
    sigset_t none, usr1;
    char want[30];
    sigemptyset(&none);
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    signal(SIGTERM, on_signal);
    signal(SIGHUP, on_signal);
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_SETMASK, &none, NULL);
    snprintf(want, sizeof want, "signal %d ignored\n", SIGPIPE);
    ck_assert_str_eq(hand_over(heir_arguments("signals", NULL)), want);
    sigset_t after;
    sigprocmask(SIG_SETMASK, &usr1, &after);
    ck_assert_int_eq(sigismember(&after, SIGTERM), 0);
    raise(SIGTERM); /* the handler of this process is in place */
    ck_assert_int_eq(caught, SIGTERM);
}
END_TEST

static void *spin(void *stop)
{
    while (!*(_Atomic bool *)stop)
        free(malloc(100)); /* so that some lock of the C library is always held */
    return NULL;
}

/* The other threads of this process are not in the child, but what they had locked is. */
START_TEST(threads_that_hold_locks)
{
    pthread_t threads[2];
    static _Atomic bool stop;
    struct address address;
    ck_assert_int_eq(handover_add(&handover, "web", loopback_listen(&address)), 0);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_create(&threads[i], NULL, spin, &stop);
    for (int i = 0; i < 20; i++)
        ck_assert_str_eq(hand_over(heir_arguments("open-files", NULL)), "open 3\n");
    stop = true;
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_join(threads[i], NULL);
}
END_TEST

/* Is told, and leaves neither process nor descriptor. */
START_TEST(what_cannot_be_started)
{
    struct address address;
    char path[64];
    ck_assert_int_eq(handover_add(&handover, "web", loopback_listen(&address)), 0);
    size_t before = open_descriptors();
    pid_t pid = -7;
    char *const *arguments = heir_arguments("open", NULL);
    ck_assert_int_eq(handover_start(&handover, "/nowhere/redial", arguments, &pid), -ENOENT);
    ck_assert_int_eq(handover_start(&handover, "/", arguments, &pid), -EACCES);
    snprintf(path, sizeof path, "/tmp/redial-unit-%d", (int)getpid());
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0700);
    ck_assert_int_eq(write(fd, "no program\n", 11), 11);
    close(fd);
    ck_assert_int_eq(handover_start(&handover, path, arguments, &pid), -ENOEXEC);
    unlink(path);
    handover.items[0].fd = 999;
    ck_assert_int_eq(handover_start(&handover, heir_program(), arguments, &pid), -EBADF);
    ck_assert_int_eq(pid, -7);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    ck_assert_int_eq(errno, ECHILD);
    ck_assert_uint_eq(open_descriptors(), before);
}
END_TEST

START_TEST(names_that_cannot_be)
{
    char name[LISTEN_NAME_MAX + 2];
    ck_assert_int_eq(handover_add(&handover, "", 0), -EINVAL);
    ck_assert_int_eq(handover_add(&handover, "a:b", 0), -EINVAL);
    ck_assert_int_eq(handover_add(&handover, "a\nb", 0), -EINVAL);
    ck_assert_int_eq(handover_add(&handover, "\303\274", 0), -EINVAL);
    memset(name, 'x', sizeof name);
    name[LISTEN_NAME_MAX + 1] = '\0';
    ck_assert_int_eq(handover_add(&handover, name, 0), -EINVAL);
    name[LISTEN_NAME_MAX] = '\0';
    ck_assert_int_eq(handover_add(&handover, name, 0), 0);
    ck_assert_uint_eq(handover.count, 1);
}
END_TEST

START_TEST(names_of_sockets)
{
    static const char *const rows[][2] = {{"127.0.0.1:3001", "127.0.0.1;3001"},
                                          {"[::1]:80", "[;;1];80"},
                                          {"unix:/run/a:b\303\274\033", "unix;/run/a;b___"},
                                          {"systemd:redial.socket", "redial.socket"}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct listen listens[LISTEN_EXPANSION_MAX];
        char text[LISTEN_TEXT_MAX];
        const char *why;
        ck_assert_int_eq(listen_parse(rows[i][0], listens, &why), 1);
        ck_assert_str_eq(handover_name(&listens[0], text), rows[i][1]);
        ck_assert_int_eq(handover_add(&handover, text, 0), 0);
        listen_clear(&listens[0]);
    }
    char name[LISTEN_NAME_MAX + 1] = "", text[LISTEN_TEXT_MAX];
    struct listen longest = {.kind = LISTEN_SYSTEMD, .name = name};
    memset(name, 'x', LISTEN_NAME_MAX);
    ck_assert_uint_eq(strlen(handover_name(&longest, text)), LISTEN_NAME_MAX);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, NULL, teardown);
    tcase_add_test(cases, everything_a_successor_gets);
    tcase_add_test(cases, descriptors_that_overlap);
    tcase_add_test(cases, many_descriptors);
    tcase_add_test(cases, the_environment);
    tcase_add_test(cases, nothing_else_is_inherited);
    tcase_add_test(cases, signals);
    tcase_add_test(cases, threads_that_hold_locks);
    tcase_add_test(cases, what_cannot_be_started);
    tcase_add_test(cases, names_that_cannot_be);
    tcase_add_test(cases, names_of_sockets);
}

int main(int argc, char **argv)
{
    return heir_done(argc, argv) ? 0 : suite_run("daemon/handover", add);
}
