/* redial's own connects: they wait here until the input ends them. probes.c takes the place of
 * proxy/probe. */
#ifndef FUZZ_CONTROL_PROBES_H
#define FUZZ_CONTROL_PROBES_H

#include <stdbool.h>
#include <stddef.h>

#include "proxy/connect.h"

void probes_begin(void);

/* The next one fails as it starts, by a fault of this host. */
void probes_lack(void);

size_t probes_count(void);
bool probes_has(const struct address *address);

/* The address of the n-th one; n is below the number. */
struct address probes_address(size_t n);

/* Ends it. */
void probes_end(size_t n, enum connect_outcome outcome);

#endif
