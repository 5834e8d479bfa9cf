#include "wait.h"

#include "moment.h"

/* A few time-outs of 1 s, where hedges are used up. */
enum { WAIT_MOST_MS = 3500 };

void wait_begin(struct stage *stage)
{
    stage->longest_wait_ms = 0;
    for (size_t u = 0; u < STAGE_UPSTREAMS; u++) {
        stage->upstreams[u].shrunk = 0;
        stage->upstreams[u].anchors = upstream_well_ones(&stage->upstreams[u]);
    }
}

void wait_look(struct stage *stage, int64_t now_ms)
{
    for (size_t u = 0; u < STAGE_UPSTREAMS; u++) {
        struct upstream *upstream = &stage->upstreams[u];
        upstream->anchors &= upstream_well_ones(upstream);
        for (size_t i = 0; i < upstream->count; i++) {
            struct backend *backend = &upstream->backends[i];
            bool well = backend_is_well(backend);
            backend->well_since_ms = !well                         ? 0
                                     : backend->well_since_ms == 0 ? now_ms
                                                                   : backend->well_since_ms;
        }
    }
}

/* Who waited for a backend that was frozen, deaf or gone had reason to. Otherwise one that had been
 * well since the storm began could have had it; lies of DNS are no excuse. */
void wait_check(struct stage *stage, struct caller *caller)
{
    const struct slot *slot = &stage->ledger->slots[caller->plan.head.id];
    const struct upstream *upstream = &stage->upstreams[caller->plan.upstream];
    if (caller->met || slot->state == SLOT_NONE) {
        return;
    }
    caller->met = true;
    const struct backend *backend = &upstream->backends[slot->backend % STAGE_BACKENDS];
    int64_t waited = slot->claimed_ms - caller->began_ms;
    bool judged = backend->well_since_ms != 0 && backend->well_since_ms <= caller->began_ms &&
                  upstream->anchors != 0;
    if (judged && waited > limit_ms(WAIT_MOST_MS)) {
        stage_fail(stage, "client %u of %s waited %.2f s for a backend, while 0x%x were well",
                   caller->plan.head.id, upstream->name, (double)waited / 1000, upstream->anchors);
    }
    if (judged && waited > stage->longest_wait_ms) {
        stage->longest_wait_ms = waited;
    }
}
