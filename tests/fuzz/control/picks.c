#include "picks.h"

#include "../target.h"
#include "proxy/ranking.h"

#define ROUND_MOST 64
#define UPSTREAMS_MOST 16

#define NO_TIER SIZE_MAX

/* The last picks of one upstream by round-robin, each of which took one place of the first tier. */
static struct round {
    const struct upstream *upstream;
    uint32_t serial; /* of the set */
    size_t count;
    const struct endpoint *picked[ROUND_MOST];
} rounds[UPSTREAMS_MOST];
static size_t round_count;

void picks_begin(void)
{
    round_count = 0;
}

/* --- what is known before the pick ------------------------------------------------------------ */

struct forecast {
    enum balance_policy policy;
    const struct endpoint_set *set; /* that is chosen from as long as somebody is in rotation */
    bool ranked;
    size_t tier;            /* the first one with somebody who can be used; NO_TIER: nobody can */
    bool even_turn;         /* all of the first tier can be used */
    uint64_t least;         /* active/weight of the settled of that tier that can be used */
    bool fresh[ROUND_MOST]; /* of that tier */
};

/* In parts that keep unlike fractions of such small numbers apart. */
static uint64_t load_of(const struct endpoint_set *set, size_t index)
{
    return ((uint64_t)set->endpoints[index]->active << 32) / set->weights[index];
}

static bool can_use(const struct endpoint *endpoint, const struct tried *tried)
{
    return endpoint->ejected == 0 && !was_tried(tried, endpoint);
}

static size_t count_usable(const struct endpoint_set *set, size_t tier, const struct tried *tried)
{
    size_t usable = 0;
    for (size_t i = 0; i < set->tiers[tier].count; i++)
        usable += can_use(set->endpoints[set->tiers[tier].first + i], tried);
    return usable;
}

static void look_at_tier(struct forecast *forecast, const struct tried *tried)
{
    const struct endpoint_tier *tier = &forecast->set->tiers[forecast->tier];
    forecast->least = UINT64_MAX;
    for (size_t i = 0; i < tier->count; i++) {
        const struct endpoint *endpoint = forecast->set->endpoints[tier->first + i];
        bool fresh = endpoint->fresh_since != 0;
        uint64_t load = load_of(forecast->set, tier->first + i);
        if (i < ROUND_MOST)
            forecast->fresh[i] = fresh;
        if (!fresh && can_use(endpoint, tried) && load < forecast->least)
            forecast->least = load;
    }
}

static struct forecast foresee(const struct view *view, const struct tried *tried)
{
    const struct balancer *balancer = &view->upstream->balancer;
    struct forecast forecast = {.policy = view->options->options.balance, .tier = NO_TIER};
    forecast.ranked = forecast.policy == BALANCE_LEAST_CONNECTIONS && balancer->ranking &&
                      balancer->set->count > 0;
    forecast.set = forecast.ranked ? balancer->set : view->set;
    for (size_t t = forecast.set->tier_count; t-- > 0;)
        if (count_usable(forecast.set, t, tried) > 0)
            forecast.tier = t;
    forecast.even_turn =
        forecast.tier == 0 && count_usable(forecast.set, 0, tried) == forecast.set->tiers[0].count;
    if (forecast.tier != NO_TIER)
        look_at_tier(&forecast, tried);
    return forecast;
}

static size_t place_in(const struct endpoint_set *set, const struct endpoint *endpoint)
{
    size_t i = 0;
    while (i < set->count && set->endpoints[i] != endpoint)
        i++;
    return i;
}

/* --- round-robin ------------------------------------------------------------------------------ */

static struct round *round_of(const struct view *view)
{
    struct round *round = rounds;
    while (round < rounds + round_count && round->upstream != view->upstream)
        round++;
    if (round == rounds + round_count) {
        expect(round_count++ < UPSTREAMS_MOST);
        *round = (struct round){.upstream = view->upstream};
    }
    if (round->serial != view->set->serial)
        round->count = 0;
    round->serial = view->set->serial;
    return round;
}

/* Each round of the cursor gives everybody what is due to him, wherever it begins. */
static void check_turn(struct round *round, const struct endpoint_set *set,
                       const struct endpoint *picked)
{
    const struct endpoint_tier *tier = &set->tiers[0];
    if (tier->weight > ROUND_MOST)
        return;
    if (round->count == ROUND_MOST)
        for (size_t i = 1; i < round->count; i++)
            round->picked[i - 1] = round->picked[i];
    round->count -= round->count == ROUND_MOST;
    round->picked[round->count++] = picked;
    if (round->count < tier->weight)
        return;
    for (size_t i = 0; i < tier->count; i++) {
        uint32_t turns = 0;
        for (size_t j = round->count - tier->weight; j < round->count; j++)
            turns += round->picked[j] == set->endpoints[tier->first + i];
        expect(turns == set->weights[tier->first + i]);
    }
}

/* --- the others ------------------------------------------------------------------------------- */

/* Nobody settled has fewer connections for his weight; who is fresh takes turns with them. `active`
 * counts the new one already. */
static void check_least(const struct forecast *forecast, size_t place)
{
    size_t seat = place - forecast->set->tiers[forecast->tier].first;
    uint64_t before = ((uint64_t)(forecast->set->endpoints[place]->active - 1) << 32) /
                      forecast->set->weights[place];
    expect(seat >= ROUND_MOST || forecast->fresh[seat] || before <= forecast->least);
}

/* When nobody is left in rotation: who failed least recently, those that the operator drained after
 * all others. */
static void check_last(const struct view *view, const struct tried *tried,
                       const struct endpoint *picked)
{
    bool drained = picked->ejected & EJECTED_BY_OPERATOR;
    expect(place_in(view->set, picked) < view->set->count && !was_tried(tried, picked));
    for (size_t i = 0; i < view->set->count; i++) {
        const struct endpoint *other = view->set->endpoints[i];
        bool other_drained = other->ejected & EJECTED_BY_OPERATOR;
        if (was_tried(tried, other))
            continue;
        expect(other_drained || !drained);
        expect(drained || other_drained || picked->failed_at <= other->failed_at);
    }
}

static void check_nobody(const struct view *view, const struct tried *tried)
{
    for (size_t i = 0; i < view->set->count; i++)
        expect(was_tried(tried, view->set->endpoints[i]));
}

struct endpoint *picks_next(struct view *view, struct tried tried)
{
    struct round *round = round_of(view);
    const struct forecast forecast = foresee(view, &tried);
    struct endpoint *picked =
        balance_pick(&view->upstream->balancer, forecast.policy, view->set, tried);
    bool in_turn = forecast.policy == BALANCE_ROUND_ROBIN && forecast.even_turn;
    if (!in_turn)
        round->count = 0;
    if (forecast.tier == NO_TIER) {
        if (picked)
            check_last(view, &tried, picked);
        else
            check_nobody(view, &tried);
        return picked;
    }
    expect(picked && can_use(picked, &tried));
    size_t place = place_in(forecast.set, picked);
    const struct endpoint_tier *tier = &forecast.set->tiers[forecast.tier];
    expect(place >= tier->first && place < tier->first + tier->count);
    if (in_turn)
        check_turn(round, view->set, picked);
    if (forecast.ranked)
        check_least(&forecast, place);
    return picked;
}
