#ifndef REDIAL_BASE_LOG_LIMIT_H
#define REDIAL_BASE_LOG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

/* What keeps a storm out of the log. Lines are alike that have the same message and are of the same
 * upstream. Of those, so many come in a time, which begins with the first: as many as the kernel
 * lets through of its own (printk_ratelimit: 10 in 5 s). The others are counted, and told as one
 * line when the time is over. */
#define LOG_LIMIT_LINES 20
#define LOG_LIMIT_TIME (10 * USEC_PER_SEC)

/* Lines that were suppressed in a time that is over. The texts are the taker's to free, and NULL
 * where there was no memory to keep them; so is `upstream` where the lines were of none. */
struct log_storm {
    char *message, *upstream;
    uint32_t suppressed;
};

/* Whether lines are limited at all: not before this is called. What was begun goes on to be counted
 * where it ends. Any thread, and so are all of these. */
void log_limit_set(bool on);

/* Whether such a line may be written now; otherwise it is counted as suppressed. `upstream` may be
 * NULL. In `ret_over` what is to be told before, of which `suppressed` is 0 where there is nothing.
 */
bool log_limit_admits(const char *message, const char *upstream, struct log_storm *ret_over);

/* Takes a storm whose time is over, or with `all` any. Returns false where there is none. */
bool log_limit_take(bool all, struct log_storm *ret_storm);

/* How long it is at least until another one can be taken. */
usec_t log_limit_wait(void);

/* How many lines the process has suppressed. */
uint64_t log_limit_suppressed(void);

#endif
