#ifndef REDIAL_DAEMON_RESOLVE_H
#define REDIAL_DAEMON_RESOLVE_H

#include <stdio.h>

struct config;

/* Asks for every name of the configuration once and prints, upstream by upstream, what would be
 * used. Returns the exit status: 0 where every upstream has an address, otherwise 1. */
int resolve_print(const struct config *config, FILE *out);

#endif
