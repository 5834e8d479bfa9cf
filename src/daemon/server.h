#ifndef REDIAL_DAEMON_SERVER_H
#define REDIAL_DAEMON_SERVER_H

#include "daemon/reload.h"

/* The process that serves: the engine, the configuration's changes, signals, the end. Belongs to
 * the main thread, and there is one. */
struct server;

/* Starts to serve the configuration, which `loader` reads again when it is to be reloaded, and logs
 * what happens. `path` (borrowed, or NULL) is where it came from. To be called before any other
 * thread exists. Returns NULL where it could not start (said in the log). */
struct server *server_start(struct config *config, const char *path, reload_loader *loader,
                            void *arg);

/* Serves until SIGTERM or SIGINT. */
void server_run(struct server *server);

/* Accepts NULL. */
void server_free(struct server *server);

/* Of clock_now(): when it began to serve. */
usec_t server_started(const struct server *server);

/* Where the configuration is read from, or NULL. */
const char *server_path(const struct server *server);

struct engine *server_engine(struct server *server);
struct reload *server_reload(struct server *server);

#endif
