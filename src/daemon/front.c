#include "daemon/front.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/compare.h"
#include "daemon/inherited.h"
#include "proxy/listener.h"

static bool has_no_ipv6(int error)
{
    return error == -EADDRNOTAVAIL || error == -EAFNOSUPPORT;
}

/* Takes the descriptor over, also when it fails. Returns 0 or -errno. */
static int add(struct front *front, int fd, size_t worker, bool copy)
{
    struct front_socket *grown =
        fd < 0 ? NULL : reallocarray(front->sockets, front->count + 1, sizeof *front->sockets);
    if (!grown) {
        int error = fd < 0 ? fd : -ENOMEM;
        if (fd >= 0)
            close(fd);
        return error;
    }
    front->sockets = grown;
    grown[front->count++] =
        (struct front_socket){.fd = fd, .worker = (unsigned)worker & INT_MAX, .copy = copy};
    return 0;
}

/* --- sockets that were handed over --------------------------------------------------------------
 */

static bool is_shareable(int fd)
{
    int on = 0;
    socklen_t length = sizeof on;
    return getsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, &length) == 0 && on;
}

static int copy_of(int fd)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return copy < 0 ? -errno : copy;
}

/* For a worker that is still without one: a socket of its own beside the others, or a descriptor of
 * one of these. */
static int supply(struct front *front, size_t worker, size_t originals)
{
    const struct front_socket *model = &front->sockets[worker % originals];
    if (listen_is_address(&front->listen) && is_shareable(model->fd)) {
        int fd = listener_open(&front->listen, true);
        if (fd >= 0)
            return add(front, fd, worker, false);
    }
    return add(front, copy_of(model->fd), worker, true);
}

/* Each has a queue of clients of its own, so each gets a worker, and each worker one at least. */
static int take_inherited(struct front *front, size_t workers, struct fronts *fronts)
{
    int result = 0, fd;
    while (result == 0 && (fd = inherited_take(fronts->inherited, &front->listen)) >= 0)
        result = add(front, fd, front->count % workers, false);
    size_t originals = front->count;
    for (size_t worker = originals; worker < workers && result == 0; worker++)
        result = supply(front, worker, originals);
    if (result == 0 && listen_is_unix(&front->listen)) {
        unix_socket_adopt(&front->listen, front->file);
        front->borrowed = true;
    }
    return result;
}

/* --- sockets of our own ------------------------------------------------------------------------
 */

/* Opens a Unix socket once and gives every worker a descriptor of it. */
static int open_unix(struct front *front, size_t workers)
{
    int result = add(front, unix_socket_open(&front->listen, front->file), 0, false);
    for (size_t i = 1; i < workers && result == 0; i++)
        result = add(front, copy_of(front->sockets[0].fd), i, true);
    return result;
}

static bool collides(struct fronts *fronts, const struct listen *listen)
{
    list_each(node, &fronts->open)
    {
        const struct front *front = list_entry(node, struct front, node);
        if (!front->reserved && listen_collides(&front->listen, listen))
            return true;
    }
    return false;
}

/* Alone first: a socket without SO_REUSEPORT is refused an address that is listened on. Where we do
 * so ourselves, at 0.0.0.0 perhaps, and are about to give that up, it says nothing. */
static int look_for_others(const struct front *front, struct fronts *fronts)
{
    int fd = listener_open(&front->listen, false);
    if (fd >= 0)
        close(fd);
    return fd >= 0 || (fd == -EADDRINUSE && collides(fronts, &front->listen)) ? 0 : fd;
}

static int open_address(struct front *front, size_t workers, struct fronts *fronts)
{
    int result = look_for_others(front, fronts);
    for (size_t i = 0; i < workers && result == 0; i++)
        result = add(front, listener_open(&front->listen, true), i, false);
    return result;
}

/* --- fronts -------------------------------------------------------------------------------------
 */

