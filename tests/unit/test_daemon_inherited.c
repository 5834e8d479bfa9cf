/* What sd_listen_fds(3) hands over: a real process is started with descriptors and variables, by
 * fork(2) and execve(2) of the test's own, and says what it has received. */
#include "daemon/inherited.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "heir_rig.h"
#include "loopback.h"
#include "suite.h"

#define OWN_PID "own"

/* Starts an heir with these descriptors from 3 on, and these variables; NULL: unset. */
static const char *start(const int *descriptors, int count, const char *pid, const char *fds,
                         const char *names, char *const *arguments)
{
    heir_listen();
    pid_t child = fork();
    if (child == 0) {
        char text[20];
        const int aside_from = 500;
        snprintf(text, sizeof text, "%d", (int)getpid());
        for (int i = 0; i < count; i++)
            dup3(descriptors[i], aside_from + i, O_CLOEXEC);
        for (int fd = 3; fd < 1000; fd++)
            if (fd < aside_from || fd >= aside_from + count)
                close(fd);
        for (int i = 0; i < count; i++)
            dup2(aside_from + i, 3 + i);
        if (pid)
            setenv("LISTEN_PID", strcmp(pid, OWN_PID) == 0 ? text : pid, 1);
        if (fds)
            setenv("LISTEN_FDS", fds, 1);
        if (names)
            setenv("LISTEN_FDNAMES", names, 1);
        execv(arguments[0], arguments);
        _exit(99);
    }
    return heir_said(child);
}

static const char *listen_text(const struct address *address)
{
    static char texts[4][ADDRESS_TEXT_MAX];
    static size_t next;
    return address_format(address, texts[next++ % COUNT_OF(texts)]);
}

static int unix_listener(const char *path, size_t length, int type)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    memcpy(name.sun_path, path, length);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&name, size), 0);
    if (type != SOCK_DGRAM)
        ck_assert_int_eq(listen(fd, 1), 0);
    return fd;
}

static void make_blocking(int fd)
{
    ck_assert_int_eq(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK), 0);
}

START_TEST(nothing)
{
    ck_assert_str_eq(start(NULL, 0, NULL, NULL, NULL,
                           heir_arguments("open", "count", "systemd:web", "take", "systemd:web",
                                          "explain", "systemd:web", "close", NULL)),
                     "count 0\nnone\nno socket was handed over: start redial by the socket unit of "
                     "its name (systemctl start redial.socket)\n");
}
END_TEST

/* Several of one name, one after the other; and then there is none. */
START_TEST(by_name)
{
    struct address address;
    int fds[] = {loopback_listen(&address), loopback_listen(&address), loopback_listen(&address)};
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        make_blocking(fds[i]);
    ck_assert_str_eq(
        start(fds, 3, OWN_PID, "3", "web:db:web",
              heir_arguments("open", "count", "systemd:web", "count", "systemd:we", "count",
                             "systemd:web2", "take", "systemd:web", "count", "systemd:web", "take",
                             "systemd:web", "take", "systemd:web", "explain", "systemd:web", "take",
                             "systemd:db", "close", "open-files", NULL)),
        "count 2\ncount 0\ncount 0\ntaken 3 cloexec nonblock nodelay\ncount 1\n"
        "taken 5 cloexec nonblock nodelay\nnone\n"
        "another listen has taken every socket of that name\n"
        "taken 4 cloexec nonblock nodelay\nopen 3 4 5\n");
}
END_TEST

/* Whatever its name is; IPv4 and IPv6 and paths, and not what only looks alike. */
START_TEST(by_address)
{
    struct address one, other;
    int fds[] = {loopback_listen(&one), loopback_listen(&other), -1};
    char unix_text[80], want[300];
    snprintf(unix_text, sizeof unix_text, "unix:/tmp/redial-unit-%d.sock", (int)getpid());
    const char *path = unix_text + strlen("unix:");
    fds[2] = unix_listener(path, strlen(path), SOCK_STREAM);
    unlink(path);
    snprintf(want, sizeof want,
             "taken 4 cloexec nonblock nodelay\ntaken 5 cloexec nonblock\nnone\n"
             "count 1\ncount 0\ncount 1\n"
             "<4>a descriptor was handed over that nothing asks for: it is closed name=unknown "
             "address=%s\nopen 4 5\n",
             listen_text(&one));
    ck_assert_str_eq(start(fds, 3, OWN_PID, "3", NULL,
                           heir_arguments("open", "take", listen_text(&other), "take", unix_text,
                                          "take", "unix:/tmp/redial-unit", "count",
                                          listen_text(&one), "count", listen_text(&other), "count",
                                          "systemd:unknown", "close", "open-files", NULL)),
                     want);
}
END_TEST

