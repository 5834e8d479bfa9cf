#ifndef REDIAL_PROXY_SESSION_END_H
#define REDIAL_PROXY_SESSION_END_H

/* Why a session ended; the word in the access log is session_end_name(). */
enum session_end {
    SESSION_CLOSED,         /* both sides ended, everything was delivered */
    SESSION_CLIENT_RESET,   /* also: the client went away while it was dialled for */
    SESSION_ENDPOINT_RESET, /* the endpoint reset the connection, or vanished from it */
    SESSION_CONNECT_FAILED, /* no address accepted */
    SESSION_DEADLINE,       /* … in time */
    SESSION_NO_ADDRESS,     /* DNS named none in time */
    SESSION_IDLE,           /* nothing was carried for idle-timeout */
    SESSION_STOPPED,        /* redial stopped first */
    SESSION_LOCAL_FAULT,    /* this host had no memory to carry its bytes */
    SESSION_DRAINED,        /* its endpoint had left the set */
    SESSION_MAX_AGE,        /* it was old */
    SESSION_ENDS
};

const char *session_end_name(enum session_end end);

#endif
