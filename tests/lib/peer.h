/* Scripted TCP backends. All peers of one `struct peers` live in one event-loop thread; every
 * function may be called from any other thread and returns when its effect is there. Bad arguments,
 * addresses in use and lack of memory abort the process. */
#ifndef TESTLIB_PEER_H
#define TESTLIB_PEER_H

#include <stdbool.h>
#include <stdint.h>

struct peers;
struct peer;

enum peer_manner {
    PEER_IDENTIFY,      /* answers each line with its id and a newline; ends when the client does */
    PEER_GREET,         /* sends its id and a newline at accept; then throws away what comes */
    PEER_ECHO,          /* sends back what it gets; ends when the client does and all is sent */
    PEER_REFUSE,        /* bound, not listening: connects are refused */
    PEER_BLACK_HOLE,    /* SYNs are dropped: connects hang */
    PEER_RESET_ACCEPT,  /* resets each connection at accept */
    PEER_RESET_AFTER,   /* resets after `size` received bytes */
    PEER_DEAF,          /* accepts and reads nothing until peer_listen_again */
    PEER_SINK,          /* checks that what comes is pattern.h; at the end sends "BYTES ok|bad\n" */
    PEER_SLOW_SINK,     /* the same, at most `size` bytes each `interval_ms` */
    PEER_SOURCE,        /* sends `size` bytes of pattern.h, then its end; checks what it gets */
    PEER_AFTER_END,     /* checks what it gets; after the client's end sends `size` pattern bytes */
    PEER_END_FIRST,     /* sends its end at accept; goes on receiving and checking */
    PEER_TRICKLE,       /* sends `size` pattern bytes, one each `interval_ms`, then its end */
    PEER_RESET_ON_LINE, /* resets when it got a newline */
    PEER_HTTP           /* answers each HTTP/1.1 request head with its id as the body, keep-alive */
};

struct peer_options {
    enum peer_manner manner;
    const char *ip;      /* "127.0.0.2" or "::1" */
    uint16_t port;       /* many peers may share a port, on different addresses; not 0 */
    const char *id;      /* what IDENTIFY, GREET and HTTP say; NULL: the ip */
    uint64_t size;       /* see the manners */
    int interval_ms;     /* see the manners */
    int receive_buffer;  /* SO_RCVBUF of accepted connections; 0: the system's */
    unsigned accept_max; /* stop accepting after so many connections; 0: no limit */
};

enum peer_counter {
    PEER_ACCEPTED, /* connections accepted */
    PEER_OPEN,     /* of those, not yet closed */
    PEER_RECEIVED, /* bytes received */
    PEER_SENT,     /* bytes sent */
    PEER_ENDS,     /* orderly ends received */
    PEER_RESETS,   /* resets received */
    PEER_BAD,      /* connections on which a received byte was not the pattern's */
    PEER_COUNTERS
};

/* Starts the thread. */
struct peers *peers_start(void);

/* Ends the thread and closes and frees everything, peers too. NULL is allowed. */
void peers_stop(struct peers *peers);

/* Adds a backend that is ready when this returns. Owned by peers. */
struct peer *peer_add(struct peers *peers, const struct peer_options *options);

/* Short forms: a peer with nothing but a manner; an IDENTIFY peer. */
struct peer *peer_add_manner(struct peers *peers, enum peer_manner manner, const char *ip,
                             uint16_t port);
struct peer *peer_add_identify(struct peers *peers, const char *ip, uint16_t port);

/* Its "ip:port", owned by the peer. */
const char *peer_address(const struct peer *peer);

/* New connections (and the listener) follow another manner; open ones go on as they are. */
void peer_set_manner(struct peer *peer, enum peer_manner manner);

/* Closes the listener and resets every open connection, like a killed process. The address stays
 * refused until peer_set_manner or the end. Counters stay. */
void peer_kill(struct peer *peer);

/* Resets every open connection and goes on listening. */
void peer_reset_all(struct peer *peer);

/* Closes every open connection with an orderly end and goes on listening. */
void peer_end_all(struct peer *peer);

/* A DEAF peer's connections begin to read, checking the pattern like PEER_SINK. */
void peer_listen_again(struct peer *peer);

/* Reads a counter. */
uint64_t peer_count(struct peer *peer, enum peer_counter counter);

/* Waits until a counter is at least (peer_wait) or exactly (peer_wait_exactly) value: false when ms
 * milliseconds passed before. */
bool peer_wait(struct peer *peer, enum peer_counter counter, uint64_t value, int ms);
bool peer_wait_exactly(struct peer *peer, enum peer_counter counter, uint64_t value, int ms);

#endif