/* Each worker of a predecessor had a socket of the address: all of them have clients. */
START_TEST(several_of_an_address)
{
    struct address address;
    int one = 1, fds[3] = {loopback_refuse(&address), -1, -1};
    close(fds[0]);
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        setsockopt(fds[i], SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
        ck_assert_int_eq(bind(fds[i], &address.sa, address_length(&address)), 0);
        ck_assert_int_eq(listen(fds[i], 1), 0);
    }
    const char *text = listen_text(&address);
    ck_assert_str_eq(start(fds, 3, OWN_PID, "3", "-:-:-",
                           heir_arguments("open", "count", text, "take", text, "take", text, "take",
                                          text, "take", text, "close", NULL)),
                     "count 3\ntaken 3 cloexec nonblock nodelay\ntaken 4 cloexec nonblock nodelay\n"
                     "taken 5 cloexec nonblock nodelay\nnone\n");
}
END_TEST

/* They are found as files, and not as sockets. */
START_TEST(what_does_not_listen)
{
    struct address address;
    int pair[2], fds[6] = {heir_file("10.0.0.1"), -1, -1, -1, -1, -1};
    char path[64];
    snprintf(path, sizeof path, "/tmp/redial-unit-%d.sock", (int)getpid());
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    fds[1] = pair[0];
    fds[2] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    fds[3] = unix_listener(path, strlen(path), SOCK_SEQPACKET);
    fds[4] = loopback_refuse(&address);
    fds[5] = unix_listener("\0redial-unit", 12, SOCK_STREAM);
    unlink(path);
    ck_assert_str_eq(
        start(fds, 6, OWN_PID, "6", "known:ready:web:packet:deaf:abstract",
              heir_arguments("open", "count", "systemd:known", "count", "systemd:ready", "count",
                             "systemd:web", "count", "systemd:packet", "count", "systemd:deaf",
                             "explain", "systemd:web", "explain", "systemd:other", "read", "known",
                             "write", "ready", "read", "known", "read", "abstract", "close",
                             "open-files", NULL)),
        "count 0\ncount 0\ncount 0\ncount 0\ncount 0\n"
        "what has that name is no listening stream socket: its unit must say ListenStream=, and "
        "Accept=no\n"
        "of the 6 that were handed over none has that name (the first is known): "
        "FileDescriptorName= of the socket unit sets it\n"
        "known: 10.0.0.1\nready: written\nknown: none\nabstract: none\n"
        "<4>a descriptor was handed over that nothing asks for: it is closed name=web\n"
        "<4>a descriptor was handed over that nothing asks for: it is closed name=packet\n"
        "<4>a descriptor was handed over that nothing asks for: it is closed name=deaf\n"
        "<4>a descriptor was handed over that nothing asks for: it is closed name=abstract\n"
        "open\n");
    char text[8] = "";
    ck_assert_int_eq(read(pair[1], text, sizeof text), 4);
}
END_TEST

START_TEST(an_abstract_socket_has_a_name_alone)
{
    int fd = unix_listener("\0redial-unit", 12, SOCK_STREAM);
    ck_assert_str_eq(start(&fd, 1, OWN_PID, "1", "app",
                           heir_arguments("open", "take", "systemd:app", "close", NULL)),
                     "taken 3 cloexec nonblock\n");
}
END_TEST

/* The variables are gone, so that no child of this process takes them for its own. */
START_TEST(the_variables_are_removed)
{
    static const char *const pids[] = {OWN_PID, "1", "x"};
    struct address address;
    int fd = loopback_listen(&address);
    for (size_t i = 0; i < COUNT_OF(pids); i++) {
        const char *said =
            start(&fd, 1, pids[i], "1", "web",
                  heir_arguments("env", "LISTEN_FDS", "open", "env", "LISTEN_PID", "env",
                                 "LISTEN_FDS", "env", "LISTEN_FDNAMES", NULL));
        ck_assert_ptr_nonnull(strstr(said, "LISTEN_FDS=1\n"));
        if (strcmp(pids[i], "x") == 0)
            ck_assert_ptr_nonnull(strstr(said, "refused: LISTEN_PID=x is no process\n"));
        else
            ck_assert_ptr_nonnull(strstr(said, "LISTEN_PID=(unset)\nLISTEN_FDS=(unset)\n"
                                               "LISTEN_FDNAMES=(unset)\n"));
    }
}
END_TEST

