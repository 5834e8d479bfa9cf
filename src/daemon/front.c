#include "daemon/front.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/compare.h"
#include "proxy/listener.h"

static bool has_no_ipv6(int error)
{
    return error == -EADDRNOTAVAIL || error == -EAFNOSUPPORT;
}

/* Opens a Unix socket once and gives every worker a descriptor of it. */
static int open_unix(struct front *front)
{
    front->file = calloc(1, sizeof *front->file);
    if (!front->file)
        return -ENOMEM;
    front->descriptors[0] = unix_socket_open(&front->listen, front->file);
    if (front->descriptors[0] < 0)
        return front->descriptors[0];
    for (size_t i = 1; i < front->count; i++) {
        front->descriptors[i] = fcntl(front->descriptors[0], F_DUPFD_CLOEXEC, 0);
        if (front->descriptors[i] < 0)
            return -errno;
    }
    return 0;
}

static bool collides(struct list *open, const struct listen *listen)
{
    list_each(node, open)
    {
        if (listen_collides(&list_entry(node, struct front, node)->listen, listen))
            return true;
    }
    return false;
}

/* Alone first: a socket without SO_REUSEPORT is refused an address that is listened on. Where we do
 * so ourselves, at 0.0.0.0 perhaps, and are about to give that up, it says nothing. */
static int look_for_others(const struct front *front, struct list *open)
{
    int fd = listener_open(&front->listen, false);
    if (fd >= 0)
        close(fd);
    return fd >= 0 || (fd == -EADDRINUSE && collides(open, &front->listen)) ? 0 : fd;
}

static int open_shared(struct front *front, struct list *open)
{
    int result = look_for_others(front, open);
    for (size_t i = 0; i < front->count && result == 0; i++) {
        front->descriptors[i] = listener_open(&front->listen, true);
        result = front->descriptors[i] < 0 ? front->descriptors[i] : 0;
    }
    return result;
}

int front_open(const struct listen *listen, size_t workers, struct list *open,
               struct front **ret_front)
{
    struct front *front = calloc(1, sizeof *front + workers * sizeof(int));
    if (!front)
        return -ENOMEM;
    *front = (struct front){.references = 1, .listen = *listen, .count = workers};
    list_init(&front->node);
    memset(front->descriptors, -1, workers * sizeof(int));
    int result = listen_is_unix(listen) ? open_unix(front) : open_shared(front, open);
    if (result < 0) {
        front_unref(front);
        return listen->optional && has_no_ipv6(result) ? 1 : result;
    }
    list_append(open, &front->node);
    *ret_front = front;
    return 0;
}

struct front *front_find(struct list *open, const struct listen *listen)
{
    list_each(node, open)
    {
        struct front *front = list_entry(node, struct front, node);
        bool is_unix = listen_is_unix(listen);
        if (is_unix == listen_is_unix(&front->listen) &&
            (is_unix ? strcmp(front->listen.path, listen->path) == 0
                     : address_equal(&front->listen.address, &listen->address))) {
            /* A reload looks for all of them in their order: the next one will stand first. */
            list_remove(&front->node);
            list_append(open, &front->node);
            return front;
        }
    }
    return NULL;
}

struct front *front_ref(struct front *front)
{
    front->references++;
    return front;
}

void front_remove_file(struct front *front)
{
    if (front->file)
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
        if (front->descriptors[i] >= 0)
            close(front->descriptors[i]);
    free(front);
}

int front_adjust(struct front *front, const struct listen *listen)
{
    if (!listen_is_unix(listen) || listen_equal(&front->listen, listen))
        return 0;
    int result = unix_socket_adjust(front->file, listen);
    if (result == 0)
        front->listen = *listen;
    return result;
}
