#include "daemon/unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un name_of(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    memcpy(name.sun_path, path, strlen(path) + 1);
    return name;
}

static int new_socket(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return fd < 0 ? -errno : fd;
}

/* Whether a process still listens at the path: 0 nobody does, -EADDRINUSE, or another -errno. */
static int look_for_owner(const char *path)
{
    struct sockaddr_un name = name_of(path);
    int fd = new_socket();
    if (fd < 0)
        return fd;
    int error = connect(fd, (struct sockaddr *)&name, sizeof name) == 0 ? 0 : errno;
    close(fd);
    if (error == ECONNREFUSED || error == ENOENT)
        return 0;
    /* A full queue, and a socket of another type, have an owner as well. */
    return error == 0 || error == EAGAIN || error == EPROTOTYPE ? -EADDRINUSE : -error;
}

/* Removes what a process that is gone left at the path. */
static int clear_way(const char *path)
{
    struct stat status;
    if (lstat(path, &status) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(status.st_mode))
        return -ENOTSOCK;
    int result = look_for_owner(path);
    if (result == 0 && unlink(path) < 0 && errno != ENOENT)
        result = -errno;
    return result;
}

/* The mode is there when the file is: what bind(2) makes has all bits that the umask leaves. */
static int bind_with_mode(int fd, const struct listen *listen)
{
    struct sockaddr_un name = name_of(listen->path);
    mode_t before = umask(~(mode_t)listen->mode & 0777);
    int result = bind(fd, (struct sockaddr *)&name, sizeof name) < 0 ? -errno : 0;
    umask(before);
    return result;
}

static void set_path(struct unix_socket *socket, const struct listen *listen)
{
    snprintf(socket->path, sizeof socket->path, "%s", listen->path);
}

/* Remembers which file bind(2) has made, and gives it to its owner. It is held by a descriptor, so
 * that nobody who may write into the directory can have another file given away; and nobody can
 * connect yet, since nobody listens. */
static int give_to_owner(const struct listen *listen, struct unix_socket *ret_socket)
{
    struct stat status;
    int result = 0, fd = open(listen->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &status) < 0) {
        result = -errno;
    } else if (!S_ISSOCK(status.st_mode)) {
        result = -ENOTSOCK;
    } else {
        set_path(ret_socket, listen);
        ret_socket->device = status.st_dev;
        ret_socket->inode = status.st_ino;
        bool own = listen->user == LISTEN_USER_OWN && listen->group == LISTEN_GROUP_OWN;
        if (!own && fchownat(fd, "", listen->user, listen->group, AT_EMPTY_PATH) < 0)
            result = -errno;
    }
    close(fd);
    return result;
}

int unix_socket_open(const struct listen *where, struct unix_socket *ret_socket)
{
    *ret_socket = (struct unix_socket){.path = ""};
    int result = clear_way(where->path);
    int fd = result < 0 ? result : new_socket();
    if (fd < 0)
        return fd;
    result = bind_with_mode(fd, where);
    if (result == 0)
        result = give_to_owner(where, ret_socket);
    if (result == 0 && listen(fd, SOMAXCONN) < 0)
        result = -errno;
    if (result == 0)
        return fd;
    unix_socket_remove(ret_socket);
    close(fd);
    return result;
}

void unix_socket_adopt(const struct listen *listen, struct unix_socket *ret_socket)
{
    struct stat status;
    if (lstat(listen->path, &status) < 0 || !S_ISSOCK(status.st_mode))
        return;
    set_path(ret_socket, listen);
    ret_socket->device = status.st_dev;
    ret_socket->inode = status.st_ino;
}

bool unix_socket_stands(const struct unix_socket *socket)
{
    struct stat status;
    return socket->path[0] != '\0' && lstat(socket->path, &status) == 0 &&
           status.st_dev == socket->device && status.st_ino == socket->inode;
}

void unix_socket_forget(struct unix_socket *socket)
{
    socket->path[0] = '\0';
}

/* By a descriptor of the file itself, which cannot be exchanged meanwhile. */
static int adjust(int fd, const struct unix_socket *socket, const struct listen *listen)
{
    char path[64];
    struct stat status;
    if (fstat(fd, &status) < 0)
        return -errno;
    if (status.st_dev != socket->device || status.st_ino != socket->inode)
        return -ENOENT;
    if (fchownat(fd, "", listen->user, listen->group, AT_EMPTY_PATH) < 0)
        return -errno;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd); /* fchmod(2) takes no O_PATH */
    return chmod(path, listen->mode) < 0 ? -errno : 0;
}

int unix_socket_adjust(const struct unix_socket *socket, const struct listen *listen)
{
    int fd = open(socket->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int result = adjust(fd, socket, listen);
    close(fd);
    return result;
}

void unix_socket_remove(struct unix_socket *socket)
{
    if (unix_socket_stands(socket))
        unlink(socket->path);
    socket->path[0] = '\0';
}
