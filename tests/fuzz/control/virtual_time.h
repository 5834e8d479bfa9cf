/* libevent's timers in virtual time. virtual_time.c has the functions of libevent that the control
 * plane calls, and so takes the library's place. */
#ifndef FUZZ_CONTROL_VIRTUAL_TIME_H
#define FUZZ_CONTROL_VIRTUAL_TIME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/address.h"
#include "base/clock.h"

/* Lets so much time pass: whatever is due meanwhile fires, at its time and in order. */
void virtual_pass(usec_t span);

/* How many are pending. */
size_t virtual_pending(void);

/* Whether one with this argument fires by then, or in this moment. */
bool virtual_has(const void *arg, usec_t by);

/* Likewise, one of an owner that embeds it and begins with this address: as proxy/health does. */
bool virtual_has_for(const struct address *address, usec_t by);

#endif
