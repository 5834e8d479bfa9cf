/* Many clients at once: their connects run at the same time, and so do their questions. */
#ifndef TESTLIB_CROWD_H
#define TESTLIB_CROWD_H

#include <stddef.h>

struct crowd;

/* Starts count connects to address ("127.0.0.1:3001") at once and waits until all have ended. One
 * that is reset as soon as it is connected counts as connected, and as reset in crowd_wait_ends.
 * NULL when not all could be connected within ms milliseconds (errno is set). */
struct crowd *crowd_connect(const char *address, size_t count, int ms);

/* Every client sends line (a newline is added) and receives one line, all at the same time.
 * Returns how many got theirs within ms milliseconds. */
size_t crowd_ask(struct crowd *crowd, const char *line, int ms);

/* The last line that client index received ("" when none). Owned by the crowd. */
const char *crowd_answer(const struct crowd *crowd, size_t index);

/* How many clients' last line equals answer. */
size_t crowd_count_answer(const struct crowd *crowd, const char *answer);

/* How many clients see each end within ms: waits until every client saw the orderly end or a
 * reset, or the time is over. Received bytes are thrown away. */
struct crowd_ends {
    size_t ended;
    size_t reset;
    size_t open;
};
struct crowd_ends crowd_wait_ends(struct crowd *crowd, int ms);

size_t crowd_size(const struct crowd *crowd);

/* The descriptor of client index; the crowd keeps it. */
int crowd_fd(const struct crowd *crowd, size_t index);

/* Closes client index only (with an orderly end). */
void crowd_close_one(struct crowd *crowd, size_t index);

/* Closes all and frees. NULL is allowed. */
void crowd_close(struct crowd *crowd);

#endif
