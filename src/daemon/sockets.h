#ifndef REDIAL_DAEMON_SOCKETS_H
#define REDIAL_DAEMON_SOCKETS_H

#include <stddef.h>

struct listen;
struct unix_socket;
struct upstream_config;

/* The listening sockets of one upstream: each address once for every worker, and one Unix socket
 * of which every worker has a descriptor (they compete for its clients, for want of SO_REUSEPORT).
 */
struct sockets {
    int *descriptors; /* worker by worker; -1: given away or not open */
    size_t per_worker, workers;
    struct unix_socket *files; /* of the Unix sockets */
    size_t file_count;
};

/* What to do where `listen` cannot be opened for that -errno, for a person; or NULL. */
const char *sockets_advice(const struct listen *listen, int error);

/* Opens all of them and logs each address, or why it cannot be listened on. An address that another
 * process listens on is an error, although SO_REUSEPORT would share it. Returns 0 or -errno; then
 * none is open. */
int sockets_open(struct sockets *sockets, const struct upstream_config *upstream, size_t workers);

/* The `per_worker` descriptors of one worker. Borrowed. */
const int *sockets_of_worker(const struct sockets *sockets, size_t worker);

/* They belong to the worker now, and are not ours to close. */
void sockets_forget(struct sockets *sockets, size_t worker);

/* Removes the files of the Unix sockets: no new client finds them. Who has connected already waits
 * in the sockets. */
void sockets_remove_files(struct sockets *sockets);

/* Closes what was not given away, and removes the files. */
void sockets_close(struct sockets *sockets);

#endif
