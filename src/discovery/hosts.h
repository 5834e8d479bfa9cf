#ifndef REDIAL_DISCOVERY_HOSTS_H
#define REDIAL_DISCOVERY_HOSTS_H

#include <stdbool.h>

#include "discovery/answer.h"

#define HOSTS_PATH "/etc/hosts"

/* How long a line of the file is used before it is looked at again, in seconds. */
#define HOSTS_TTL 10

/* The hosts(5) file, which goes before DNS as it does for every other program of the host. It is
 * read again when it has changed. Belongs to one thread. */
struct hosts;

/* `path` is copied. Returns NULL where there is no memory. */
struct hosts *hosts_new(const char *path);
void hosts_free(struct hosts *hosts);

/* Answers with every address that the file gives the name, on whatever line. A name that stands
 * there for the other family alone, or with an address that no host can have, is answered as
 * empty. Returns false where the name is not there,
 * or the file cannot be read; otherwise fills *ret_answer, which answer_clear() frees. */
bool hosts_answer(struct hosts *hosts, const char *name, enum dns_type type,
                  struct answer *ret_answer);

/* Whether it has any address of the name. */
bool hosts_knows(struct hosts *hosts, const char *name);

#endif
