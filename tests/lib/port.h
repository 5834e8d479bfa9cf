/* Free ports that stay ours: no other test process that runs beside this one gets the same. */
#ifndef TESTLIB_PORT_H
#define TESTLIB_PORT_H

#include <stdint.h>

/* A port on which nothing is bound, TCP and UDP, IPv4 and IPv6, any address. It lies below the
 * kernel's range for outgoing connections, so none of those takes it either. Reserved against
 * every other caller of port_reserve on this machine until this process ends. Thread-safe.
 * Aborts the process when there is none. */
uint16_t port_reserve(void);

#endif
