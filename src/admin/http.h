#ifndef REDIAL_ADMIN_HTTP_H
#define REDIAL_ADMIN_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "admin/request.h"
#include "daemon/descriptors.h"

struct event_base;

/* The HTTP side of the admin interface: evhttp in the main thread's loop, behind what evhttp lacks.
 * A connection carries one request and has 10 s for it in all, from accept to the answer's last
 * byte. Eight connections may be open over Unix sockets, and eight over TCP: a further one takes
 * the place of that whose request is missing longest, or of the oldest, after some milliseconds or
 * a second, so that nobody can lock the operator out. Without descriptors, accepting pauses. */
struct admin_http;

/* Of both kinds together; the daemon keeps descriptors for them. */
#define ADMIN_CONNECTIONS_MOST DESCRIPTORS_FOR_ADMIN

enum admin_method { ADMIN_GET, ADMIN_POST };

/* What answers at a path. HEAD is GET, of which the body is left out. A POST never comes over TCP.
 * `context` is that of admin_http_new(). */
struct admin_route {
    const char *path;
    enum admin_method method;
    void (*handler)(struct admin_request *request, void *context);
};

/* A listening, non-blocking socket; it stays the caller's, open until
 * admin_http_leave() or admin_http_free(). */
struct admin_listener {
    int fd;
    bool tcp;
};

/* Starts to serve. The routes are borrowed until admin_http_free(); SIGPIPE must be ignored.
 * Returns 0 with *ret_http, or -ENOMEM. Main thread, as all of this. */
int admin_http_new(struct event_base *base, const struct admin_listener *listeners,
                   size_t listener_count, const struct admin_route *routes, size_t route_count,
                   void *context, struct admin_http **ret_http);

/* From now on nobody more is accepted: the sockets are another process's, and may be closed. Who
 * was accepted is answered, but nothing is changed for him. */
void admin_http_leave(struct admin_http *http);

/* How many connections are open. */
size_t admin_http_connections(const struct admin_http *http);

/* Closes all connections. Requests that wait for their answer still are to be replied to all the
 * same. Accepts NULL. */
void admin_http_free(struct admin_http *http);

#endif
