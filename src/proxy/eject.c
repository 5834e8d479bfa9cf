#include "proxy/eject.h"

#include "base/backoff.h"

enum { BY_CONNECTS, BY_RESETS, KINDS };

/* ARCHITECTURE.md has the same table, and a test compares them. */
static const struct {
    const char *name;
    enum eject_verdict verdict;
    int kind;         /* of strikes */
    bool spares_last; /* the last endpoint in rotation is not ejected by it alone */
} table[EJECT_EVENTS] = {
    [EJECT_REFUSED] = {"refused", EJECT_STRIKE, BY_CONNECTS, false},
    [EJECT_UNREACHABLE] = {"unreachable", EJECT_STRIKE, BY_CONNECTS, false},
    [EJECT_TIMED_OUT] = {"timed-out", EJECT_STRIKE, BY_CONNECTS, false},
    [EJECT_LOST] = {"lost-by-hedge", EJECT_HALF, BY_CONNECTS, false},
    [EJECT_RESET_UNASKED] = {"reset-unasked", EJECT_STRIKE, BY_RESETS, true},
    [EJECT_RESET_ASKED] = {"reset-asked", EJECT_HALF, BY_RESETS, true},
    [EJECT_ACCEPTED] = {"accepted", EJECT_FORGIVE, BY_CONNECTS, false},
    [EJECT_SERVED] = {"served", EJECT_CLEAR, BY_RESETS, false},
    [EJECT_BARRED] = {"barred", EJECT_NOTHING, BY_CONNECTS, false},
    [EJECT_LACKED] = {"lacked", EJECT_NOTHING, BY_CONNECTS, false},
    [EJECT_PROBE_ACCEPTED] = {"probe-accepted", EJECT_FORGIVE, BY_CONNECTS, false},
    [EJECT_PROBE_FAILED] = {"probe-failed", EJECT_BACK_OFF, BY_CONNECTS, false},
    [EJECT_CHECKS_FELL] = {"checks-fell", EJECT_CLOSE, BY_CONNECTS, false},
    [EJECT_CHECKS_ROSE] = {"checks-rose", EJECT_OPEN, BY_CONNECTS, false},
    [EJECT_DRAINED] = {"drained", EJECT_CLOSE, BY_CONNECTS, false},
    [EJECT_UNDRAINED] = {"undrained", EJECT_OPEN, BY_CONNECTS, false},
};

enum eject_verdict eject_verdict(enum eject_event event)
{
    return table[event].verdict;
}

const char *eject_event_name(enum eject_event event)
{
    return table[event].name;
}

const char *eject_reason(const struct endpoint *endpoint)
{
    unsigned reason = atomic_load_explicit(&endpoint->reason, memory_order_relaxed);
    return reason > 0 ? table[reason - 1].name : NULL;
}

static void keep_reason(struct endpoint *endpoint, enum eject_event event)
{
    atomic_store_explicit(&endpoint->reason, (uint8_t)(event + 1), memory_order_relaxed);
}

usec_t eject_probe_at(const struct endpoint *endpoint)
{
    bool struck = atomic_load(&endpoint->ejected) & EJECTED_BY_STRIKES;
    return struck ? atomic_load(&endpoint->probe_at) : 0;
}

/* --- out and in ------------------------------------------------------------------------------ */

/* The one who sets the bit decides on the back-off; nobody else does while the bit is set, but the
 * prober. */
static enum eject_turn leave(struct endpoint *endpoint, const struct upstream_options *options,
                             usec_t now)
{
    unsigned before = atomic_fetch_or(&endpoint->ejected, EJECTED_BY_STRIKES);
    if (before & EJECTED_BY_STRIKES)
        return EJECT_STAYS;
    if (now - atomic_load(&endpoint->turned_at) >= options->eject_max)
        atomic_store(&endpoint->ejections, 0); /* it was well for long: the past is forgotten */
    unsigned level = atomic_fetch_add(&endpoint->ejections, 1);
    atomic_store(&endpoint->turned_at, now);
    atomic_store(&endpoint->probe_at,
                 now + backoff_wait(options->eject_base, options->eject_max, level));
    return before == 0 ? EJECT_LEAVES : EJECT_CHANGES;
}

/* What belongs to the ejection is cleared before the bit is: a thread that ejects anew meanwhile
 * then finds nothing cleared behind its back. */
