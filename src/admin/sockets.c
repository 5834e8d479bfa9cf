#include "admin/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "config/model.h"
#include "daemon/front.h"
#include "daemon/sockets.h"

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
    snprintf(path, sizeof path, "%s", listen->path);
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

static int open_front(const struct listen *listen, struct fronts *fronts, struct front **ret_front)
{
    int result = front_open(listen, 1, fronts, ret_front);
    if (result != -ENOENT || !listen_is_unix(listen))
        return result;
    result = make_directory(listen);
    return result < 0 ? result : front_open(listen, 1, fronts, ret_front);
}

/* libevent 2.1 asks getnameinfo(3) for the name of each client, and ends the process where that
 * does not know Unix sockets, as in musl. */
static bool names_unix_clients(void)
{
    struct sockaddr client = {.sa_family = AF_UNIX};
    char host[NI_MAXHOST], port[NI_MAXSERV];
    return getnameinfo(&client, sizeof client.sa_family, host, sizeof host, port, sizeof port,
                       NI_NUMERICHOST | NI_NUMERICSERV) == 0;
}

static const char *reason(int error)
{
    return error == -EPFNOSUPPORT ? "libevent cannot serve HTTP on Unix sockets with this C library"
                                  : strerror(-error);
}

static const char *advice(const struct listen *listen, int error)
{
    if (error == -EPFNOSUPPORT)
        return "give --admin 127.0.0.1:PORT or --admin off";
    if (listen->optional && listen_is_unix(listen))
        return "give --admin unix:PATH where redial may make files, "
               "--admin 127.0.0.1:PORT, or --admin off";
    return sockets_advice(listen, error);
}

/* Returns 0, 1 where redial does without, or -errno. */
static int open_one(struct admin_sockets *sockets, const struct listen *listen,
                    struct fronts *fronts)
{
    char text[LISTEN_TEXT_MAX];
    bool is_unix = listen_is_unix(listen);
    struct front *front;
    int result =
        is_unix && !names_unix_clients() ? -EPFNOSUPPORT : open_front(listen, fronts, &front);
    listen_format(listen, text);
    if (result == 0) {
        front->reserved = true;
        sockets->fronts[sockets->count] = front;
        sockets->listeners[sockets->count++] =
            (struct admin_listener){.fd = front->sockets[0].fd, .tcp = !is_unix};
        log_info("admin interface", log_text("address", text));
    }
    if (result >= 0)
        return result;
    if (listen->optional && is_unix) {
        log_warning("no admin interface", log_text("address", text),
                    log_text("error", reason(result)), log_text("advice", advice(listen, result)));
        return 1;
    }
    log_error("cannot listen for the admin interface", log_text("address", text),
              log_text("error", reason(result)), log_text("advice", advice(listen, result)));
    return result;
}

int admin_sockets_open(struct admin_sockets *sockets, const struct global_options *options,
                       struct fronts *fronts)
{
    size_t count = options->admin_count;
    *sockets = (struct admin_sockets){0};
    sockets->listeners = calloc(count + 1, sizeof *sockets->listeners);
    sockets->fronts = calloc(count + 1, sizeof *sockets->fronts);
    bool roomy = sockets->listeners && sockets->fronts;
    int result = roomy ? 0 : -ENOMEM;
    if (!roomy)
        log_error("no memory to listen for the admin interface");
    for (size_t i = 0; i < count && roomy; i++) { /* all of them, so that all errors are told */
        int opened = open_one(sockets, &options->admins[i], fronts);
        result = opened < 0 ? opened : result;
    }
    if (result < 0)
        admin_sockets_close(sockets);
    return result;
}

void admin_sockets_close(struct admin_sockets *sockets)
{
    for (size_t i = 0; i < sockets->count; i++)
        front_unref(sockets->fronts[i]);
    free(sockets->listeners);
    free(sockets->fronts);
    *sockets = (struct admin_sockets){0};
}
