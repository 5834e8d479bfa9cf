#include "daemon/inherited.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "config/value.h"
#include "daemon/handover.h"

#define FIRST_DESCRIPTOR 3
/* What sd_listen_fds_with_names(3) calls a descriptor without a name. */
#define NAME_UNKNOWN "unknown"

struct item {
    int fd; /* -1: taken */
    char *name;
    bool listening;         /* a stream socket that listens, at: */
    struct address address; /* "none" for a Unix socket */
    char path[LISTEN_PATH_MAX + 1];
};

struct inherited {
    struct item *items;
    size_t count;
    bool for_another; /* LISTEN_PID was another process */
};

/* --- receiving ---------------------------------------------------------------------------------
 */

static bool is_listening_stream(int fd)
{
    int type = 0, listens = 0;
    socklen_t type_length = sizeof type, listens_length = sizeof listens;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_length) == 0 && type == SOCK_STREAM &&
           getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_length) == 0 && listens;
}

static void identify(struct item *item)
{
    struct sockaddr_storage name = {0};
    socklen_t length = sizeof name;
    int one = 1;
    item->listening = is_listening_stream(item->fd) &&
                      getsockname(item->fd, (struct sockaddr *)&name, &length) == 0;
    if (!item->listening)
        return;
    fcntl(item->fd, F_SETFL, fcntl(item->fd, F_GETFL) | O_NONBLOCK);
    item->address = address_from_sockaddr((struct sockaddr *)&name, length);
    const char *path = ((struct sockaddr_un *)&name)->sun_path; /* unnamed and abstract: "" */
    if (name.ss_family == AF_UNIX && strnlen(path, sizeof item->path) < sizeof item->path)
        strcpy(item->path, path);
    else if (item->address.family != AF_UNSPEC)
        setsockopt(item->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

/* One name of the list, which moves on behind it; without a list each is unknown. NULL without
 * memory. */
static char *next_name(const char **names)
{
    size_t length = *names ? strcspn(*names, ":") : 0;
    char *name = *names ? strndup(*names, length) : strdup(NAME_UNKNOWN);
    if (name && *names)
        *names += length + ((*names)[length] == ':');
    return name;
}

static size_t count_names(const char *names)
{
    size_t count = 1;
    for (; *names != '\0'; names++)
        count += *names == ':';
    return count;
}

/* How many descriptors the variables promise, or -errno: as sd_listen_fds(3) reads them. */
static int read_count(const char *text, const char *names, char *why, size_t size)
{
    int64_t count;
    int result = value_parse_count(text, &count);
    if (result < 0 || count == 0 || count > INT_MAX - FIRST_DESCRIPTOR) {
        snprintf(why, size, "LISTEN_FDS=%.40s is no number of descriptors", text);
        return -EINVAL;
    }
    if (names && count_names(names) != (size_t)count) {
        snprintf(why, size, "LISTEN_FDS=%lld, but LISTEN_FDNAMES has %zu names", (long long)count,
                 count_names(names));
        return -EINVAL;
    }
    for (int fd = FIRST_DESCRIPTOR; fd < FIRST_DESCRIPTOR + count; fd++)
        if (fcntl(fd, F_GETFD) < 0) {
            snprintf(why, size, "LISTEN_FDS=%lld, but descriptor %d is not open", (long long)count,
                     fd);
            return -EBADF;
        }
    return (int)count;
}

static int no_memory(char *why, size_t size)
{
    snprintf(why, size, "there is no memory to take what was handed over");
    return -ENOMEM;
}

static int receive(struct inherited *inherited, char *why, size_t size)
{
    const char *process = getenv("LISTEN_PID");
    const char *text = getenv("LISTEN_FDS");
    const char *names = getenv("LISTEN_FDNAMES");
    int64_t pid;
    if (!process || !text)
        return 0;
    if (value_parse_count(process, &pid) < 0) {
        snprintf(why, size, "LISTEN_PID=%.40s is no process", process);
        return -EINVAL;
    }
    inherited->for_another = pid != getpid();
    int count = inherited->for_another ? 0 : read_count(text, names, why, size);
    if (count <= 0)
        return count;
    inherited->items = calloc((size_t)count, sizeof *inherited->items);
    if (!inherited->items)
        return no_memory(why, size);
    for (; inherited->count < (size_t)count; inherited->count++) {
        struct item *item = &inherited->items[inherited->count];
        item->fd = FIRST_DESCRIPTOR + (int)inherited->count;
        item->name = next_name(&names);
        if (!item->name)
            return no_memory(why, size);
        fcntl(item->fd, F_SETFD, FD_CLOEXEC);
        identify(item);
    }
    return 0;
}

int inherited_open(struct inherited **ret_inherited, char *ret_why, size_t size)
{
    struct inherited *inherited = calloc(1, sizeof *inherited);
    int result = inherited ? receive(inherited, ret_why, size) : no_memory(ret_why, size);
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    if (result < 0)
        inherited_close(inherited);
    else
        *ret_inherited = inherited;
    return result;
}

/* --- finding -----------------------------------------------------------------------------------
 */

static bool matches(const struct item *item, const struct listen *listen)
{
    if (item->fd < 0 || !item->listening)
        return false;
    if (listen_is_systemd(listen))
        return strcmp(item->name, listen->name) == 0;
    if (listen_is_unix(listen))
        return strcmp(item->path, listen->path) == 0;
    return address_equal(&item->address, &listen->address);
}

size_t inherited_count(const struct inherited *inherited, const struct listen *listen)
{
    size_t count = 0;
    for (size_t i = 0; i < inherited->count; i++)
        count += matches(&inherited->items[i], listen);
    return count;
}

static int take_item(struct item *item)
{
    int fd = item->fd;
    item->fd = -1;
    return fd;
}

int inherited_take(struct inherited *inherited, const struct listen *listen)
{
    for (size_t i = 0; i < inherited->count; i++)
        if (matches(&inherited->items[i], listen))
            return take_item(&inherited->items[i]);
    return -ENOENT;
}

int inherited_take_file(struct inherited *inherited, const char *name)
{
    for (size_t i = 0; i < inherited->count; i++) {
        struct item *item = &inherited->items[i];
        if (item->fd >= 0 && !item->listening && strcmp(item->name, name) == 0)
            return take_item(item);
    }
    return -ENOENT;
}

/* --- what is missing, and what is too much -----------------------------------------------------
 */

static const struct item *find_name(const struct inherited *inherited, const char *name)
{
    for (size_t i = 0; i < inherited->count; i++)
        if (strcmp(inherited->items[i].name, name) == 0)
            return &inherited->items[i];
    return NULL;
}

void inherited_explain(const struct inherited *inherited, const struct listen *listen,
                       char *ret_text, size_t size)
{
    const struct item *item = find_name(inherited, listen->name);
    if (inherited->for_another)
        snprintf(ret_text, size,
                 "LISTEN_PID is another process: the unit must start redial itself, "
                 "not a script around it");
    else if (inherited->count == 0)
        snprintf(ret_text, size,
                 "no socket was handed over: start redial by the socket unit of its name "
                 "(systemctl start redial.socket)");
    else if (item && item->listening)
        snprintf(ret_text, size, "another listen has taken every socket of that name");
    else if (item)
        snprintf(ret_text, size,
                 "what has that name is no listening stream socket: its unit must say "
                 "ListenStream=, and Accept=no");
    else
        snprintf(ret_text, size,
                 "of the %zu that were handed over none has that name (the first is %.64s): "
                 "FileDescriptorName= of the socket unit sets it",
                 inherited->count, inherited->items[0].name);
}

static void warn_of(struct item *item)
{
    struct listen listen = {.address = item->address};
    if (item->path[0] != '\0') {
        listen.kind = LISTEN_UNIX;
        listen.path = item->path;
    }
    char text[LISTEN_TEXT_MAX];
    bool known = item->listening && (item->address.family != AF_UNSPEC || item->path[0] != '\0');
    log_warning("a descriptor was handed over that nothing asks for: it is closed",
                log_text("name", item->name),
                log_text("address", known ? listen_format(&listen, text) : NULL));
}

/* The service manager's sockets have names of their own. */
static void remove_file(const struct item *item)
{
    struct stat status;
    if (item->listening && strcmp(item->name, HANDOVER_SOCKET) == 0 && item->path[0] != '\0' &&
        lstat(item->path, &status) == 0 && S_ISSOCK(status.st_mode))
        unlink(item->path);
}

void inherited_dismiss(struct inherited *inherited)
{
    for (size_t i = 0; inherited && i < inherited->count; i++) {
        struct item *item = &inherited->items[i];
        if (item->fd < 0)
            continue;
        warn_of(item);
        remove_file(item);
        close(take_item(item));
    }
}

void inherited_close(struct inherited *inherited)
{
    for (size_t i = 0; inherited && i < inherited->count; i++) {
        struct item *item = &inherited->items[i];
        if (item->fd >= 0)
            close(item->fd);
        free(item->name);
    }
    if (inherited)
        free(inherited->items);
    free(inherited);
}
