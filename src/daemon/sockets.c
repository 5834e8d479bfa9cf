#include "daemon/sockets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/compare.h"
#include "config/config.h"
#include "daemon/inherited.h"

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

/* `fronts` (or NULL) knows what was handed over. */
static void report_failure(const struct upstream_config *upstream, const struct listen *listen,
                           const struct fronts *fronts, int error)
{
    char text[LISTEN_TEXT_MAX], explained[256];
    const char *what_to_do = sockets_advice(listen, error);
    if (fronts && fronts->inherited && listen_is_systemd(listen) && error == -ENOENT) {
        inherited_explain(fronts->inherited, listen, explained, sizeof explained);
        what_to_do = explained;
    }
    log_outcome_error("cannot listen", log_text("upstream", upstream->name),
                      log_text("address", listen_format(listen, text)),
                      log_text("error", strerror(-error)), log_text("advice", what_to_do));
}

int sockets_open(struct sockets *sockets, const struct upstream_config *upstream, size_t workers,
                 struct fronts *fronts)
{
    const struct upstream_options *options = &upstream->options;
    *sockets = (struct sockets){.several = options->listen_count > 1};
    if (sockets->several && !(sockets->fronts = calloc(options->listen_count, sizeof(void *)))) {
        log_error("no memory to listen", log_text("upstream", upstream->name));
        return -ENOMEM;
    }
    struct front **taken = sockets->several ? sockets->fronts : &sockets->front;
    for (size_t i = 0; i < options->listen_count; i++) {
        const struct listen *listen = &options->listens[i];
        struct front *known = front_find(fronts, listen), *front = known ? front_ref(known) : NULL;
        int result = front ? 0 : front_open(listen, workers, fronts, &front);
        if (result < 0) {
            report_failure(upstream, listen, fronts, result);
            sockets_clear(sockets);
            return result;
        }
        if (result == 0)
            taken[sockets->count++] = front;
    }
    return 0;
}

static void adjust(struct front *front, const struct upstream_config *upstream)
{
    for (size_t i = 0; i < upstream->options.listen_count; i++) {
        const struct listen *listen = &upstream->options.listens[i];
        int result = listen_same_place(&front->listen, listen) ? front_adjust(front, listen) : 0;
        if (result < 0)
            report_failure(upstream, listen, NULL, result);
    }
}

void sockets_report(struct sockets *sockets, const struct upstream_config *upstream)
{
    char text[LISTEN_TEXT_MAX];
    for (size_t i = 0; i < sockets->count; i++) {
        struct front *front = sockets_front(sockets, i);
        if (front->told) {
            adjust(front, upstream);
            continue;
        }
        front->told = true;
        log_outcome_info("listening", log_text("upstream", upstream->name),
                         log_text("address", listen_format(&front->listen, text)));
    }
}

size_t sockets_of_worker(const struct sockets *sockets, size_t worker)
{
    size_t count = 0;
    for (size_t i = 0; i < sockets->count; i++)
        for (size_t j = 0; j < sockets_front(sockets, i)->count; j++)
            count += sockets_front(sockets, i)->sockets[j].worker == worker;
    return count;
}

void sockets_give(struct sockets *sockets, size_t worker, int *ret_descriptors)
{
    for (size_t i = 0; i < sockets->count; i++) {
        struct front *front = sockets_front(sockets, i);
        front->given = true;
        for (size_t j = 0; j < front->count; j++)
            if (front->sockets[j].worker == worker)
                *ret_descriptors++ = front->sockets[j].fd;
    }
}

void sockets_remove_files(struct sockets *sockets)
{
    for (size_t i = 0; i < sockets->count; i++)
        front_remove_file(sockets_front(sockets, i));
}

void sockets_clear(struct sockets *sockets)
{
    for (size_t i = 0; i < sockets->count; i++)
        front_unref(sockets_front(sockets, i));
    if (sockets->several)
        free(sockets->fronts);
    *sockets = (struct sockets){0};
}
