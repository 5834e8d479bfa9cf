#ifndef REDIAL_DAEMON_INHERITED_H
#define REDIAL_DAEMON_INHERITED_H

#include <stddef.h>

#include "config/listen.h"

/* The descriptors that this process was started with, by the protocol of sd_listen_fds(3): the
 * sockets of a socket unit, those that the service manager has kept (notify_store()), and what the
 * process has left whose successor this is (handover.h). Main thread. */
struct inherited;

/* Receives LISTEN_FDS descriptors, from 3 on, with the names of LISTEN_FDNAMES, where LISTEN_PID is
 * this process; and removes the variables, whatever comes of it. To be called once, before anything
 * else is opened or another thread exists. All of them are set to be closed on exec, listening
 * sockets to non-blocking as well (and TCP_NODELAY, which accept(2) passes on). Returns 0 with
 * *ret_inherited, which may hold none, or -errno with ret_why, for a person: -EINVAL for variables
 * that contradict themselves, -EBADF for a descriptor that is not open. Then none was touched. */
int inherited_open(struct inherited **ret_inherited, char *ret_why, size_t size);

/* How many listening stream sockets there are for `listen` that nobody has taken: those with the
 * name of systemd:NAME, or bound to the address or path. */
size_t inherited_count(const struct inherited *inherited, const struct listen *listen);

/* Takes one of these, the first one first: it is the caller's now, who is to ask again until there
 * is none, since each has a queue of clients of its own. Returns the descriptor or -ENOENT. */
int inherited_take(struct inherited *inherited, const struct listen *listen);

/* Takes a descriptor that is no listening socket (a memfd, a pipe) by its name. Returns it or
 * -ENOENT. */
int inherited_take_file(struct inherited *inherited, const char *name);

/* Says why there is none for the systemd:NAME of `listen`, and what to do, in one line. */
void inherited_explain(const struct inherited *inherited, const struct listen *listen,
                       char *ret_text, size_t size);

/* All that is wanted is taken: closes the rest, with a warning each, since clients may wait there
 * in vain; and removes the files of Unix sockets that a predecessor listened on. Accepts NULL. */
void inherited_dismiss(struct inherited *inherited);

/* Closes what nobody has taken. Frees. Accepts NULL. */
void inherited_close(struct inherited *inherited);

#endif
