#ifndef REDIAL_DAEMON_HANDOVER_H
#define REDIAL_DAEMON_HANDOVER_H

#include <stddef.h>
#include <sys/types.h>

#include "config/listen.h"

/* What this process leaves to its successor, by the protocol of sd_listen_fds(3), which
 * inherited.h receives: the listening sockets, and by these names a memfd with the addresses that
 * are known, and a pipe or socket on which the successor says that it is ready. Main thread. */
struct handover {
    struct handover_item {
        int fd; /* borrowed */
        char *name;
    } * items;
    size_t count;
};

#define HANDOVER_KNOWN "redial-known"
#define HANDOVER_READY "redial-ready"

/* The name of a socket that is known by its address or path: short, since all names together
 * must fit into one variable (128 KiB: MAX_ARG_STRLEN of execve(2)). */
#define HANDOVER_SOCKET "-"

/* Adds a descriptor, once each, under a name: printable, without ":". Returns 0, -EINVAL for
 * another name, or -ENOMEM. */
int handover_add(struct handover *handover, const char *name, int fd);

/* Adds a socket of `listen` under the name of its systemd:NAME, or else HANDOVER_SOCKET. */
int handover_add_socket(struct handover *handover, const struct listen *listen, int fd);

/* A name for a socket of `listen` that tells it from those of others, for notify_store(): NAME of
 * systemd:NAME, or what listen_format() says, with `;` for `:` and `_` for what else is not
 * allowed. */
const char *handover_name(const struct listen *listen, char text[LISTEN_TEXT_MAX]);

/* Starts a program with these descriptors, from 3 on in the order of their adding, with no other
 * but standard input, output and error, and with the environment of this process, but for what
 * tells of descriptors and of the process that the watchdog minds. Signal handlers and mask are as
 * they are after any execve(2), with the mask of the caller. The descriptors stay the caller's.
 * Returns 0 with *ret_pid, who is to be waited for, or -errno, also that of execve(2). */
int handover_start(const struct handover *handover, const char *path, char *const argv[],
                   pid_t *ret_pid);

void handover_clear(struct handover *handover);

#endif
