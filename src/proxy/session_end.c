#include "proxy/session_end.h"

const char *session_end_name(enum session_end end)
{
    static const char *const names[SESSION_ENDS] = {
        "closed", "client-reset", "endpoint-reset", "connect-failed", "deadline", "no-address",
        "idle",   "stopped",      "local-fault",    "drained",        "max-age",
    };
    return names[end];
}
