/* What holds of the control plane after each step. */
#ifndef FUZZ_CONTROL_CHECK_H
#define FUZZ_CONTROL_CHECK_H

#include <stdbool.h>

#include "base/address.h"

struct service;

void check_begin(void);
void check_end(void);

/* The operator wants no new connections to the address, or wants them again. */
void check_drained(const struct service *service, const struct address *address, bool on);

/* `mail_delivered`: nothing of what workers said is on its way. */
void check_all(bool mail_delivered);

/* Nothing but the configuration is another one: nobody has lost his addresses by that. */
void check_reloaded(void);

/* All have heard all: what the workers use is the newest, and all references are accounted for. */
void check_settled(void);

#endif
