#ifndef REDIAL_DAEMON_UPGRADE_H
#define REDIAL_DAEMON_UPGRADE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

struct engine;

/* The way to a successor: the program is started anew with our listening sockets and the addresses
 * that we know, and once it says that it serves, this process serves its open connections to their
 * end. Belongs to the main thread. */
struct upgrade;

/* The successor serves. Whatever it is to see done before it tells the service manager anything is
 * done when this returns. */
typedef void upgrade_done(void *arg, pid_t successor);

/* `argv` (borrowed) is how this process was started. Returns NULL without memory. */
struct upgrade *upgrade_new(struct engine *engine, char *const argv[], upgrade_done *done,
                            void *arg);

/* Starts the successor. Returns 0, or -errno with ret_why, a line for a person: -EBUSY while
 * another one starts or the process stops, -EPERM as process 1, whose end would be that of its
 * container. */
int upgrade_begin(struct upgrade *upgrade, char *ret_why, size_t size);

/* Whether a successor is on its way: begun, and neither serving nor given up. */
bool upgrade_under_way(const struct upgrade *upgrade);

/* Of time(2): when the last upgrade failed; 0: it did not. With ret_why (borrowed until the next
 * turn of the loop), a line for a person. */
time_t upgrade_failed(const struct upgrade *upgrade, const char **ret_why);

/* A child of this process has ended, with this status of wait(2). */
void upgrade_child_ended(struct upgrade *upgrade, pid_t child, int status);

/* The process stops: a successor that does not serve yet is ended. */
void upgrade_cancel(struct upgrade *upgrade);

/* A successor that does not serve yet is ended. Accepts NULL. */
void upgrade_free(struct upgrade *upgrade);

#endif
