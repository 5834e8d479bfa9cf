#ifndef REDIAL_DAEMON_UNIX_SOCKET_H
#define REDIAL_DAEMON_UNIX_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>

#include "config/listen.h"

/* The file of a listening Unix socket (unix(7)): which one it is, so that no other one is removed
 * in its place. */
struct unix_socket {
    char path[LISTEN_PATH_MAX + 1]; /* "": none */
    dev_t device;
    ino_t inode;
};

/* Listens at the path of `where`, with its mode and owner from the first moment on. What a
 * process that is gone left there is replaced; nothing else is. Changes the process's umask for a
 * moment, so no other thread may make files. Returns the descriptor with *ret_socket filled in, or
 * -errno: -EADDRINUSE where another process listens there, -ENOTSOCK where something stands there
 * that is no socket, -EPERM where the owner cannot be changed. */
int unix_socket_open(const struct listen *where, struct unix_socket *ret_socket);

/* The file at the path of `listen` is that of a socket that was handed over, as far as can be seen:
 * *ret_socket is it from now on. */
void unix_socket_adopt(const struct listen *listen, struct unix_socket *ret_socket);

/* Whether the file is there, and no other one in its place. */
bool unix_socket_stands(const struct unix_socket *socket);

/* The file is somebody else's from now on. */
void unix_socket_forget(struct unix_socket *socket);

/* Gives the file the mode and owner of `listen`, unless another one has taken its place. Returns 0
 * or -errno. */
int unix_socket_adjust(const struct unix_socket *socket, const struct listen *listen);

/* Removes the file, unless another one has taken its place; once. */
void unix_socket_remove(struct unix_socket *socket);

#endif
