#ifndef REDIAL_ADMIN_SOCKETS_H
#define REDIAL_ADMIN_SOCKETS_H

#include <stddef.h>

#include "admin/http.h"

struct global_options;
struct front;
struct fronts;

/* The listening sockets of the admin interface, as admin_http_new() wants them. They are the
 * process's fronts too, so that a successor gets them. */
struct admin_sockets {
    struct admin_listener *listeners;
    struct front **fronts;
    size_t count;
};

/* Opens what [redial] admin names, and logs each address. The directory of a Unix socket is made
 * where its last part is missing: mode 0750, for who owns the socket. What cannot be opened is an
 * error, unless nobody has asked for it: then one warning says what to do, and redial does without.
 * Before other threads exist (umask(2)). Returns 0 or -errno; then none is open. */
int admin_sockets_open(struct admin_sockets *sockets, const struct global_options *options,
                       struct fronts *fronts);

/* Removes the files, so that a client finds nobody instead of waiting. */
void admin_sockets_remove_files(struct admin_sockets *sockets);

/* Closes all, after admin_http_free(), and removes the files. */
void admin_sockets_close(struct admin_sockets *sockets);

#endif
