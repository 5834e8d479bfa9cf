#ifndef REDIAL_PROXY_TRIED_H
#define REDIAL_PROXY_TRIED_H

#include <stdbool.h>
#include <stddef.h>

#include "proxy/balance.h"

/* The endpoints that one client has met, each once, with a reference: first those tried in this
 * round, then those passed over in it, then those of earlier rounds alone. All zero is an empty
 * list. */
struct tried_list {
    struct endpoint **endpoints;
    size_t count, round, passed; /* all; tried in this round; passed over in it */
};

/* It is tried in this round. Returns false where there is no memory to remember it. */
bool tried_add(struct tried_list *list, struct endpoint *endpoint);

/* It is passed over, whether it was tried or not: not to be chosen for now. Likewise. */
bool tried_pass(struct tried_list *list, struct endpoint *endpoint);

/* The last `passes` that were passed over may be chosen again. */
void tried_unpass(struct tried_list *list, size_t passes);

/* A new round: each may be chosen again. */
void tried_next_round(struct tried_list *list);

/* Whether it may be chosen in this round still. */
bool tried_may_choose(const struct tried_list *list, const struct endpoint *endpoint);

/* Whether the client has met it in any round. */
bool tried_has(const struct tried_list *list, const struct endpoint *endpoint);

/* Those not to be chosen in this round, and those met in any: for balance_pick(), until the list is
 * changed. */
struct tried tried_this_round(const struct tried_list *list);
struct tried tried_ever(const struct tried_list *list);

/* Gives the references back. */
void tried_clear(struct tried_list *list);

#endif
