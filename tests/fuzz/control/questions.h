/* Who asks DNS: the questions wait here until the input answers them. questions.c takes the place
 * of discovery/resolver. */
#ifndef FUZZ_CONTROL_QUESTIONS_H
#define FUZZ_CONTROL_QUESTIONS_H

#include "base/list.h"
#include "discovery/resolver.h"

/* One that waits. */
struct query {
    struct list node;
    struct servers *servers;
    char name[256];
    enum dns_type type;
    bool search;
    resolver_callback *callback;
    void *arg; /* its lookup */
};

/* A server at this address cannot be used. */
#define QUESTIONS_BAD_SERVER "192.0.2.66"

/* A host that has an IPv6 route, or none, and has memory. */
void questions_begin(bool route);
void questions_set_route(bool route);

/* The next one finds no memory. */
void questions_lack_memory(void);

size_t questions_count(void);

/* The n-th one. n is below the number. */
struct query *questions_nth(size_t n);

/* The one of this lookup, or NULL. */
const struct query *questions_of(const void *lookup);

/* Ends it by this answer of a server. */
void questions_answer(struct query *query, const struct answer *answer);

#endif
