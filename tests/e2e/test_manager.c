/* What a service manager hears (sd_notify(3)), from one that the test plays. */
#include "bed.h"
#include "tempdir.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static struct bed bed;
static struct tempdir *dir;
static int manager = -1;
static char heard[4096];
static size_t descriptors; /* that came with what was heard last */

static void bind_manager(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct timeval limit = {.tv_sec = limit_ms(10000) / 1000};
    ck_assert_uint_lt(strlen(path), sizeof(name.sun_path));
    strcpy(name.sun_path, path);
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(manager, 0);
    ck_assert_int_eq(bind(manager, (struct sockaddr *)&name, sizeof(name)), 0);
    ck_assert_int_eq(setsockopt(manager, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
}

static void take_descriptors(struct msghdr *message)
{
    descriptors = 0;
    for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at; at = CMSG_NXTHDR(message, at)) {
        int fds[16];
        if (at->cmsg_type != SCM_RIGHTS)
            continue;
        descriptors = (at->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        ck_assert_uint_le(descriptors, sizeof(fds) / sizeof(fds[0]));
        memcpy(fds, CMSG_DATA(at), descriptors * sizeof(int));
        for (size_t i = 0; i < descriptors; i++)
            close(fds[i]);
    }
}

/* Waits for the next message. A wait with a time-out ends when the process was stopped meanwhile:
 * signal(7). */
static const char *hear_anything(void)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(16 * sizeof(int))];
    struct iovec part = {.iov_base = heard, .iov_len = sizeof(heard) - 1};
    struct msghdr message;
    ssize_t length;
    do {
        message = (struct msghdr){.msg_iov = &part,
                                  .msg_iovlen = 1,
                                  .msg_control = control,
                                  .msg_controllen = sizeof(control)};
        length = recvmsg(manager, &message, MSG_CMSG_CLOEXEC);
    } while (length < 0 && errno == EINTR);
    ck_assert_msg(length > 0, "nothing more is said: %s", strerror(errno));
    heard[length] = '\0';
    take_descriptors(&message);
    return heard;
}

/* ... that is no sign of life. */
static void hear(void)
{
    while (strcmp(hear_anything(), "WATCHDOG=1\n") == 0)
        ;
}

static void expect(const char *begin, const char *words)
{
    hear();
    ck_assert_msg(strncmp(heard, begin, strlen(begin)) == 0, "not %s: %s", begin, heard);
    ck_assert_msg(strstr(heard, words) != NULL, "without %s: %s", words, heard);
}

static void start(const char *watchdog)
{
    static char path[200], socket_name[220];
    const char *environment[] = {socket_name, watchdog, NULL};
    bed_open(&bed);
    dir = tempdir_create();
    snprintf(path, sizeof(path), "%s/notify", tempdir_path(dir));
    snprintf(socket_name, sizeof(socket_name), "NOTIFY_SOCKET=%s", path);
    bind_manager(path);
    bed_add(&bed, PEER_IDENTIFY, 2);
    tempdir_write(dir, "upstreams.d/one.conf", "[upstream]\nlisten = %s\ntarget = 127.0.0.2:%u\n",
                  bed.listen, bed.port);
    tempdir_write(dir, "upstreams.d/two.conf",
                  "[upstream]\nlisten = 127.0.0.1:%u\ntarget = 127.0.0.2:%u\n", port_reserve(),
                  bed.port);
    bed_run_plain(&bed, environment, 0, "-w 1 -c %s -o redial.admin=off", tempdir_path(dir));
}

static void finish(void)
{
    close(manager);
    bed_close(&bed);
    tempdir_remove(dir);
}

/* From the first word to the last. The sockets go to the manager before READY, and one that is
 * closed for good is taken back. */
START_TEST(a_life_is_told)
{
    char two[200];
    start(NULL);
    for (int i = 0; i < 2; i++) {
        expect("FDSTORE=1\n", "FDNAME=127.0.0.1;");
        ck_assert_uint_eq(descriptors, 1);
    }
    expect("READY=1\n", "STATUS=2 upstreams, 0 connections open\n");
    int client = bed_connect(&bed);
    expect("STATUS=", "2 upstreams, 1 connection open\n");
    client_close(client);
    expect("STATUS=", "0 connections open\n");

    snprintf(two, sizeof(two), "%s/upstreams.d/two.conf", tempdir_path(dir));
    ck_assert_int_eq(unlink(two), 0);
    daemon_signal(bed.daemon, SIGHUP);
    expect("RELOADING=1\nMONOTONIC_USEC=", "STATUS=");
    expect("FDSTOREREMOVE=1\n", "FDNAME=127.0.0.1;");
    expect("READY=1\n", "STATUS=1 upstream, 0 connections open\n");

    tempdir_write(dir, "upstreams.d/one.conf", "[upstream]\nlisten = nowhere\n");
    daemon_signal(bed.daemon, SIGHUP);
    expect("RELOADING=1\n", "STATUS=");
    expect("READY=1\n", "STATUS=1 upstream, 0 connections open\n");
    bed_expect(&bed, 2);

    daemon_signal(bed.daemon, SIGTERM);
    do {
        hear(); /* that one had come in the meantime, too */
    } while (strncmp(heard, "STATUS=", 7) == 0);
    ck_assert_msg(strncmp(heard, "STOPPING=1\nEXTEND_TIMEOUT_USEC=", 31) == 0, "%s", heard);
    finish();
}
END_TEST

/* Twice in the time within which it wants to hear one. */
START_TEST(signs_of_life)
{
    start("WATCHDOG_USEC=400000");
    do {
        hear();
    } while (strncmp(heard, "READY=1\n", 8) != 0);
    int64_t begin = moment_ms();
    for (int i = 0; i < 4; i++)
        ck_assert_str_eq(hear_anything(), "WATCHDOG=1\n");
    ck_assert_int_ge(moment_ms() - begin, 700);
    ck_assert_int_le(moment_ms() - begin, limit_ms(1600));
    finish();
}
END_TEST

/* Meant for another process, such as the shell that began this one. */
START_TEST(a_watchdog_of_another_process)
{
    char other[16];
    snprintf(other, sizeof(other), "%d", getpid());
    ck_assert_int_eq(setenv("WATCHDOG_PID", other, 1), 0);
    start("WATCHDOG_USEC=50000");
    do {
        hear();
    } while (strncmp(heard, "READY=1\n", 8) != 0);
    int client = bed_connect(&bed);
    /* The next word, five seconds later, is no sign of life. */
    ck_assert_int_eq(strncmp(hear_anything(), "STATUS=", 7), 0);
    client_close(client);
    finish();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("manager");
    BED_TEST(suite, a_life_is_told, 1, 60);
    BED_TEST(suite, signs_of_life, 1, 20);
    BED_TEST(suite, a_watchdog_of_another_process, 1, 30);
    return bed_main(suite);
}
