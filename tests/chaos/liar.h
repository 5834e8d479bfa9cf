/* A DNS server that lies as it is told. It runs in the loop of the model: no thread, no lock. */
#ifndef CHAOS_LIAR_H
#define CHAOS_LIAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LIAR_NAMES = 8, LIAR_ADDRESSES = 16, LIAR_ADDRESS_SIZE = 64 };

enum lie {
    LIE_NONE,
    LIE_SILENCE,
    LIE_SERVFAIL,
    LIE_REFUSED,
    LIE_GARBAGE,   /* counts records that are not there */
    LIE_FOREIGN,   /* the answer to another question */
    LIE_NXDOMAIN,  /* the name does not exist */
    LIE_NODATA,    /* it has no records */
    LIE_TRUNCATED, /* one address, and the rest over TCP, where nobody answers */
    LIE_SHRUNK,    /* for one answer: one address alone */
    LIE_STALE,     /* one address too many, at which nobody is */
    LIES
};

const char *lie_name(enum lie lie);

struct liar_name {
    char name[64];
    char addresses[LIAR_ADDRESSES][LIAR_ADDRESS_SIZE]; /* IPv4 */
    uint32_t named; /* the truth: bits of those that are behind the name */
    char stale[LIAR_ADDRESS_SIZE];
    unsigned sample; /* answers are so many at random; 0: all */
    enum lie lie;
    uint64_t asked; /* questions for A */
};

struct liar {
    int fd;           /* -1: the server is not there */
    char address[32]; /* as redial's -r wants it */
    struct liar_name names[LIAR_NAMES];
    size_t count;
};

/* Listens on a free port of loopback. Aborts on failure. */
void liar_open(struct liar *liar);

/* The server goes away (its host says that nobody is there) or comes back. */
void liar_set_absent(struct liar *liar, bool absent);

/* Answers what was asked by now. */
void liar_step(struct liar *liar);

#endif
