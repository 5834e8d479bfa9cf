#include "daemon/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "config/config.h"
#include "daemon/unix_socket.h"
#include "proxy/listener.h"

static const char *advice_on_path(int error)
{
    switch (error) {
    case -EADDRINUSE:
        return "another process listens there: ss -lxp shows which";
    case -ENOTSOCK:
        return "there is a file that is no socket: remove it, or choose another path";
    case -ENOENT:
        return "its directory does not exist: make it first (RuntimeDirectory= of systemd.exec)";
    case -ENOTDIR:
        return "a part of its path is no directory";
    case -EACCES:
        return "redial's user may not make files in that directory, or not connect to what is "
               "there";
    case -EPERM:
        return "only root gives a socket to another user, or to a group that is not its own";
    case -EROFS:
        return "the file system is read-only: choose a path in a volume or a tmpfs";
    default:
        return NULL;
    }
}

const char *sockets_advice(const struct listen *listen, int error)
{
    const char *on_path = listen_is_unix(listen) ? advice_on_path(error) : NULL;
    if (on_path)
        return on_path;
    switch (error) {
    case -EADDRINUSE:
        return "another process listens there: ss -ltnp shows which";
    case -EADDRNOTAVAIL:
        return "this host does not have that address: ip address shows those it has";
    case -EACCES:
        return "ports below 1024 need CAP_NET_BIND_SERVICE: take a higher one";
    case -EMFILE:
    case -ENFILE:
        return "the limit of open files is reached: raise it (ulimit -n, or LimitNOFILE=)";
    default:
        return NULL;
    }
}

static bool has_no_ipv6(int error)
{
    return error == -EADDRNOTAVAIL || error == -EAFNOSUPPORT;
}

/* Opens a Unix socket once and gives every worker a descriptor of it. */
static int open_unix_for_all(struct sockets *sockets, const struct listen *listen, size_t place)
{
    int fd = unix_socket_open(listen, &sockets->files[sockets->file_count]);
    if (fd < 0)
        return fd;
    sockets->file_count++;
    sockets->descriptors[place] = fd;
    for (size_t i = 1; i < sockets->workers; i++) {
        int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        if (copy < 0)
            return -errno;
        sockets->descriptors[i * sockets->per_worker + place] = copy;
    }
    return 0;
}

/* Opens one address for every worker. Returns 0, -errno, or 1 where it is optional and lacking. */
static int open_for_all(struct sockets *sockets, const struct listen *listen, size_t place)
{
    if (listen_is_unix(listen))
        return open_unix_for_all(sockets, listen, place);
    /* Alone first: a socket without SO_REUSEPORT is refused an address that is listened on. */
    int fd = listener_open(listen, false);
    if (fd < 0)
        return listen->optional && has_no_ipv6(fd) ? 1 : fd;
    if (sockets->workers == 1) {
        sockets->descriptors[place] = fd;
        return 0;
    }
    close(fd);
    for (size_t i = 0; i < sockets->workers; i++) {
        fd = listener_open(listen, true);
        if (fd < 0)
            return fd;
        sockets->descriptors[i * sockets->per_worker + place] = fd;
    }
    return 0;
}

/* The row of each worker closes its gaps: an optional address may have been left out. */
static void shrink(struct sockets *sockets, size_t opened)
{
    for (size_t i = 0; i < sockets->workers; i++)
        memmove(sockets->descriptors + i * opened, sockets->descriptors + i * sockets->per_worker,
                opened * sizeof *sockets->descriptors);
    sockets->per_worker = opened;
}

int sockets_open(struct sockets *sockets, const struct upstream_config *upstream, size_t workers)
{
    const struct upstream_options *options = &upstream->options;
    size_t total = options->listen_count * workers, opened = 0;
    char text[LISTEN_TEXT_MAX];
    *sockets = (struct sockets){.per_worker = options->listen_count, .workers = workers};
    sockets->descriptors = malloc(total * sizeof *sockets->descriptors);
    sockets->files = calloc(options->listen_count, sizeof *sockets->files);
    if (!sockets->descriptors || !sockets->files) {
        sockets_close(sockets);
        return -ENOMEM;
    }
    memset(sockets->descriptors, -1, total * sizeof *sockets->descriptors);
    for (size_t i = 0; i < options->listen_count; i++) {
        const struct listen *listen = &options->listens[i];
        int result = open_for_all(sockets, listen, opened);
        if (result < 0) {
            log_error("cannot listen", log_text("upstream", upstream->name),
                      log_text("address", listen_format(listen, text)),
                      log_text("error", strerror(-result)),
                      log_text("advice", sockets_advice(listen, result)));
            sockets_close(sockets);
            return result;
        }
        if (result == 0) {
            opened++;
            log_info("listening", log_text("upstream", upstream->name),
                     log_text("address", listen_format(listen, text)));
        }
    }
    shrink(sockets, opened);
    return 0;
}

const int *sockets_of_worker(const struct sockets *sockets, size_t worker)
{
    return sockets->descriptors + worker * sockets->per_worker;
}

void sockets_forget(struct sockets *sockets, size_t worker)
{
    for (size_t i = 0; i < sockets->per_worker; i++)
        sockets->descriptors[worker * sockets->per_worker + i] = -1;
}

void sockets_remove_files(struct sockets *sockets)
{
    for (size_t i = 0; i < sockets->file_count; i++)
        unix_socket_remove(&sockets->files[i]);
    sockets->file_count = 0;
}

void sockets_close(struct sockets *sockets)
{
    for (size_t i = 0; sockets->descriptors && i < sockets->per_worker * sockets->workers; i++)
        if (sockets->descriptors[i] >= 0)
            close(sockets->descriptors[i]);
    sockets_remove_files(sockets);
    free(sockets->files);
    free(sockets->descriptors);
    sockets->files = NULL;
    sockets->descriptors = NULL;
}
