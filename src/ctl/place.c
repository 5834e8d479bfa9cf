#include "ctl/place.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

/* --- reading --------------------------------------------------------------------------------- */

static int parse_path(const char *path, struct place *place, const char **ret_why)
{
    size_t length = strlen(path);
    *ret_why =
        length == 0 ? "the path is missing" : "the path of a Unix socket has 107 bytes at the most";
    if (length == 0 || length >= sizeof((struct sockaddr_un *)0)->sun_path)
        return -EINVAL;
    place->path = strdup(path);
    return place->path ? 0 : -ENOMEM;
}

static bool is_port(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits <= 5 && !text[digits];
}

/* The host goes into a request's header: nothing but what a host can hold. */
static bool is_host(const char *host, size_t length)
{
    return length > 0 &&
           strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                        "._-:%") >= length;
}

int place_parse(const char *text, struct place *ret_place, const char **ret_why)
{
    const char *colon = strrchr(text, ':'), *host = text;
    *ret_place = (struct place){0};
    if (strncmp(text, "unix:", 5) == 0)
        return parse_path(text + 5, ret_place, ret_why);
    if (strchr(text, '/') || !colon)
        return parse_path(text, ret_place, ret_why);
    size_t length = (size_t)(colon - text);
    if (*host == '[' && length > 1 && colon[-1] == ']')
        host++, length -= 2;
    else if (memchr(host, ':', length))
        length = 0;
    *ret_why = "it is none of PATH, unix:PATH, HOST:PORT and [IPV6]:PORT";
    if (!is_host(host, length) || !is_port(colon + 1))
        return -EINVAL;
    ret_place->host = strndup(host, length);
    ret_place->port = strdup(colon + 1);
    return ret_place->host && ret_place->port ? 0 : -ENOMEM;
}

void place_clear(struct place *place)
{
    free(place->path);
    free(place->host);
    free(place->port);
    *place = (struct place){0};
}

/* --- addresses ------------------------------------------------------------------------------- */

struct unix_address {
    struct addrinfo info;
    struct sockaddr_un name;
};

int place_addresses(const struct place *place, struct addrinfo **ret_addresses)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    if (!place->path)
        return getaddrinfo(place->host, place->port, &hints, ret_addresses) == 0 ? 0
                                                                                 : -EHOSTUNREACH;
    struct unix_address *address = calloc(1, sizeof *address);
    if (!address)
        return -ENOMEM;
    address->name.sun_family = AF_UNIX;
    strncpy(address->name.sun_path, place->path, sizeof address->name.sun_path - 1);
    address->info = (struct addrinfo){.ai_family = AF_UNIX,
                                      .ai_socktype = SOCK_STREAM,
                                      .ai_addr = (struct sockaddr *)&address->name,
                                      .ai_addrlen = sizeof address->name};
    *ret_addresses = &address->info;
    return 0;
}

void place_free_addresses(const struct place *place, struct addrinfo *addresses)
{
    if (place->path)
        free(addresses); /* its first member */
    else if (addresses)
        freeaddrinfo(addresses);
}

/* --- telling --------------------------------------------------------------------------------- */

/* The group that may do what this process may not: that of the socket, or else of the directory
 * above it that cannot be entered. */
static bool find_group(const char *path, struct text *group)
{
    struct stat found;
    char *at = strdup(path);
    bool known = false;
    for (char *slash; at && !(known = (stat(at, &found) == 0)) && (slash = strrchr(at, '/'));)
        slash[slash == at && slash[1]] = '\0';
    free(at);
    struct group *entry = known ? getgrgid(found.st_gid) : NULL;
    if (entry)
        text_clean(group, entry->gr_name);
    else if (known)
        text_add(group, "%u", (unsigned)found.st_gid);
    return known;
}

static void explain_permission(const struct place *place, struct text *line)
{
    struct text group = {0};
    text_add(line, "permission denied: ");
    if (place->path && find_group(place->path, &group))
        text_add(line, "be root, or a member of the group %s", text_string(&group));
    else
        text_add(line, "be root");
    text_clear(&group);
}

/* connect(2) says the same of a socket that nobody listens on, and of what is none. */
static const char *explain_refusal(const struct place *place)
{
    struct stat found;
    if (!place->path)
        return "nobody listens there: is redial running, with such an admin listener?";
    if (stat(place->path, &found) == 0 && !S_ISSOCK(found.st_mode))
        return "it is no socket: -s names the socket of redial's admin listener";
    return "nobody listens on it: redial is not running (systemctl status redial)";
}

static const char *advice(const struct place *place, int error)
{
    switch (error) {
    case -ENOENT:
        return "nothing is there: is redial running (systemctl status redial)? "
               "-s names another socket";
    case -ECONNREFUSED:
        return explain_refusal(place);
    case -ETIMEDOUT:
        return "no answer in time: look at its log, or give it more --timeout";
    case -EHOSTUNREACH:
        return "this host is not known, or has no route";
    case -ENOTSOCK:
    case -EPROTOTYPE:
        return "it is no stream socket: -s names the socket of redial's admin listener";
    case -EBADMSG:
        return "what answers there is not redial, or speaks another version's language";
    case -EMSGSIZE:
        return "the answer does not end: what answers there is not redial";
    case -EPIPE:
    case -ECONNRESET:
        return "the answer broke off: try again, and look at redial's log";
    default:
        return strerror(-error);
    }
}

void place_explain(const struct place *place, int error, struct text *line)
{
    text_add(line, "redial cannot be reached at ");
    text_clean(line, place->path ? place->path : place->host);
    if (!place->path)
        text_add(line, ":%s", place->port);
    text_add(line, ": ");
    if (error == -EACCES || error == -EPERM)
        explain_permission(place, line);
    else
        text_add(line, "%s", advice(place, error));
}
