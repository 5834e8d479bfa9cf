#ifndef REDIAL_DAEMON_SERVER_H
#define REDIAL_DAEMON_SERVER_H

#include "daemon/reload.h"

/* The process that serves: the engine, the configuration's changes, signals, a successor, the end.
 * Belongs to the main thread, and there is one. */
struct server;
struct upgrade;

/* What it is made of. All borrowed. */
struct server_setup {
    struct config *config;
    const char *path;      /* where that came from, or NULL */
    char *const *argv;     /* how the process was started */
    reload_loader *loader; /* reads the configuration again */
    void *arg;
};

/* Prepares to serve: everything listens, nobody is accepted. To be called before anything else is
 * opened and before any other thread exists. Returns NULL where it could not start (said in the
 * log). */
struct server *server_start(const struct server_setup *setup);

/* Told once, when a successor has taken over: what it shares with us is its own from now on. */
void server_on_superseded(struct server *server, void (*superseded)(void *arg), void *arg);

/* Whether one has. */
bool server_is_superseded(const struct server *server);

/* Everything is prepared: accepts, and serves until SIGTERM or SIGINT, or until a successor has
 * taken over and the last connection has ended. */
void server_run(struct server *server);

/* Accepts NULL. */
void server_free(struct server *server);

/* Starts a successor: see upgrade_begin(). */
int server_upgrade(struct server *server, char *ret_why, size_t size);

/* How that goes. */
const struct upgrade *server_successor(const struct server *server);

/* reload_now(), and the service manager hears of it. */
int server_reload_now(struct server *server, struct plan_result *ret_result);

/* Of clock_now(): when it began to serve. */
usec_t server_started(const struct server *server);

/* Where the configuration is read from, or NULL. */
const char *server_path(const struct server *server);

struct engine *server_engine(struct server *server);
struct reload *server_reload(struct server *server);

#endif