/* They are another's, who may be this process's parent: they are left alone. */
START_TEST(for_another_process)
{
    static const char *const pids[] = {"1", "0", "9223372036854775807"};
    struct address address;
    int fd = loopback_listen(&address);
    for (size_t i = 0; i < COUNT_OF(pids); i++)
        ck_assert_str_eq(start(&fd, 1, pids[i], "1", "web",
                               heir_arguments("open", "count", "systemd:web", "explain",
                                              "systemd:web", "close", "open-files", NULL)),
                         "count 0\nLISTEN_PID is another process: the unit must start redial "
                         "itself, not a script around it\nopen 3\n");
}
END_TEST

/* sd_listen_fds(3) takes no notice of the one without the other. */
START_TEST(half_of_the_variables)
{
    struct address address;
    int fd = loopback_listen(&address);
    char *const *arguments =
        heir_arguments("open", "count", "systemd:web", "close", "open-files", NULL);
    ck_assert_str_eq(start(&fd, 1, NULL, "1", "web", arguments), "count 0\nopen 3\n");
    ck_assert_str_eq(start(&fd, 1, OWN_PID, NULL, "web", arguments), "count 0\nopen 3\n");
}
END_TEST

START_TEST(a_hostile_environment)
{
    static const struct {
        const char *pid, *fds, *names, *why;
    } rows[] = {
        {OWN_PID, "", NULL, "LISTEN_FDS= is no number of descriptors"},
        {OWN_PID, "0", NULL, "LISTEN_FDS=0 is no number of descriptors"},
        {OWN_PID, "-1", NULL, "LISTEN_FDS=-1 is no number of descriptors"},
        {OWN_PID, "1x", NULL, "LISTEN_FDS=1x is no number of descriptors"},
        {OWN_PID, " 1", NULL, "LISTEN_FDS= 1 is no number of descriptors"},
        {OWN_PID, "2147483645", NULL, "LISTEN_FDS=2147483645 is no number of descriptors"},
        {OWN_PID, "99999999999999999999", NULL,
         "LISTEN_FDS=99999999999999999999 is no number of descriptors"},
        {OWN_PID, "2147483644", NULL, "LISTEN_FDS=2147483644, but descriptor 4 is not open"},
        {OWN_PID, "2", "a:b", "LISTEN_FDS=2, but descriptor 4 is not open"},
        {OWN_PID, "1", "a:b", "LISTEN_FDS=1, but LISTEN_FDNAMES has 2 names"},
        {OWN_PID, "1", ":", "LISTEN_FDS=1, but LISTEN_FDNAMES has 2 names"},
        {OWN_PID, "1", "::::", "LISTEN_FDS=1, but LISTEN_FDNAMES has 5 names"},
        {OWN_PID, "2", "a", "LISTEN_FDS=2, but LISTEN_FDNAMES has 1 names"},
        {"-1", "1", NULL, "LISTEN_PID=-1 is no process"},
        {"", "1", NULL, "LISTEN_PID= is no process"},
        {"99999999999999999999", "1", NULL, "LISTEN_PID=99999999999999999999 is no process"},
    };
    struct address address;
    int fd = loopback_listen(&address);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char want[120];
        snprintf(want, sizeof want, "refused: %s\n", rows[i].why);
        ck_assert_str_eq(
            start(&fd, 1, rows[i].pid, rows[i].fds, rows[i].names, heir_arguments("open", NULL)),
            want);
    }
}
END_TEST

/* A name may be empty, and of any length; one that nobody can ask for is closed. */
START_TEST(odd_names)
{
    struct address address;
    int fds[] = {loopback_listen(&address), loopback_listen(&address)};
    static char names[50000];
    memset(names, 'x', sizeof names - 1);
    memcpy(names + sizeof names - 6, ":\n\033", 3);
    const char *said = start(fds, 2, OWN_PID, "2", names,
                             heir_arguments("open", "explain", "systemd:x", "close", NULL));
    ck_assert_ptr_nonnull(strstr(said, "of the 2 that were handed over none has that name"));
    ck_assert_ptr_null(strchr(said, '\033'));
    said = start(fds, 2, OWN_PID, "2", ":", heir_arguments("open", "count", "systemd:x", NULL));
    ck_assert_str_eq(said, "count 0\n");
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, nothing);
    tcase_add_test(cases, by_name);
    tcase_add_test(cases, by_address);
    tcase_add_test(cases, several_of_an_address);
    tcase_add_test(cases, what_does_not_listen);
    tcase_add_test(cases, an_abstract_socket_has_a_name_alone);
    tcase_add_test(cases, the_variables_are_removed);
    tcase_add_test(cases, for_another_process);
    tcase_add_test(cases, half_of_the_variables);
    tcase_add_test(cases, a_hostile_environment);
    tcase_add_test(cases, odd_names);
}

int main(int argc, char **argv)
{
    return heir_done(argc, argv) ? 0 : suite_run("daemon/inherited", add);
}
