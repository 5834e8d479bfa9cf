#include "config/listen.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/value.h"

/* A Unix socket is for its owner and group until more is asked for. */
#define MODE_DEFAULT 0660
#define MODE_MAX 0777

#define BLANKS " \t"

static int invalid(const char **ret_why, const char *why)
{
    *ret_why = why;
    return -EINVAL;
}

/* Gives the listen its text, and hands it over. */
static int finish(struct listen *listen, const char *text, size_t length, struct listen *ret_listen)
{
    listen->path = strndup(text, length);
    if (!listen->path)
        return -ENOMEM;
    *ret_listen = *listen;
    return 1;
}

bool listen_copy(struct listen *ret_copy, const struct listen *listen)
{
    char *text = listen->path ? strdup(listen->path) : NULL;
    if (listen->path && !text)
        return false;
    *ret_copy = *listen;
    ret_copy->path = text;
    return true;
}

void listen_clear(struct listen *listen)
{
    free(listen->path);
    listen->path = NULL;
}

/* --- Unix sockets ------------------------------------------------------------------ */

static int parse_mode(const char *text, struct listen *listen, const char **ret_why)
{
    char *end;
    unsigned long mode = strtoul(text, &end, 8);
    if (text[0] < '0' || text[0] > '7' || *end != '\0' || mode > MODE_MAX)
        return invalid(ret_why, "mode is an octal number from 0 to 0777, such as 0660");
    listen->mode = (uint16_t)mode;
    return 0;
}

/* A number that is no user or group of its own; -1 means "unchanged" to chown(2). */
static bool parse_id(const char *text, uint32_t *ret_id)
{
    int64_t id;
    if (value_parse_count(text, &id) < 0 || id >= UINT32_MAX)
        return false;
    *ret_id = (uint32_t)id;
    return true;
}

static int parse_user(const char *text, struct listen *listen, const char **ret_why)
{
    const struct passwd *user;
    if (parse_id(text, &listen->user))
        return 0;
    user = getpwnam(text);
    if (!user)
        return invalid(ret_why, "this host has no such user");
    listen->user = user->pw_uid;
    return 0;
}

static int parse_group(const char *text, struct listen *listen, const char **ret_why)
{
    const struct group *group;
    if (parse_id(text, &listen->group))
        return 0;
    group = getgrnam(text);
    if (!group)
        return invalid(ret_why, "this host has no such group");
    listen->group = group->gr_gid;
    return 0;
}

static const struct attribute {
    const char *name;
    int (*parse)(const char *text, struct listen *listen, const char **ret_why);
} attributes[] = {{"mode=", parse_mode}, {"user=", parse_user}, {"group=", parse_group}};
#define ATTRIBUTES (sizeof attributes / sizeof *attributes)

static int parse_attribute(const char *word, struct listen *listen, const char **ret_why)
{
    for (size_t i = 0; i < ATTRIBUTES; i++) {
        size_t length = strlen(attributes[i].name);
        if (strncmp(word, attributes[i].name, length) == 0)
            return attributes[i].parse(word + length, listen, ret_why);
    }
    return invalid(ret_why, "behind the path there is only mode=0660, user=NAME and group=NAME");
}

static int parse_attributes(const char *text, struct listen *listen, const char **ret_why)
{
    int result = 0;
    char *copy = strdup(text), *rest = copy, *word;
    if (!copy) {
        *ret_why = "there is no memory to read it";
        return -ENOMEM;
    }
    while (result == 0 && (word = strsep(&rest, BLANKS)) != NULL)
        if (*word != '\0')
            result = parse_attribute(word, listen, ret_why);
    free(copy);
    return result;
}

static int parse_unix(const char *text, struct listen *ret_listen, const char **ret_why)
{
    size_t length = strcspn(text, BLANKS);
    struct listen listen = {.kind = LISTEN_UNIX,
                            .mode = MODE_DEFAULT,
                            .user = LISTEN_USER_OWN,
                            .group = LISTEN_GROUP_OWN};
    if (text[0] == '@')
        return invalid(ret_why, "an abstract socket has no permissions: write unix:/PATH");
    if (text[0] != '/')
        return invalid(ret_why, "a path begins with a slash: unix:/run/app/db.sock");
    if (length > LISTEN_PATH_MAX)
        return invalid(ret_why, "the path of a Unix socket has 107 bytes at the most");
    if (text[length - 1] == '/')
        return invalid(ret_why, "the path ends with a slash: write the name of the socket too");
    int result = parse_attributes(text + length, &listen, ret_why);
    return result < 0 ? result : finish(&listen, text, length, ret_listen);
}

