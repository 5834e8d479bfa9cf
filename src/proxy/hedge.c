#include "proxy/hedge.h"

#include <stdlib.h>

#define PRICE 10u /* tenths */
#define BURST_LEAST 10u
#define BURST_PER_ENDPOINT 2u
#define BURST_MOST 100000u

#define ADAPTIVE_LEAST (10 * USEC_PER_MSEC)
#define ADAPTIVE_MOST USEC_PER_SEC
#define ADAPTIVE_FIRST (250 * USEC_PER_MSEC)

usec_t hedge_after(const struct hedger *hedger, const struct upstream_options *options)
{
    if (options->hedge_after != HEDGE_ADAPTIVE)
        return options->hedge_after;
    const struct latency *connects = atomic_load_explicit(&hedger->connects, memory_order_acquire);
    usec_t p99 = connects ? latency_p99(connects) : 0;
    if (p99 == 0)
        return ADAPTIVE_FIRST;
    return p99 < ADAPTIVE_LEAST ? ADAPTIVE_LEAST : p99 > ADAPTIVE_MOST ? ADAPTIVE_MOST : p99;
}

/* Takes tenths off what is spent, down to nothing. */
static void earn(struct hedger *hedger, uint32_t tenths)
{
    uint32_t spent = atomic_load_explicit(&hedger->spent, memory_order_relaxed);
    while (spent > 0 && !atomic_compare_exchange_weak(&hedger->spent, &spent,
                                                      spent > tenths ? spent - tenths : 0))
        ;
}

void hedge_earn(struct hedger *hedger)
{
    earn(hedger, 1);
}

void hedge_give_back(struct hedger *hedger)
{
    earn(hedger, PRICE);
}

bool hedge_take(struct hedger *hedger, size_t endpoints)
{
    size_t burst = endpoints * BURST_PER_ENDPOINT;
    burst = burst < BURST_LEAST ? BURST_LEAST : burst > BURST_MOST ? BURST_MOST : burst;
    uint32_t spent = atomic_load_explicit(&hedger->spent, memory_order_relaxed);
    do {
        if (spent + PRICE > burst * PRICE)
            return false;
    } while (!atomic_compare_exchange_weak(&hedger->spent, &spent, spent + PRICE));
    return true;
}

/* Only who is adaptive has need of it. Of two threads that come first together, one wins. */
static struct latency *connects_of(struct hedger *hedger)
{
    struct latency *connects = atomic_load_explicit(&hedger->connects, memory_order_acquire);
    if (connects)
        return connects;
    struct latency *fresh = calloc(1, sizeof *fresh);
    if (!fresh || atomic_compare_exchange_strong(&hedger->connects, &connects, fresh))
        return fresh;
    free(fresh);
    return connects;
}

void hedge_learn(struct hedger *hedger, const struct upstream_options *options, usec_t span)
{
    struct latency *connects = options->hedge_after == HEDGE_ADAPTIVE ? connects_of(hedger) : NULL;
    if (connects)
        latency_add(connects, span);
}

void hedge_clear(struct hedger *hedger)
{
    free(atomic_exchange(&hedger->connects, NULL));
}
