#ifndef REDIAL_DISCOVERY_SERVERS_H
#define REDIAL_DISCOVERY_SERVERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "discovery/channel.h"

/* Waits for a silent server, and rounds over all of them, where nobody says otherwise: half a dozen
 * seconds, as other resolvers wait, would be an outage. */
#define SERVERS_TIMEOUT USEC_PER_SEC
#define SERVERS_ROUNDS 2

/* The DNS servers of one list, in the order in which they are to be asked, with a channel to each
 * over UDP and over TCP. Belongs to the thread that runs the loop. */
struct servers;

/* How they are asked. */
struct servers_manner {
    usec_t timeout;  /* how long a server may be silent */
    unsigned rounds; /* over all servers before a question ends by silence; at least 1 */
    bool rotate;     /* begin with another one each time */
};

/* Returns 0, or -errno: -ENOENT where there is none, -EINVAL where c-ares takes none of them; one
 * that it does not take is passed over. */
int servers_new(struct event_base *base, const struct address *addresses, size_t count,
                const struct servers_manner *manner, struct servers **ret_servers);

/* Another list and manner, from now on. The questions under way with the old ones end by
 * ARES_EDESTRUCTION. Returns 0, or as servers_new() does: then the old ones serve on. */
int servers_replace(struct servers *servers, const struct address *addresses, size_t count,
                    const struct servers_manner *manner);

/* Accepts NULL. */
void servers_free(struct servers *servers);

size_t servers_count(const struct servers *servers);
unsigned servers_rounds(const struct servers *servers);
const struct address *servers_address(const struct servers *servers, size_t index);
struct channel *servers_channel(const struct servers *servers, size_t index,
                                enum transport transport);

/* Whether the list was made of these addresses in this order. */
bool servers_are(const struct servers *servers, const struct address *addresses, size_t count);

/* Whom a new question goes to: the first one that was not blamed of late. */
size_t servers_first(struct servers *servers, usec_t now);

/* The server was silent, could not be reached or refused: others go before it for 5 s, doubling to
 * a minute as long as it stays so. */
void servers_blame(struct servers *servers, size_t index, usec_t now);

/* The server answered, be it with an error. */
void servers_praise(struct servers *servers, size_t index);

#endif
