#ifndef REDIAL_PROXY_SESSIONS_H
#define REDIAL_PROXY_SESSIONS_H

#include "base/clock.h"

struct view;

/* All sessions of a view. `now` is clock_now(). */

/* Ends every one at once. */
void sessions_abort(struct view *view);

/* Ends those that carried nothing for the view's idle-timeout. */
void sessions_expire(struct view *view, usec_t now);

/* Has the kernel watch the endpoints of connections that are new since the last look, sees to it
 * that user-timeout ends no connection to an endpoint that lives and does not read, and
 * ends those to one that vanished meanwhile. */
void sessions_look(struct view *view);

/* The view has another set: those whose endpoint is not in it are to be closed, as the view's
 * `removed` says, and those whose endpoint is back in it are not; none as long as it is empty. */
void sessions_follow_set(struct view *view, usec_t now);

/* Closes those whose time has come, unless the set is empty: at an idle moment, and where many had
 * to wait for that no more of them at once than is good; or at the end of their grace. The end is
 * an orderly one where it cannot be taken for the end of an answer, and a reset otherwise. */
void sessions_retire(struct view *view, usec_t now);

#endif
