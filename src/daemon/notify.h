#ifndef REDIAL_DAEMON_NOTIFY_H
#define REDIAL_DAEMON_NOTIFY_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include "base/clock.h"

/* What redial tells the service manager that started it, in the protocol of sd_notify(3): a
 * datagram of VARIABLE=value lines to the socket that NOTIFY_SOCKET names. It is spoken here and
 * not by libsystemd, so that a static build has it as well.
 *
 * Without a service manager each function does nothing and returns 0. Otherwise 0 or -errno:
 * -EAGAIN where the manager took nothing for a second. Main thread. */
struct notify {
    struct sockaddr_un name;
    socklen_t length; /* of the name; 0: nobody is told */
};

/* Reads NOTIFY_SOCKET, a path or @ABSTRACT, and leaves it in the environment: the only program that
 * redial starts is its successor, which is to have it. Returns 0, or -EINVAL for what is no such
 * name; then nobody is told. */
int notify_open(struct notify *notify);

/* One line for "systemctl status"; what follows a READY, RELOADING or STOPPING replaces it. */
int notify_status(const struct notify *notify, const char *status);

/* The end of the start, or of a reload. */
int notify_ready(const struct notify *notify, const char *status);

/* A reload begins; notify_ready() must follow, however it ended. */
int notify_reloading(const struct notify *notify, const char *status);

/* The end begins, and may take `within` from now on, whatever TimeoutStopSec= says. */
int notify_stopping(const struct notify *notify, const char *status, usec_t within);

/* A start or a reload takes so much longer. */
int notify_extend(const struct notify *notify, usec_t within);

/* The sign of life that WatchdogSec= wants; see watchdog.h. */
int notify_watchdog(const struct notify *notify);

/* `successor` is the main process from now on. This one is not heard any more (NotifyAccess=main),
 * so after a success all later calls do nothing. The successor is not heard before: it has to wait
 * until this was said, for example for the end of the socket on which it has said that it is ready.
 */
int notify_hand_over(struct notify *notify, pid_t successor);

/* The manager keeps the descriptors under the name (printable, without ":", 255 bytes at the most)
 * and hands them to the next process when this one has failed (FileDescriptorStoreMax=); those that
 * it has already it keeps once. They stay the caller's. It watches none of them: it would drop a
 * socket that reports an error. */
int notify_store(const struct notify *notify, const char *name, const int *descriptors,
                 size_t count);

/* ... and closes what it keeps under the name. */
int notify_forget(const struct notify *notify, const char *name);

#endif
