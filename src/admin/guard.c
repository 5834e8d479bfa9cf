#include "admin/guard.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static const char *const own_names[] = {"localhost", "127.0.0.1", "[::1]"};

/* What follows a host's name: nothing, or a port; which one is no matter, since a tunnel may lead
 * here from another. */
static bool is_port(const char *text)
{
    size_t digits = text[0] == ':' ? strspn(text + 1, "0123456789") : 0;
    return text[0] == '\0' || (digits >= 1 && digits <= 5 && text[1 + digits] == '\0');
}

static bool is_own_host(const char *host)
{
    for (size_t i = 0; i < sizeof own_names / sizeof *own_names; i++) {
        size_t length = strlen(own_names[i]);
        if (strncasecmp(host, own_names[i], length) == 0 && is_port(host + length))
            return true;
    }
    return false;
}

/* The page's own requests name the host that they go to. */
static bool is_own_origin(const char *origin, const char *host)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; host && i < sizeof schemes / sizeof *schemes; i++) {
        size_t length = strlen(schemes[i]);
        if (strncasecmp(origin, schemes[i], length) == 0 && strcasecmp(origin + length, host) == 0)
            return true;
    }
    return false;
}

const char *guard_check(const struct guard_request *request)
{
    bool foreign = (request->host && !is_own_host(request->host)) ||
                   (request->authority && !is_own_host(request->authority));
    if (request->tcp && foreign)
        return "this host is not served here: ask for localhost, 127.0.0.1 or [::1]";
    if (request->origin && !is_own_origin(request->origin, request->host))
        return "pages of other web sites are not served: open the page of redial itself";
    if (request->tcp && request->post)
        return "over TCP nothing is changed: send it to the Unix socket, "
               "as curl --unix-socket /run/redial/admin.sock does";
    return NULL;
}
