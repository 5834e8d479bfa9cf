#ifndef REDIAL_PROXY_HEDGE_H
#define REDIAL_PROXY_HEDGE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/model.h"
#include "proxy/latency.h"

/* When a second connect may start beside a slow one, for all threads of an upstream. */
struct hedger {
    _Atomic uint32_t spent;           /* of the allowance, in tenths of a hedge */
    struct latency *_Atomic connects; /* NULL: nothing was learnt yet */
};

/* Frees what was learnt. No other thread has it any more. */
void hedge_clear(struct hedger *hedger);

/* How long a connect may take before it is hedged; 0: for ever. `options` says it, or, adaptive,
 * what connects of this upstream took: their p99 within 10 ms … 1 s, 250 ms while too few are
 * known. */
usec_t hedge_after(const struct hedger *hedger, const struct upstream_options *options);

/* A connect that is no hedge begins: it earns a tenth of one. */
void hedge_earn(struct hedger *hedger);

/* Takes one hedge out of the allowance. Returns false where it is used up: hedges are a tenth of
 * all connects, and a burst of ten, or two for each of `endpoints`, as many as it takes to find out
 * that every one of them is dead. */
bool hedge_take(struct hedger *hedger, size_t endpoints);

/* It was not used. */
void hedge_give_back(struct hedger *hedger);

/* A connect was made in `span`, or had not been made by then when another one was: that counts too,
 * or the p99 of those that are left would sink with each hedge. Learns nothing unless `options`
 * say adaptive, or where there is no memory. */
void hedge_learn(struct hedger *hedger, const struct upstream_options *options, usec_t span);

#endif
