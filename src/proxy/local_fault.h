#ifndef REDIAL_PROXY_LOCAL_FAULT_H
#define REDIAL_PROXY_LOCAL_FAULT_H

#include "base/address.h"

struct upstream_config;

/* Says in the log that this host itself kept a connect to the endpoint from being made, and what
 * would help. Once in ten seconds for the whole process: clients may come by the thousand. `error`
 * is a positive errno. Any thread. */
void local_fault_tell(const struct upstream_config *upstream, const struct address *endpoint,
                      int error);

#endif
