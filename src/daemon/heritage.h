#ifndef REDIAL_DAEMON_HERITAGE_H
#define REDIAL_DAEMON_HERITAGE_H

#include <stdbool.h>

struct inherited;
struct known;

/* What this process was started with, by the service manager or by the process whose successor it
 * is. Main thread. */
struct heritage {
    struct inherited *inherited;
    struct known *known; /* NULL: nothing */
    int ready;           /* where the predecessor waits to hear that we serve; -1: there is none */
};

/* Takes it from the environment: before anything else is opened or another thread exists. Says in
 * the log what is wrong. Returns 0 or -errno. */
int heritage_open(struct heritage *heritage);

/* We serve, and all sockets that were wanted are taken: see inherited_dismiss(). */
void heritage_settle(struct heritage *heritage);

/* Tells the predecessor that we serve. Returns the descriptor on which its end is to be awaited
 * (readable then), which is the caller's; -1: there is no predecessor. */
int heritage_take_over(struct heritage *heritage);

/* Where we do not come to serve, nothing is said of what was handed over: it is the predecessor's
 * still. */
void heritage_clear(struct heritage *heritage);

#endif
