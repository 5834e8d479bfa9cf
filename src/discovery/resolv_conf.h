#ifndef REDIAL_DISCOVERY_RESOLV_CONF_H
#define REDIAL_DISCOVERY_RESOLV_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/address.h"

#define RESOLV_CONF_PATH "/etc/resolv.conf"
#define RESOLV_CONF_SERVERS 8
#define RESOLV_CONF_SEARCH 16
#define RESOLV_CONF_NAME_MOST 253

/* What resolv.conf(5) says, as far as it matters to one who asks and does not recurse. */
struct resolv_conf {
    struct address servers[RESOLV_CONF_SERVERS]; /* port 53 */
    size_t server_count;
    char *search[RESOLV_CONF_SEARCH]; /* lower case, no trailing dot, owned */
    size_t search_count;
    unsigned ndots;    /* 1 unless said, at most 15 */
    unsigned timeout;  /* seconds, at most 30; 0: not said */
    unsigned attempts; /* at most 5; 0: not said */
    bool rotate;
};

/* Reads the text of such a file; what it does not know is passed over, as in other resolvers, and
 * so is a search domain that is no name. Always fills *ret_conf; resolv_conf_clear() frees it. */
void resolv_conf_parse(const char *text, size_t length, struct resolv_conf *ret_conf);

/* Reads the file. Returns 0 or -errno; then *ret_conf is as of an empty file. */
int resolv_conf_read(const char *path, struct resolv_conf *ret_conf);

/* The n-th name (0, 1, …) that is asked for when somebody wants `name`: itself alone, or with
 * `search` also with each suffix of the search list behind it; itself goes first where it has
 * `ndots` dots, otherwise last. Returns false behind the last one. What would be longer than a name
 * may be comes out empty. */
bool resolv_conf_candidate(const struct resolv_conf *conf, const char *name, bool search, size_t n,
                           char ret_text[RESOLV_CONF_NAME_MOST + 1]);

void resolv_conf_clear(struct resolv_conf *conf);

#endif
