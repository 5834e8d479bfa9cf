#ifndef REDIAL_DISCOVERY_HOSTS_H
#define REDIAL_DISCOVERY_HOSTS_H

#include <ares.h>
#include <stdbool.h>

#include "discovery/answer.h"

/* How long a line of hosts(5) is used before the file is read again, in seconds. */
#define HOSTS_TTL 10

/* Answers from /etc/hosts, which goes before DNS as it does for every other program of the host. A
 * name that stands there for the other family alone is answered as empty. The channel is only
 * c-ares's own need: no server is asked. Returns false where the name is not there; otherwise fills
 * *ret_answer, which answer_clear() frees. */
bool hosts_answer(ares_channel channel, const char *name, enum dns_type type,
                  struct answer *ret_answer);

#endif
