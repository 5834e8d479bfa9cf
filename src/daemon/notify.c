#include "daemon/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MESSAGE_MAX 1024
#define PATIENCE USEC_PER_SEC
/* The kernel takes 253 (SCM_MAX_FD of unix(7)). */
#define DESCRIPTORS_MAX 128

int notify_open(struct notify *notify)
{
    const char *name = getenv("NOTIFY_SOCKET");
    size_t length = name ? strlen(name) : 0;
    *notify = (struct notify){.name.sun_family = AF_UNIX};
    if (length == 0)
        return 0;
    if ((name[0] != '/' && name[0] != '@') || length < 2 || length >= sizeof notify->name.sun_path)
        return -EINVAL;
    memcpy(notify->name.sun_path, name, length);
    if (name[0] == '@') /* abstract: the name begins with a zero and has no end but its length */
        notify->name.sun_path[0] = '\0';
    notify->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    return 0;
}

/* A send with a time-out is not taken up again after a signal, nor after SIGCONT: signal(7). */
static int send_patiently(int fd, const struct msghdr *message)
{
    usec_t until = clock_now() + PATIENCE;
    for (usec_t left = PATIENCE; left > 0; left = until - clock_now()) {
        struct timeval wait = clock_timeval(left);
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
        if (sendmsg(fd, message, MSG_NOSIGNAL) >= 0)
            return 0;
        if (errno != EINTR)
            return -errno;
    }
    return -EAGAIN;
}

static int send_message(const struct notify *notify, struct msghdr *message)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    message->msg_name = (void *)&notify->name;
    message->msg_namelen = notify->length;
    int result = send_patiently(fd, message);
    close(fd);
    return result;
}

static int send_text(const struct notify *notify, const char *text, const int *descriptors,
                     size_t count)
{
    union {
        struct cmsghdr head; /* for its alignment */
        char bytes[CMSG_SPACE(DESCRIPTORS_MAX * sizeof(int))];
    } control;
    struct iovec part = {.iov_base = (void *)text, .iov_len = strlen(text)};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (notify->length == 0)
        return 0;
    if (count > 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = &control;
        message.msg_controllen = (socklen_t)CMSG_SPACE(count * sizeof *descriptors);
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = (socklen_t)CMSG_LEN(count * sizeof *descriptors);
        memcpy(CMSG_DATA(head), descriptors, count * sizeof *descriptors);
    }
    return send_message(notify, &message);
}

/* --- what is said ------------------------------------------------------------------------------
 */

static int say(const struct notify *notify, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int say(const struct notify *notify, const char *format, ...)
{
    char text[MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return send_text(notify, text, NULL, 0);
}

/* A status of one line: behind a line break would stand another variable. */
static int say_status(const struct notify *notify, const char *variables, const char *status)
{
    char line[MESSAGE_MAX / 2];
    snprintf(line, sizeof line, "%s", status);
    for (char *at = line; *at != '\0'; at++)
        if ((unsigned char)*at < ' ')
            *at = ' ';
    return say(notify, "%sSTATUS=%s\n", variables, line);
}

int notify_status(const struct notify *notify, const char *status)
{
    return say_status(notify, "", status);
}

int notify_ready(const struct notify *notify, const char *status)
{
    return say_status(notify, "READY=1\n", status);
}

int notify_reloading(const struct notify *notify, const char *status)
{
    char variables[80]; /* Type=notify-reload compares the time with that of its signal */
    snprintf(variables, sizeof variables, "RELOADING=1\nMONOTONIC_USEC=%lld\n",
             (long long)clock_now());
    return say_status(notify, variables, status);
}

int notify_stopping(const struct notify *notify, const char *status, usec_t within)
{
    char variables[80];
    snprintf(variables, sizeof variables, "STOPPING=1\nEXTEND_TIMEOUT_USEC=%lld\n",
             (long long)within);
    return say_status(notify, variables, status);
}

int notify_watchdog(const struct notify *notify)
{
    return say(notify, "WATCHDOG=1\n");
}

int notify_hand_over(struct notify *notify, pid_t successor)
{
    int result = say(notify, "MAINPID=%ld\n", (long)successor);
    if (result == 0)
        notify->length = 0;
    return result;
}

int notify_store(const struct notify *notify, const char *name, const int *descriptors,
                 size_t count)
{
    char text[MESSAGE_MAX];
    int result = 0;
    snprintf(text, sizeof text, "FDSTORE=1\nFDNAME=%s\nFDPOLL=0\n", name);
    for (size_t done = 0; done < count && result == 0; done += DESCRIPTORS_MAX) {
        size_t part = count - done < DESCRIPTORS_MAX ? count - done : DESCRIPTORS_MAX;
        result = send_text(notify, text, descriptors + done, part);
    }
    return result;
}

int notify_forget(const struct notify *notify, const char *name)
{
    return say(notify, "FDSTOREREMOVE=1\nFDNAME=%s\n", name);
}
