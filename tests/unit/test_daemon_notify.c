/* What the service manager hears: a socket of this test stands for its own. */
#include "daemon/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "files.h"
#include "suite.h"

#define PATH_NAME "notify.sock"

static struct notify notify;
static int manager = -1;
static char heard[4096];
static int received[300];
static size_t received_count;
static struct ucred sender;

static void bind_manager(const char *name, size_t length)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int one = 1;
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    memcpy(address.sun_path, name, length);
    ck_assert_int_eq(bind(manager, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)),
                     0);
    setsockopt(manager, SOL_SOCKET, SO_PASSCRED, &one, sizeof one);
}

/* At a path, with its full name in the environment. */
static void setup(void)
{
    char cwd[60], name[100];
    files_clear();
    ck_assert_ptr_nonnull(getcwd(cwd, sizeof cwd));
    snprintf(name, sizeof name, "%s/%s", cwd, PATH_NAME);
    bind_manager(PATH_NAME, strlen(PATH_NAME));
    setenv("NOTIFY_SOCKET", name, 1);
    ck_assert_int_eq(notify_open(&notify), 0);
}

static void take_control(struct msghdr *message)
{
    for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at; at = CMSG_NXTHDR(message, at)) {
        if (at->cmsg_type == SCM_CREDENTIALS)
            memcpy(&sender, CMSG_DATA(at), sizeof sender);
        if (at->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (at->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        ck_assert_uint_le(received_count + count, COUNT_OF(received));
        memcpy(received + received_count, CMSG_DATA(at), count * sizeof(int));
        received_count += count;
    }
}

/* The next message, "" where there is none. */
static const char *hear(void)
{
    static char control[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(253 * sizeof(int))];
    struct iovec part = {.iov_base = heard, .iov_len = sizeof heard - 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    ssize_t length = recvmsg(manager, &message, MSG_CMSG_CLOEXEC);
    heard[length < 0 ? 0 : length] = '\0';
    if (length >= 0) {
        ck_assert(!(message.msg_flags & (MSG_CTRUNC | MSG_TRUNC)));
        take_control(&message);
    }
    return heard;
}

START_TEST(each_message)
{
    clock_freeze(123456789);
    ck_assert_int_eq(notify_ready(&notify, "2 upstreams, 5 addresses"), 0);
    ck_assert_str_eq(hear(), "READY=1\nSTATUS=2 upstreams, 5 addresses\n");
    ck_assert_int_eq(sender.pid, getpid());
    ck_assert_int_eq(notify_status(&notify, "3 connections"), 0);
    ck_assert_str_eq(hear(), "STATUS=3 connections\n");
    ck_assert_int_eq(notify_reloading(&notify, "reading"), 0);
    ck_assert_str_eq(hear(), "RELOADING=1\nMONOTONIC_USEC=123456789\nSTATUS=reading\n");
    ck_assert_int_eq(notify_stopping(&notify, "7 connections", 90 * USEC_PER_SEC), 0);
    ck_assert_str_eq(hear(), "STOPPING=1\nEXTEND_TIMEOUT_USEC=90000000\nSTATUS=7 connections\n");
    ck_assert_int_eq(notify_watchdog(&notify), 0);
    ck_assert_str_eq(hear(), "WATCHDOG=1\n");
    ck_assert_int_eq(notify_forget(&notify, "web"), 0);
    ck_assert_str_eq(hear(), "FDSTOREREMOVE=1\nFDNAME=web\n");
    ck_assert_str_eq(hear(), "");
    ck_assert_uint_eq(received_count, 0);
}
END_TEST

/* The time of a reload is that of CLOCK_MONOTONIC, as the manager's. */
START_TEST(the_time_of_a_reload)
{
    struct timespec now;
    long long before, said;
    clock_gettime(CLOCK_MONOTONIC, &now);
    before = (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
    ck_assert_int_eq(notify_reloading(&notify, ""), 0);
    ck_assert_int_eq(sscanf(hear(), "RELOADING=1\nMONOTONIC_USEC=%lld\n", &said), 1);
    ck_assert_int_ge(said, before);
    ck_assert_int_lt(said, before + 60000000);
}
END_TEST

/* No status can say anything else, and none is too long. */
START_TEST(a_status_is_one_line)
{
    char status[3000];
    ck_assert_int_eq(notify_ready(&notify, "a\nMAINPID=1\r\tb\n"), 0);
    ck_assert_str_eq(hear(), "READY=1\nSTATUS=a MAINPID=1  b \n");
    memset(status, 'x', sizeof status);
    status[sizeof status - 1] = '\0';
    ck_assert_int_eq(notify_reloading(&notify, status), 0);
    size_t length = strlen(hear());
    ck_assert_uint_gt(length, 500);
    ck_assert_uint_lt(length, 1024);
    ck_assert_int_eq(heard[length - 1], '\n');
}
END_TEST

/* A message that is not heard is better than a second process that speaks for the first. */
START_TEST(after_the_hand_over_there_is_silence)
{
    ck_assert_int_eq(notify_hand_over(&notify, 4242), 0);
    ck_assert_str_eq(hear(), "MAINPID=4242\n");
    ck_assert_int_eq(notify_stopping(&notify, "stopping", 1), 0);
    ck_assert_int_eq(notify_watchdog(&notify), 0);
    ck_assert_int_eq(notify_store(&notify, "web", (int[]){manager}, 1), 0);
    ck_assert_str_eq(hear(), "");
}
END_TEST

START_TEST(an_abstract_name)
{
    char name[40];
    close(manager);
    snprintf(name, sizeof name, "@redial-unit-%d", (int)getpid());
    setenv("NOTIFY_SOCKET", name, 1);
    name[0] = '\0';
    bind_manager(name, 1 + strlen(name + 1));
    ck_assert_int_eq(notify_open(&notify), 0);
    ck_assert_int_eq(notify_watchdog(&notify), 0);
    ck_assert_str_eq(hear(), "WATCHDOG=1\n");
    ck_assert_ptr_nonnull(getenv("NOTIFY_SOCKET")); /* the successor wants it too */
}
END_TEST

START_TEST(nobody_to_tell)
{
    static const char *const names[] = {NULL, ""};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (names[i])
            setenv("NOTIFY_SOCKET", names[i], 1);
        else
            unsetenv("NOTIFY_SOCKET");
        ck_assert_int_eq(notify_open(&notify), 0);
        ck_assert_int_eq(notify_ready(&notify, "x"), 0);
        ck_assert_int_eq(notify_store(&notify, "x", (int[]){0}, 1), 0);
        ck_assert_int_eq(notify_hand_over(&notify, 1), 0);
    }
    ck_assert_str_eq(hear(), "");
}
END_TEST

START_TEST(odd_names)
{
    char name[200];
    static const char *const names[] = {"/", "@", "relative", "vsock:2:1"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        setenv("NOTIFY_SOCKET", names[i], 1);
        ck_assert_int_eq(notify_open(&notify), -EINVAL);
        ck_assert_int_eq(notify_ready(&notify, "x"), 0);
    }
    memset(name, '/', sizeof name);
    for (size_t length = 106; length < 110; length++) { /* 107 bytes and their end fit */
        name[length] = '\0';
        setenv("NOTIFY_SOCKET", name, 1);
        ck_assert_int_eq(notify_open(&notify), length <= 107 ? 0 : -EINVAL);
        name[length] = '/';
    }
}
END_TEST

START_TEST(a_manager_that_is_gone)
{
    close(manager);
    ck_assert_int_eq(notify_ready(&notify, "x"), -ECONNREFUSED);
    unlink(PATH_NAME);
    ck_assert_int_eq(notify_ready(&notify, "x"), -ENOENT);
    ck_assert_int_eq(notify_hand_over(&notify, 1), -ENOENT); /* so it was none */
    ck_assert_int_eq(notify_watchdog(&notify), -ENOENT);
}
END_TEST

static usec_t until_it_is_full(void)
{
    int result = 0;
    usec_t before = 0;
    for (int i = 0; i < 100000 && result == 0; i++) {
        before = clock_now();
        result = notify_watchdog(&notify);
    }
    ck_assert_int_eq(result, -EAGAIN);
    return clock_now() - before;
}

/* It is waited for, but not for ever. */
START_TEST(a_manager_that_does_not_read)
{
    ck_assert_int_ge(until_it_is_full(), 900 * USEC_PER_MSEC);
}
END_TEST

static void on_signal(int number)
{
    int before = errno;
    char bytes[100];
    (void)number;
    (void)!recv(manager, bytes, sizeof bytes, 0); /* so there is room again */
    errno = before;
}

/* A signal while a message waits is no reason to drop it. */
START_TEST(a_signal_meanwhile)
{
    struct sigaction act = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    struct itimerval soon = {.it_value = {.tv_usec = 200000}};
    until_it_is_full();
    ck_assert_int_eq(sigaction(SIGALRM, &act, NULL), 0);
    ck_assert_int_eq(setitimer(ITIMER_REAL, &soon, NULL), 0);
    ck_assert_int_eq(notify_watchdog(&notify), 0);
}
END_TEST

static size_t own_descriptors(void)
{
    size_t count = 0;
    for (int fd = 0; fd < 1000; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* They arrive as the same open files, in as many messages as it takes, and stay ours. */
START_TEST(descriptors_are_kept)
{
    static const size_t counts[] = {1, 2, 128, 129, 256, 300};
    int fds[300];
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        fds[i] = memfd_create("x", MFD_CLOEXEC);
        ck_assert_int_eq(write(fds[i], "0123456789", 10), 10);
        lseek(fds[i], (off_t)i, SEEK_SET);
    }
    for (size_t row = 0; row < COUNT_OF(counts); row++) {
        size_t before = own_descriptors();
        received_count = 0;
        ck_assert_int_eq(notify_store(&notify, "127.0.0.1;80", fds, counts[row]), 0);
        ck_assert_uint_eq(own_descriptors(), before);
        while (hear()[0] != '\0')
            ck_assert_str_eq(heard, "FDSTORE=1\nFDNAME=127.0.0.1;80\nFDPOLL=0\n");
        ck_assert_uint_eq(received_count, counts[row]);
        for (size_t i = 0; i < received_count; i++) {
            ck_assert_int_eq(lseek(received[i], 0, SEEK_CUR), (off_t)i);
            close(received[i]);
        }
    }
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_unchecked_fixture(cases, files_begin, files_end);
    tcase_add_checked_fixture(cases, setup, NULL);
    tcase_add_test(cases, each_message);
    tcase_add_test(cases, the_time_of_a_reload);
    tcase_add_test(cases, a_status_is_one_line);
    tcase_add_test(cases, after_the_hand_over_there_is_silence);
    tcase_add_test(cases, an_abstract_name);
    tcase_add_test(cases, nobody_to_tell);
    tcase_add_test(cases, odd_names);
    tcase_add_test(cases, a_manager_that_is_gone);
    tcase_add_test(cases, a_manager_that_does_not_read);
    tcase_add_test(cases, a_signal_meanwhile);
    tcase_add_test(cases, descriptors_are_kept);
}

int main(void)
{
    return suite_run("daemon/notify", add);
}
