#include "admin/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "config/model.h"
#include "daemon/sockets.h"
#include "daemon/unix_socket.h"
#include "proxy/listener.h"

#define DIRECTORY_MODE 0750

/* Who may use the socket must get to it. The directory is held by a descriptor, so that nobody
 * puts another file in its place. */
static int give_directory(const char *path, const struct listen *listen)
{
    int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int result = fchownat(fd, "", listen->user, listen->group, AT_EMPTY_PATH) < 0 ? -errno : 0;
    close(fd);
    return result;
}

/* Makes the directory of the socket, if only that is missing. */
static int make_directory(const struct listen *listen)
{
    char path[LISTEN_PATH_MAX + 1];
    memcpy(path, listen->path, sizeof path);
    char *slash = strrchr(path, '/');
    if (slash == path)
        return 0;
    *slash = '\0';
    mode_t before = umask(~(mode_t)DIRECTORY_MODE & 0777);
    int result = mkdir(path, DIRECTORY_MODE) < 0 ? -errno : 0;
    umask(before);
    bool own = listen->user == LISTEN_USER_OWN && listen->group == LISTEN_GROUP_OWN;
    if (result == 0 && !own)
        result = give_directory(path, listen);
    return result == -EEXIST ? 0 : result;
}

static int open_unix(struct admin_sockets *sockets, const struct listen *listen)
{
    struct unix_socket *file = &sockets->files[sockets->file_count];
    int fd = unix_socket_open(listen, file);
    if (fd == -ENOENT) {
        int result = make_directory(listen);
        fd = result < 0 ? result : unix_socket_open(listen, file);
    }
    sockets->file_count += fd >= 0;
    return fd;
}

static bool has_no_ipv6(int error)
{
    return error == -EADDRNOTAVAIL || error == -EAFNOSUPPORT;
}

/* Returns 0, 1 where redial does without, or -errno. */
static int open_one(struct admin_sockets *sockets, const struct listen *listen)
{
    char text[LISTEN_TEXT_MAX];
    bool is_unix = listen_is_unix(listen);
    int fd = is_unix ? open_unix(sockets, listen) : listener_open(listen, false);
    listen_format(listen, text);
    if (fd >= 0) {
        sockets->listeners[sockets->count++] = (struct admin_listener){.fd = fd, .tcp = !is_unix};
        log_info("admin interface", log_text("address", text));
        return 0;
    }
    if (listen->optional && is_unix) {
        log_warning("no admin interface", log_text("address", text),
                    log_text("error", strerror(-fd)),
                    log_text("advice", "give --admin unix:PATH where redial may make files, "
                                       "--admin 127.0.0.1:PORT, or --admin off"));
        return 1;
    }
    if (listen->optional && has_no_ipv6(fd))
        return 1;
    log_error("cannot listen for the admin interface", log_text("address", text),
              log_text("error", strerror(-fd)), log_text("advice", sockets_advice(listen, fd)));
    return fd;
}

int admin_sockets_open(struct admin_sockets *sockets, const struct global_options *options)
{
    size_t count = options->admin_count;
    *sockets = (struct admin_sockets){0};
    sockets->listeners = calloc(count + 1, sizeof *sockets->listeners);
    sockets->files = calloc(count + 1, sizeof *sockets->files);
    int result = sockets->listeners && sockets->files ? 0 : -ENOMEM;
    for (size_t i = 0; i < count && result != -ENOMEM; i++) {
        int opened = open_one(sockets, &options->admins[i]);
        result = opened < 0 ? opened : result;
    }
    if (result < 0)
        admin_sockets_close(sockets);
    return result;
}

void admin_sockets_remove_files(struct admin_sockets *sockets)
{
    for (size_t i = 0; i < sockets->file_count; i++)
        unix_socket_remove(&sockets->files[i]);
    sockets->file_count = 0;
}

void admin_sockets_close(struct admin_sockets *sockets)
{
    for (size_t i = 0; i < sockets->count; i++)
        close(sockets->listeners[i].fd);
    admin_sockets_remove_files(sockets);
    free(sockets->listeners);
    free(sockets->files);
    *sockets = (struct admin_sockets){0};
}
