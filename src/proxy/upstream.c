#include "proxy/upstream.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/value.h"

struct upstream *upstream_new(uint32_t max_connections, size_t workers,
                              const struct upstream_watcher *watcher)
{
    struct upstream *upstream = calloc(1, sizeof *upstream + workers * sizeof *upstream->seats);
    if (!upstream)
        return NULL;
    upstream->workers = (uint32_t)workers;
    upstream->references = 1;
    upstream->watcher = *watcher;
    balancer_init(&upstream->balancer);
    upstream_set_limit(upstream, max_connections);
    return upstream;
}

void upstream_set_limit(struct upstream *upstream, uint32_t max_connections)
{
    atomic_store_explicit(&upstream->limit.most, max_connections, memory_order_relaxed);
}

static void tell_failure(struct upstream *upstream, struct endpoint *endpoint)
{
    if (!atomic_exchange(&endpoint->failure_told, true))
        upstream->watcher.on_failure(upstream->watcher.arg, endpoint);
}

static void log_turn(const char *name, const struct finding *finding, enum eject_turn turn)
{
    char address[ADDRESS_TEXT_MAX], span[VALUE_DURATION_MAX];
    address_format(&finding->endpoint->address, address);
    if (turn == EJECT_RETURNS) {
        log_info("endpoint back", log_text("upstream", name), log_text("endpoint", address));
        return;
    }
    usec_t probe_at = eject_probe_at(finding->endpoint), left = probe_at - clock_now();
    if (probe_at != 0) /* to the millisecond, as everything in the log */
        value_format_duration(left - left % USEC_PER_MSEC, span);
    log_warning("endpoint ejected", log_text("upstream", name), log_text("endpoint", address),
                log_text("reason", eject_event_name(finding->event)),
                log_text("for", probe_at != 0 ? span : NULL));
}

void upstream_note(struct upstream *upstream, const struct upstream_config *config,
                   const struct endpoint_set *set, const struct finding *finding)
{
    struct eject_result result =
        eject_note(finding->endpoint, finding->event, finding->started, &config->options, set);
    if (result.failed)
        atomic_fetch_add_explicit(&finding->endpoint->failed, 1, memory_order_relaxed);
    if (result.failed || finding->event == EJECT_PROBE_FAILED ||
        finding->event == EJECT_CHECKS_FELL)
        tell_failure(upstream, finding->endpoint);
    if (result.turn == EJECT_LEAVES || result.turn == EJECT_RETURNS)
        log_turn(config->name, finding, result.turn);
    if (result.turn != EJECT_STAYS)
        balance_refresh(&upstream->balancer, finding->endpoint);
    if (result.turn != EJECT_STAYS && upstream->watcher.on_turn)
        upstream->watcher.on_turn(upstream->watcher.arg);
}

/* It begins a cache line of its own, and ends the last of them. */
struct tally *upstream_tally_of(struct upstream *upstream, size_t worker)
{
    struct tally *tally =
        atomic_load_explicit(&upstream->seats[worker].tally, memory_order_relaxed);
    if (tally || !(tally = aligned_alloc(_Alignof(struct tally), sizeof *tally)))
        return tally;
    memset(tally, 0, sizeof *tally);
    atomic_store_explicit(&upstream->seats[worker].tally, tally, memory_order_release);
    return tally;
}

void upstream_tally(const struct upstream *upstream, struct tally_sum *ret_sum)
{
    tally_sum_init(ret_sum);
    for (size_t i = 0; i < upstream->workers; i++) {
        const struct tally *tally =
            atomic_load_explicit(&upstream->seats[i].tally, memory_order_acquire);
        if (tally)
            tally_add_to(tally, ret_sum);
    }
}

struct upstream *upstream_ref(struct upstream *upstream)
{
    atomic_fetch_add_explicit(&upstream->references, 1, memory_order_relaxed);
    return upstream;
}

void upstream_unref(struct upstream *upstream)
{
    if (!upstream || atomic_fetch_sub_explicit(&upstream->references, 1, memory_order_acq_rel) != 1)
        return;
    const struct upstream_watcher watcher = upstream->watcher;
    balancer_clear(&upstream->balancer);
    for (size_t i = 0; i < upstream->workers; i++) {
        endpoint_set_unref(atomic_load(&upstream->seats[i].set));
        free(atomic_load(&upstream->seats[i].tally));
    }
    hedge_clear(&upstream->hedger);
    free(upstream);
    if (watcher.on_gone)
        watcher.on_gone(watcher.arg);
}