static enum eject_turn come_back(struct endpoint *endpoint, usec_t now)
{
    atomic_store(&endpoint->probe_at, 0);
    atomic_store(&endpoint->turned_at, now);
    for (int kind = 0; kind < KINDS; kind++)
        atomic_store(&endpoint->strikes[kind], 0);
    unsigned before = atomic_fetch_and(&endpoint->ejected, (uint8_t)~EJECTED_BY_STRIKES);
    if (!(before & EJECTED_BY_STRIKES))
        return EJECT_STAYS;
    return before == EJECTED_BY_STRIKES ? EJECT_RETURNS : EJECT_CHANGES;
}

/* The bit of those who close and open. */
static uint8_t bit_of(enum eject_event event)
{
    return event == EJECT_DRAINED || event == EJECT_UNDRAINED ? EJECTED_BY_OPERATOR
                                                              : EJECTED_BY_CHECKS;
}

static enum eject_turn close_it(struct endpoint *endpoint, enum eject_event event)
{
    unsigned before = atomic_fetch_or(&endpoint->ejected, bit_of(event));
    if (!(before & bit_of(event)))
        keep_reason(endpoint, event);
    return before == 0 ? EJECT_LEAVES : EJECT_STAYS;
}

static enum eject_turn open_it(struct endpoint *endpoint, enum eject_event event)
{
    unsigned before = atomic_fetch_and(&endpoint->ejected, (uint8_t)~bit_of(event));
    return before == bit_of(event) ? EJECT_RETURNS : EJECT_STAYS;
}

/* --- verdicts ----------------------------------------------------------------------------------
 */

static bool is_last_in(const struct endpoint *endpoint, const struct endpoint_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->endpoints[i] != endpoint && !eject_is_out(set->endpoints[i]))
            return false;
    return true;
}

static struct eject_result strike(struct endpoint *endpoint, enum eject_event event,
                                  const struct upstream_options *options,
                                  const struct endpoint_set *set, usec_t now)
{
    int kind = table[event].kind;
    uint32_t halves = table[event].verdict == EJECT_STRIKE ? 2 : 1;
    uint32_t before = atomic_fetch_add(&endpoint->strikes[kind], halves), after = before + halves;
    uint32_t all = after + atomic_load(&endpoint->strikes[!kind]);
    struct eject_result result = {.failed = kind == BY_CONNECTS && before / 2 < after / 2};
    atomic_store(&endpoint->failed_at, now);
    if (options->eject_failures == 0 || all / 2 < options->eject_failures)
        return result;
    if (!table[event].spares_last || !is_last_in(endpoint, set))
        result.turn = leave(endpoint, options, now);
    if (result.turn != EJECT_STAYS)
        keep_reason(endpoint, event);
    return result;
}

/* Reads before it writes: the common case leaves the endpoint's memory alone. */
static void clear_strikes(struct endpoint *endpoint, int kind)
{
    if (atomic_load_explicit(&endpoint->strikes[kind], memory_order_relaxed) != 0)
        atomic_store(&endpoint->strikes[kind], 0);
}

static void back_off(struct endpoint *endpoint, const struct upstream_options *options,
                     usec_t started, usec_t now)
{
    unsigned level = atomic_fetch_add(&endpoint->ejections, 1);
    atomic_store(&endpoint->failed_at, now);
    atomic_store(&endpoint->probe_at,
                 started + backoff_wait(options->eject_base, options->eject_max, level));
}

struct eject_result eject_note(struct endpoint *endpoint, enum eject_event event, usec_t started,
                               const struct upstream_options *options,
                               const struct endpoint_set *set)
{
    enum eject_verdict verdict = table[event].verdict;
    struct eject_result result = {.failed =
                                      verdict == EJECT_STRIKE && table[event].kind == BY_CONNECTS};
    if (verdict == EJECT_CLOSE || verdict == EJECT_OPEN) { /* these count for themselves */
        result.turn = verdict == EJECT_CLOSE ? close_it(endpoint, event) : open_it(endpoint, event);
        return result;
    }
    if (verdict == EJECT_NOTHING || started < atomic_load(&endpoint->turned_at))
        return result;
    bool struck = atomic_load(&endpoint->ejected) & EJECTED_BY_STRIKES;
    if (verdict == EJECT_HALF || verdict == EJECT_STRIKE)
        return strike(endpoint, event, options, set, clock_now());
    if (verdict == EJECT_FORGIVE && struck)
        result.turn = come_back(endpoint, clock_now());
    else if (verdict == EJECT_BACK_OFF && struck)
        back_off(endpoint, options, started, clock_now());
    else if (verdict != EJECT_BACK_OFF)
        clear_strikes(endpoint, table[event].kind);
    return result;
}
