#ifndef REDIAL_CONFIG_LISTEN_H
#define REDIAL_CONFIG_LISTEN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/address.h"

/* The longest path of a Unix socket (sun_path of unix(7), without its end). */
#define LISTEN_PATH_MAX 107

/* The longest name of a descriptor that systemd hands over (sd_listen_fds(3)). */
#define LISTEN_NAME_MAX 255

/* Who gets a Unix socket where nobody is named: whoever redial runs as. */
#define LISTEN_USER_OWN ((uid_t)-1)
#define LISTEN_GROUP_OWN ((gid_t)-1)

/* What to listen on: an address, the path of a Unix socket, or the sockets of one name that the
 * service manager hands over. */
enum listen_kind { LISTEN_ADDRESS, LISTEN_UNIX, LISTEN_SYSTEMD };

/* Many are held for long, and most of them are addresses: the text has the size that it needs. */
struct listen {
    struct address address; /* "none" for the other two */
    uint8_t kind;           /* enum listen_kind */
    bool optional;          /* redial goes on without it: the IPv6 half of a bare PORT, on a host
                             * that has no IPv6; the admin socket that nobody has asked for */
    uint16_t mode;
    uid_t user;
    gid_t group;
    union {         /* owned; NULL for an address */
        char *path; /* of a Unix socket */
        char *name; /* of systemd:NAME */
    };
};

#define LISTEN_EXPANSION_MAX 2

/* Reads `127.0.0.1:PORT`, `[::1]:PORT`, `PORT` (loopback, both families), `systemd:NAME`, or
 * `unix:PATH` with `mode=OCTAL` (0660), `user=NAME` and `group=NAME` behind it, also as numbers.
 * Users and groups are looked up on this host. Returns how many sockets it means (1 or 2), each for
 * listen_clear(), or -EINVAL with *ret_why, a constant string for a person, or -ENOMEM. */
int listen_parse(const char *text, struct listen ret_listen[LISTEN_EXPANSION_MAX],
                 const char **ret_why);

/* Likewise, of what the admin interface may listen on: no address but loopback's own, since who
 * reaches it may read everything. */
int listen_parse_admin(const char *text, struct listen ret_listen[LISTEN_EXPANSION_MAX],
                       const char **ret_why);

/* A copy with a text of its own. Returns false, and copies nothing, where there is no memory. */
bool listen_copy(struct listen *ret_copy, const struct listen *listen);

/* Frees the text. */
void listen_clear(struct listen *listen);

static inline bool listen_is_unix(const struct listen *listen)
{
    return listen->kind == LISTEN_UNIX;
}

static inline bool listen_is_systemd(const struct listen *listen)
{
    return listen->kind == LISTEN_SYSTEMD;
}

/* Whether it is neither of these, so that `address` says where. */
static inline bool listen_is_address(const struct listen *listen)
{
    return listen->kind == LISTEN_ADDRESS;
}

/* Long enough for any formatted socket. */
#define LISTEN_TEXT_MAX (LISTEN_NAME_MAX + 9)

/* Writes `10.0.0.1:80`, `[::1]:80`, `unix:PATH` or `systemd:NAME` into the buffer and returns it.
 */
const char *listen_format(const struct listen *listen, char text[LISTEN_TEXT_MAX]);

#endif