/* --- sockets that are handed over ------------------------------------------------------ */

/* What FileDescriptorName= of systemd.socket(5) takes, but for blanks, and for commas, which
 * separate the values of a list. */
static int parse_systemd(const char *text, struct listen *ret_listen, const char **ret_why)
{
    struct listen listen = {.kind = LISTEN_SYSTEMD};
    size_t length = strlen(text);
    if (length == 0 || length > LISTEN_NAME_MAX)
        return invalid(ret_why, "the name of a socket that systemd hands over has 1 to 255 bytes: "
                                "systemd:NAME, as FileDescriptorName= says");
    for (size_t i = 0; i < length; i++)
        if (text[i] <= ' ' || text[i] > '~' || text[i] == ':' || text[i] == ',')
            return invalid(ret_why, "a name as FileDescriptorName= takes it is printable ASCII, "
                                    "without colons; here without blanks and commas as well");
    return finish(&listen, text, length, ret_listen);
}

/* --- any --------------------------------------------------------------------------- */

static int parse_bare_port(const char *text, struct listen *ret_listen, const char **ret_why)
{
    uint16_t port;
    if (address_parse_port(text, &port) < 0)
        return invalid(ret_why, "a port is a number from 1 to 65535");
    struct in_addr loopback = {.s_addr = htonl(INADDR_LOOPBACK)};
    ret_listen[0] = (struct listen){.address = address_ipv4(&loopback, port)};
    ret_listen[1] =
        (struct listen){.address = address_ipv6(&in6addr_loopback, port), .optional = true};
    return 2;
}

int listen_parse(const char *text, struct listen ret_listen[LISTEN_EXPANSION_MAX],
                 const char **ret_why)
{
    if (strncmp(text, "unix:", 5) == 0)
        return parse_unix(text + 5, ret_listen, ret_why);
    if (text[strspn(text, "0123456789")] == '\0')
        return parse_bare_port(text, ret_listen, ret_why);
    if (strncmp(text, "systemd:", 8) == 0)
        return parse_systemd(text + 8, ret_listen, ret_why);
    if ((text[0] == ':' && text[1] != ':') || text[0] == '*')
        return invalid(ret_why,
                       "write the address: 127.0.0.1:PORT, or 0.0.0.0:PORT together with allow");
    if (text[0] == '/')
        return invalid(ret_why, "a Unix socket is written unix:/PATH");
    ret_listen[0] = (struct listen){.optional = false};
    return address_parse(text, &ret_listen[0].address, ret_why) < 0 ? -EINVAL : 1;
}

static bool is_unix_or_port(const char *text)
{
    return strncmp(text, "unix:", 5) == 0 || text[strspn(text, "0123456789")] == '\0';
}

/* 127.0.0.1 or ::1: the names by which a client of this host asks, as its Host header tells. */
static bool is_localhost(const struct address *address)
{
    struct in_addr loopback = {.s_addr = htonl(INADDR_LOOPBACK)};
    struct address ipv4 = address_ipv4(&loopback, address_port(address));
    struct address ipv6 = address_ipv6(&in6addr_loopback, address_port(address));
    return address_equal(address, &ipv4) || address_equal(address, &ipv6);
}

int listen_parse_admin(const char *text, struct listen ret_listen[LISTEN_EXPANSION_MAX],
                       const char **ret_why)
{
    int count = listen_parse(text, ret_listen, ret_why);
    if (is_unix_or_port(text) || (count > 0 && is_localhost(&ret_listen[0].address)))
        return count;
    if (count > 0)
        listen_clear(&ret_listen[0]);
    return invalid(ret_why, "the admin interface listens on unix:/PATH, 127.0.0.1:PORT, [::1]:PORT "
                            "or PORT alone (both), or is off");
}

const char *listen_format(const struct listen *listen, char text[LISTEN_TEXT_MAX])
{
    _Static_assert(LISTEN_TEXT_MAX >= ADDRESS_TEXT_MAX, "an address fits as well");
    if (listen_is_address(listen))
        return address_format(&listen->address, text);
    if (listen_is_systemd(listen))
        snprintf(text, LISTEN_TEXT_MAX, "systemd:%s", listen->name);
    else
        snprintf(text, LISTEN_TEXT_MAX, "unix:%s", listen->path);
    return text;
}
