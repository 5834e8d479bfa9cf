#ifndef REDIAL_BASE_BACKOFF_H
#define REDIAL_BASE_BACKOFF_H

#include "base/clock.h"

/* How long to wait before the next try: `first` doubled `level` times, `most` at the most, less up
 * to a fifth by chance, so that those who failed together do not come again together. Any thread.
 */
usec_t backoff_wait(usec_t first, usec_t most, unsigned level);

#endif
