#ifndef REDIAL_DAEMON_SERVER_H
#define REDIAL_DAEMON_SERVER_H

struct config;

/* Serves the configuration until SIGTERM or SIGINT, and logs what happens. Returns the process's
 * exit status: 0 stopped as asked, 1 could not start (said in the log). Call it once, from the main
 * thread, before any other thread exists. */
int server_run(struct config *config);

#endif
