#ifndef REDIAL_DAEMON_DESCRIPTORS_H
#define REDIAL_DAEMON_DESCRIPTORS_H

#include <stddef.h>
#include <stdint.h>

/* Raises the soft limit of open files to the hard one (setrlimit(2)) and returns it. */
uint64_t descriptors_raise_limit(void);

/* What the connections of the admin interface need at the most. */
#define DESCRIPTORS_FOR_ADMIN 16

/* How many connections `limit` descriptors carry, two each, when `fixed` of them serve otherwise;
 * a few are kept back, so that an accepted client always finds one for its endpoint. At least 1. */
uint32_t descriptors_connections(uint64_t limit, size_t fixed);

#endif