static int open_any(struct front *front, size_t workers, struct fronts *fronts)
{
    if (listen_is_unix(&front->listen) && !(front->file = calloc(1, sizeof *front->file)))
        return -ENOMEM;
    if (fronts->inherited && inherited_count(fronts->inherited, &front->listen) > 0)
        return take_inherited(front, workers, fronts);
    if (listen_is_systemd(&front->listen))
        return -ENOENT;
    return listen_is_unix(&front->listen) ? open_unix(front, workers)
                                          : open_address(front, workers, fronts);
}

int front_open(const struct listen *listen, size_t workers, struct fronts *fronts,
               struct front **ret_front)
{
    struct front *front = calloc(1, sizeof *front);
    if (!front)
        return -ENOMEM;
    front->references = 1;
    list_init(&front->node);
    int result = listen_copy(&front->listen, listen) ? open_any(front, workers, fronts) : -ENOMEM;
    if (result < 0) {
        front_unref(front);
        return listen->optional && has_no_ipv6(result) ? 1 : result;
    }
    list_append(&fronts->open, &front->node);
    *ret_front = front;
    return 0;
}

struct front *front_find(struct fronts *fronts, const struct listen *listen)
{
    list_each(node, &fronts->open)
    {
        struct front *front = list_entry(node, struct front, node);
        bool found = !front->file || unix_socket_stands(front->file);
        if (!front->reserved && found && listen_same_place(&front->listen, listen)) {
            /* A reload looks for all of them in their order: the next one will stand first. */
            list_remove(&front->node);
            list_append(&fronts->open, &front->node);
            return front;
        }
    }
    return NULL;
}

/* Where the socket of a name that was handed over listens, too. */
static struct address address_of(const struct front *front)
{
    struct sockaddr_storage name = {0};
    socklen_t length = sizeof name;
    if (!listen_is_systemd(&front->listen) || front->count == 0)
        return front->listen.address;
    if (getsockname(front->sockets[0].fd, (struct sockaddr *)&name, &length) < 0)
        length = 0;
    return address_from_sockaddr((struct sockaddr *)&name, length);
}

/* The kernel binds a socket to nobody else's address. */
static bool is_of_this_host(const struct address *address)
{
    struct address own = *address;
    address_set_port(&own, 0);
    int fd = socket(own.family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool is_own = fd >= 0 && bind(fd, &own.sa, address_length(&own)) == 0;
    if (fd >= 0)
        close(fd);
    return is_own;
}

static bool reaches(const struct front *front, const struct address *address)
{
    const struct address listener = address_of(front);
    if (listener.family == AF_UNSPEC || address_port(&listener) != address_port(address))
        return false;
    if (!address_is_unspecified(&listener))
        return address_equal(&listener, address);
    /* At :: IPv4 comes in as well where the socket was handed over; ours are for IPv6 alone. */
    bool both = listener.family == AF_INET6 && listen_is_systemd(&front->listen);
    return (both || listener.family == address->family) && is_of_this_host(address);
}

bool fronts_reached(const struct fronts *fronts, const struct address *address)
{
    const struct address target = address_unmapped(address);
    list_each(node, &fronts->open)
    {
        if (reaches(list_entry(node, struct front, node), &target))
            return true;
    }
    return false;
}

struct front *front_ref(struct front *front)
{
    front->references++;
    return front;
}

void front_claim_file(struct front *front)
{
    front->borrowed = false;
}

void front_remove_file(struct front *front)
{
    if (front->file && !front->borrowed)
        unix_socket_remove(front->file);
}

void front_unref(struct front *front)
{
    if (!front || --front->references > 0)
        return;
    list_remove(&front->node);
    front_remove_file(front);
    free(front->file);
    for (size_t i = 0; !front->given && i < front->count; i++)
        close(front->sockets[i].fd);
    free(front->sockets);
    listen_clear(&front->listen);
    free(front);
}

int front_adjust(struct front *front, const struct listen *listen)
{
    if (!listen_is_unix(listen) || listen_equal(&front->listen, listen))
        return 0;
    int result = unix_socket_adjust(front->file, listen);
    if (result == 0) {
        front->listen.mode = listen->mode;
        front->listen.user = listen->user;
        front->listen.group = listen->group;
    }
    return result;
}

void front_leave_file(struct front *front)
{
    if (front->file)
        unix_socket_forget(front->file);
}
