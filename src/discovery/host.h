#ifndef REDIAL_DISCOVERY_HOST_H
#define REDIAL_DISCOVERY_HOST_H

#include "discovery/endpoint_set.h"
#include "discovery/source.h"

/* The addresses of one name, A and AAAA side by side: neither waits for the other, nor spoils it.
 * Embedded in its owner. Belongs to the main thread. */
struct host {
    struct source a;
    union {
        struct source aaaa;
        struct dozer dozer; /* in its place, while nobody can ask for it */
    };
    uint16_t port;
    bool search;
    bool dozes;
};

/* The source of AAAA, or NULL where nobody asks for it. */
const struct source *host_aaaa(const struct host *host);

/* Starts the asking, in a zeroed host. Returns 0 or -ENOMEM; then host_stop() is still due. */
int host_start(struct host *host, struct scope *scope, const char *name, bool search,
               uint16_t port);
void host_stop(struct host *host);

/* Whether no address of it was ever known. */
bool host_is_unknown(const struct host *host);

/* How many addresses there are, and the places of them, each like `pattern` but for the address.
 * Returns how many were written. */
size_t host_count(const struct host *host);
size_t host_places(const struct host *host, const struct place *pattern, struct place *ret_places);

/* The addresses of the set at the host's port are known from before, as if an answer had named
 * them. Without memory some may be missing. */
void host_found(struct host *host, const struct endpoint_set *set);

/* See source_connect_failed(). */
bool host_connect_failed(struct host *host, const struct address *address, usec_t now);

/* Hands over what an SRV answer said of the name beside its own question. */
void host_offer(struct host *host, const struct answer *answer, const char *name);

void host_hurry(struct host *host);

#endif
