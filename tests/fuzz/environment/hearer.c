#include "hearer.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../target.h"

/* What systemd reads at the most. */
#define MESSAGE_MOST 4096
#define DESCRIPTORS_MOST 253

static int at_path, abstract;
static char path[108], name[64];

struct message {
    char text[MESSAGE_MOST];
    int descriptors[DESCRIPTORS_MOST];
    size_t count;
};

static void remove_path(void)
{
    unlink(path);
}

static int open_at(const char *text)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(text);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    memcpy(address.sun_path, text, length);
    if (text[0] == '@')
        address.sun_path[0] = '\0';
    expect(bind(fd, (struct sockaddr *)&address,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) == 0);
    return fd;
}

void hearer_open(void)
{
    snprintf(path, sizeof path, "/tmp/redial-notify-%ld", (long)getpid());
    snprintf(name, sizeof name, "@redial-notify-%ld", (long)getpid());
    unlink(path);
    at_path = open_at(path);
    abstract = open_at(name);
    atexit(remove_path);
}

const char *hearer_path(void)
{
    return path;
}

const char *hearer_abstract(void)
{
    return name;
}

/* --- one message ------------------------------------------------------------------------------ */

static void take_descriptors(struct msghdr *head, struct message *message)
{
    for (struct cmsghdr *at = CMSG_FIRSTHDR(head); at; at = CMSG_NXTHDR(head, at)) {
        expect(at->cmsg_level == SOL_SOCKET && at->cmsg_type == SCM_RIGHTS);
        size_t count = (at->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(message->descriptors + message->count, CMSG_DATA(at), count * sizeof(int));
        message->count += count;
    }
}

static bool receive(int fd, struct message *message)
{
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(DESCRIPTORS_MOST * sizeof(int))];
    } control;
    struct iovec part = {message->text, sizeof message->text - 1};
    struct msghdr head = {.msg_iov = &part,
                          .msg_iovlen = 1,
                          .msg_control = &control,
                          .msg_controllen = sizeof control};
    message->count = 0;
    ssize_t length = recvmsg(fd, &head, MSG_CMSG_CLOEXEC);
    if (length < 0)
        return false;
    expect(!(head.msg_flags & (MSG_TRUNC | MSG_CTRUNC)));
    message->text[length] = '\0';
    expect(strlen(message->text) == (size_t)length);
    take_descriptors(&head, message);
    return true;
}

static bool says(const struct message *message, const char *line)
{
    const char *at = strstr(message->text, line);
    return at && (at == message->text || at[-1] == '\n');
}

static void check_line(const char *line, size_t length)
{
    static const char *const known[] = {"READY=1",         "STATUS=",    "RELOADING=1",
                                        "MONOTONIC_USEC=", "STOPPING=1", "EXTEND_TIMEOUT_USEC=",
                                        "WATCHDOG=1",      "MAINPID=",   "FDSTORE=1",
                                        "FDNAME=",         "FDPOLL=0",   "FDSTOREREMOVE=1"};
    size_t i = 0;
    while (i < COUNT_OF(known) && strncmp(line, known[i], strlen(known[i])) != 0)
        i++;
    expect(i < COUNT_OF(known) && length < MESSAGE_MOST);
    if (strncmp(line, "FDNAME=", 7) == 0) {
        expect(length > 7 && length <= 7 + 255 && !memchr(line, ':', length));
        for (size_t j = 0; j < length; j++)
            expect(line[j] >= ' ' && line[j] <= '~');
    }
}

static void check_lines(const char *text)
{
    while (*text != '\0') {
        const char *end = strchr(text, '\n');
        expect(end);
        check_line(text, (size_t)(end - text));
        text = end + 1;
    }
}

static bool listens(int fd)
{
    int on = 0;
    socklen_t length = sizeof on;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &length) == 0 && on;
}

static void check(const struct message *message)
{
    check_lines(message->text);
    expect(message->count == (says(message, "FDSTORE=1\n") ? 1 : 0));
    for (size_t i = 0; i < message->count; i++) {
        expect(listens(message->descriptors[i]));
        close(message->descriptors[i]);
    }
}

bool hearer_listen(bool may_speak)
{
    static struct message message;
    bool handed_over = false;
    while (receive(at_path, &message) || receive(abstract, &message)) {
        expect(may_speak && !handed_over);
        check(&message);
        handed_over = says(&message, "MAINPID=");
    }
    return handed_over;
}
