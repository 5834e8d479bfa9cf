/* The service manager's end of sd_notify(3). */
#ifndef FUZZ_ENVIRONMENT_HEARER_H
#define FUZZ_ENVIRONMENT_HEARER_H

#include <stdbool.h>

/* Opens it; once. */
void hearer_open(void);

/* What NOTIFY_SOCKET says of it: a path, or the abstract name. */
const char *hearer_path(void);
const char *hearer_abstract(void);

/* Hears all that was said so far, which must be what such a manager knows. `may_speak`: something
 * may have been said. Returns whether another process is the main one by now. */
bool hearer_listen(bool may_speak);

#endif
