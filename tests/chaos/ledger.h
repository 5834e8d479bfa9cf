/* What backends saw of each connection, in memory that they share with the model: so it is still
 * there when a backend was killed. A connection is known by the head that its client sends first.
 */
#ifndef CHAOS_LEDGER_H
#define CHAOS_LEDGER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LEDGER_SLOTS = 16384, LEDGER_BACKENDS = 32 };

/* When a backend says what it has to say. */
enum answer {
    ANSWER_AT_ONCE,  /* while it receives */
    ANSWER_IN_STEP,  /* as much of it as it has received of the client's */
    ANSWER_AFTER_END /* after the client's end */
};

/* The first bytes of each connection. */
struct head {
    uint64_t seal; /* over all the others */
    uint32_t storm;
    uint32_t id; /* the slot's index */
    uint64_t up; /* bytes of the pattern that follow, and that come back */
    uint64_t down;
    uint32_t answer;
    uint32_t ends_first; /* the backend ends when all is said, not when the client has ended */
};

/* Seals a head whose other fields are set; a seal that does not fit tells of a changed byte. */
void head_seal(struct head *head);
bool head_is_sealed(const struct head *head);

/* Where in pattern.h the bytes of a connection begin: elsewhere for each, so that bytes of another
 * connection are wrong. */
uint64_t head_offset_up(const struct head *head);
uint64_t head_offset_down(const struct head *head);

enum slot_state { SLOT_NONE, SLOT_OPEN, SLOT_OVER };

enum slot_mark {
    MARK_GOT_END = 1,   /* the client's orderly end came */
    MARK_SENT_END = 2,  /* everything was sent, and the orderly end */
    MARK_GOT_RESET = 4, /* a reset came */
    MARK_DID_RESET = 8, /* the backend reset the connection, as it was told */
    MARK_KILLED = 16,   /* the backend was killed while it was open */
    MARK_BAD = 32,      /* a byte was not the pattern's, or one too many came */
    MARK_TWICE = 64     /* the head came on two connections */
};

/* Written by the one backend that has the connection, and by the model once that was killed. */
struct slot {
    _Atomic unsigned state;
    _Atomic unsigned marks;
    _Atomic unsigned backend;
    _Atomic int64_t claimed_ms; /* when the head came: moment_ms() */
    _Atomic uint64_t received;  /* of the pattern, without the head */
    _Atomic uint64_t sent;
};

enum manner {
    MANNER_SERVE,
    MANNER_DEAF,         /* accepts and does no more */
    MANNER_SLOW,         /* little at a time */
    MANNER_RESET_ACCEPT, /* resets at accept */
    MANNER_RESET_MIDST,  /* resets each new connection after some bytes */
    MANNERS
};

struct ledger_backend {
    _Atomic unsigned manner;
    _Atomic uint64_t headless; /* connections that are open and did not send their head yet */
    _Atomic uint64_t broken;   /* connections reset or killed before their head was read */
    _Atomic uint64_t idle;     /* turns at whose end it had no connection */
};

struct ledger {
    _Atomic unsigned storm;
    _Atomic unsigned strays; /* connections whose head was none of this storm's */
    struct ledger_backend backends[LEDGER_BACKENDS];
    struct slot slots[LEDGER_SLOTS];
};

/* Makes one that child processes can open by its descriptor. Aborts on failure. */
struct ledger *ledger_create(int *fd);
struct ledger *ledger_open(int fd);

/* Empties the slots for the next storm. */
void ledger_begin(struct ledger *ledger, unsigned storm);

/* The slot that a head names: NULL, and a stray is counted, when it names none. */
struct slot *ledger_claim(struct ledger *ledger, const struct head *head, unsigned backend);

void slot_mark(struct slot *slot, unsigned marks);
bool slot_has(const struct slot *slot, unsigned mark);

#endif
