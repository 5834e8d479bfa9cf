/* Weights and tiers, and the policies against models that look at every endpoint each time. */
#include <math.h>
#include <string.h>

#include "balance_rig.h"
#include "base/random.h"
#include "proxy/eject.h"
#include "proxy/ranking.h"
#include "suite.h"

#define BEGINNING (1000 * USEC_PER_SEC)

static const enum balance_policy policies[] = {BALANCE_ROUND_ROBIN, BALANCE_LEAST_CONNECTIONS,
                                               BALANCE_RANDOM_TWO};

static struct endpoint_set *weighted(const uint16_t *weights, size_t count)
{
    struct place places[RIG_MOST];
    for (size_t i = 0; i < count; i++)
        places[i] = (struct place){rig_address((unsigned)i), 0, weights[i]};
    return rig_places(NULL, places, count);
}

static size_t pick_and_release(struct balance_rig *rig)
{
    struct endpoint *endpoint = rig_pick(rig);
    rig_release(rig, endpoint);
    return rig_place_of(rig->set, endpoint);
}

/* --- round-robin -------------------------------------------------------------------------------
 */

/* Every round is exact, wherever it begins, and with whoever is out of rotation left out. */
START_TEST(round_robin_gives_each_its_weight)
{
    random_seed(71);
    for (int round = 0; round < 300; round++) {
        struct balance_rig rig;
        uint16_t weights[10];
        size_t count = 1 + random_below(10);
        uint32_t sum = 0;
        for (size_t i = 0; i < count; i++)
            weights[i] = (uint16_t)random_below(random_below(2) ? 100 : 4);
        rig_open(&rig, BALANCE_ROUND_ROBIN, weighted(weights, count));
        for (size_t i = 1; i < count; i++) /* never all */
            if (random_below(4) == 0)
                rig_eject(&rig, i, true);
        for (size_t i = 0; i < count; i++)
            sum += atomic_load(&rig.set->endpoints[i]->ejected) ? 0 : rig.set->weights[i];
        for (int times = 0; times < 3; times++) {
            uint32_t counts[10] = {0};
            for (uint32_t n = 0; n < sum; n++)
                counts[pick_and_release(&rig)]++;
            for (size_t i = 0; i < count; i++)
                ck_assert_uint_eq(counts[i], atomic_load(&rig.set->endpoints[i]->ejected)
                                                 ? 0
                                                 : rig.set->weights[i]);
        }
        rig_close(&rig);
    }
}
END_TEST

/* Each row: weights, and the order that comes round and round. */
static const struct {
    size_t count;
    uint16_t weights[5];
    const char *order;
} orders[] = {
    {3, {5, 1, 1}, "aabacaa"},  {3, {50, 10, 10}, "aabacaa"}, {2, {2, 1}, "aba"},
    {3, {2, 1, 1}, "abac"},     {3, {3, 2, 1}, "ababac"},     {4, {3, 1, 1, 1}, "abacad"},
    {3, {3, 3, 2}, "ababcabc"}, {3, {2, 2, 1}, "abacb"},      {5, {1, 1, 1, 1, 4}, "adebeece"},
};

START_TEST(round_robin_has_no_bursts)
{
    struct balance_rig rig;
    char seen[64] = "", twice[32];
    size_t length = strlen(orders[_i].order);
    rig_open(&rig, BALANCE_ROUND_ROBIN, weighted(orders[_i].weights, orders[_i].count));
    for (size_t n = 0; n < length; n++)
        seen[n] = (char)('a' + pick_and_release(&rig));
    strcpy(twice, orders[_i].order);
    strcat(twice, orders[_i].order);
    ck_assert_msg(strstr(twice, seen) != NULL, "%s is not %s", seen, orders[_i].order);
    rig_close(&rig);
}
END_TEST

/* The one that has nearly every place is dead: the others come up too seldom to wait for. */
START_TEST(round_robin_without_the_heaviest)
{
    struct balance_rig rig;
    uint32_t counts[3] = {0};
    random_seed(72);
    rig_open(&rig, BALANCE_ROUND_ROBIN, weighted((uint16_t[]){UINT16_MAX, 1, 1}, 3));
    rig_eject(&rig, 0, true);
    for (int n = 0; n < 2000; n++)
        counts[pick_and_release(&rig)]++;
    ck_assert_uint_eq(counts[0], 0);
    ck_assert_uint_ge(counts[1], 850); /* 1000 each, give or take 7 sigma */
    ck_assert_uint_ge(counts[2], 850);
    rig_close(&rig);
}
END_TEST

/* --- the other policies by weight --------------------------------------------------------------
 */

/* Idle at each choice: ties in rotation, each as often as its weight says. */
START_TEST(least_connections_rotates_ties_by_weight)
{
    struct balance_rig rig;
    const uint32_t wanted[] = {50, 20, 10, 30};
    uint32_t counts[4] = {0};
    rig_open(&rig, BALANCE_LEAST_CONNECTIONS, weighted((uint16_t[]){5, 2, 1, 3}, 4));
    for (int n = 0; n < 110; n++)
        counts[pick_and_release(&rig)]++;
    for (size_t i = 0; i < 4; i++) {
        ck_assert_uint_ge(counts[i] + 1, wanted[i]);
        ck_assert_uint_le(counts[i], wanted[i] + 1);
    }
    rig_close(&rig);
}
END_TEST

/* Connections that stay are as many as the weight says, whatever the policy. */
START_TEST(what_stays_is_by_weight)
{
    static const uint16_t weights[] = {1, 2, 3, 4};
    struct balance_rig rig;
    double tolerance = policies[_i] == BALANCE_RANDOM_TWO ? 15 : 4;
    random_seed(73);
    rig_open(&rig, policies[_i], weighted(weights, 4));
    for (int n = 0; n < 10000; n++)
        rig_pick(&rig);
    for (size_t i = 0; i < 4; i++) {
        struct endpoint *endpoint = rig.set->endpoints[i];
        double active = atomic_load(&endpoint->active);
        ck_assert_msg(fabs(active - 1000.0 * weights[i]) <= tolerance, "weight %u: %f", weights[i],
                      active);
        while (atomic_load(&endpoint->active) > 0)
            rig_release(&rig, endpoint);
    }
    rig_close(&rig);
}
END_TEST

/* Nobody has a connection: the first of the two wins, and that one is drawn by weight. */
START_TEST(random_two_draws_by_weight)
{
    static const uint16_t weights[] = {1, 2, 3, 4, 0, 0};
    struct balance_rig rig;
    double counts[6] = {0}, sum = 0;
    random_seed(74);
    rig_open(&rig, BALANCE_RANDOM_TWO, weighted(weights, 6));
    for (int n = 0; n < 100000; n++)
        counts[pick_and_release(&rig)]++;
    for (size_t i = 0; i < 6; i++)
        sum += rig.set->weights[i];
    for (size_t i = 0; i < 6; i++) {
        double share = rig.set->weights[i] / sum, wanted = 100000 * share;
        ck_assert_msg(fabs(counts[i] - wanted) <= 5 * sqrt(wanted * (1 - share)), "%zu: %f for %f",
                      i, counts[i], wanted);
    }
    rig_close(&rig);
}
END_TEST

/* The second draw is another one, whatever the weights: the busiest never wins. */
START_TEST(random_two_draws_two)
{
    random_seed(75);
    for (int round = 0; round < 200; round++) {
        struct balance_rig rig;
        uint16_t weights[8];
        size_t count = 2 + random_below(7), busy = random_below((uint32_t)count);
        for (size_t i = 0; i < count; i++)
            weights[i] = (uint16_t)random_below(5);
        rig_open(&rig, BALANCE_RANDOM_TWO, weighted(weights, count));
        atomic_store(&rig.set->endpoints[busy]->active, 100000);
        for (int n = 0; n < 200; n++)
            ck_assert_uint_ne(pick_and_release(&rig), busy);
        atomic_store(&rig.set->endpoints[busy]->active, 0);
        rig_close(&rig);
    }
}
END_TEST

/* --- tiers ---------------------------------------------------------------------------------------
 */

/* Two in the first tier, two in the second, one in the third. */
static struct endpoint_set *three_tiers(void)
{
    struct place places[5];
    for (unsigned i = 0; i < 5; i++)
        places[i] = (struct place){rig_address(i), 10 * (i / 2), 1};
    return rig_places(NULL, places, 5);
}

static void ck_serves(struct balance_rig *rig, size_t first, size_t count)
{
    uint64_t counts[6] = {0}, sum = 0;
    for (int n = 0; n < 100; n++)
        counts[pick_and_release(rig)]++;
    for (size_t i = first; i < first + count; i++)
        sum += counts[i];
    ck_assert_uint_eq(sum, 100);
    if (rig->policy != BALANCE_RANDOM_TWO)
        ck_spread(counts + first, count, 0, 1);
}

START_TEST(the_next_tier_serves_while_one_is_ejected)
{
    struct balance_rig rig;
    clock_freeze(BEGINNING);
    rig_open(&rig, policies[_i], three_tiers());
    ck_serves(&rig, 0, 2);
    rig_eject(&rig, 1, true);
    ck_serves(&rig, 0, 1);
    rig_eject(&rig, 0, true);
    ck_serves(&rig, 2, 2);
    rig_eject(&rig, 2, true);
    rig_eject(&rig, 3, true);
    ck_serves(&rig, 4, 1);
    rig_eject(&rig, 3, false);
    ck_serves(&rig, 3, 1);
    rig_eject(&rig, 0, false);
    ck_serves(&rig, 0, 1);
    rig_eject(&rig, 1, false);
    clock_advance(FRESH_SPAN);
    ck_serves(&rig, 0, 2);
    rig_close(&rig);
}
END_TEST

/* The clients of a tier that refuses take no turns from each other in the next one. */
START_TEST(spill_over_is_even)
{
    struct balance_rig rig;
    uint64_t counts[6] = {0};
    rig_open(&rig, BALANCE_ROUND_ROBIN, three_tiers());
    for (int n = 0; n < 1000; n++) {
        counts[rig_dial(&rig, 3)]++;
        ck_spread(counts, 5, 3 + 16, 1);
    }
    ck_assert_uint_eq(counts[2] + counts[3], 1000);
    rig_close(&rig);
}
END_TEST

START_TEST(all_ejected_go_by_their_failures)
{
    static const int64_t failed_at[] = {30, 10, 30, 20, 10};
    static const size_t order[] = {1, 4, 3, 0, 2};
    struct balance_rig rig;
    struct endpoint *tried[5];
    rig_open(&rig, policies[_i], three_tiers());
    for (size_t i = 0; i < 5; i++) {
        atomic_store(&rig.set->endpoints[i]->failed_at, failed_at[i]);
        rig_eject(&rig, i, true);
    }
    for (size_t n = 0; n < 5; n++) {
        struct endpoint *endpoint =
            balance_pick(&rig.balancer, rig.policy, rig.set, (struct tried){tried, n});
        ck_assert_uint_eq(rig_place_of(rig.set, endpoint), order[n]);
        rig_release(&rig, endpoint);
        tried[n] = endpoint;
    }
    ck_assert_ptr_null(balance_pick(&rig.balancer, rig.policy, rig.set, (struct tried){tried, 5}));
    rig_close(&rig);
}
END_TEST

/* Who is drained serves when nobody else is left, however others have failed. */
START_TEST(drained_is_the_last_of_all)
{
    static const size_t order[] = {0, 1, 3, 4, 2};
    struct balance_rig rig;
    struct endpoint *tried[5];
    rig_open(&rig, policies[_i], three_tiers());
    for (size_t i = 0; i < 5; i++) {
        atomic_store(&rig.set->endpoints[i]->failed_at, i == 2 ? 0 : 10 * ((int64_t)i + 1));
        rig_eject(&rig, i, true);
    }
    atomic_store(&rig.set->endpoints[2]->ejected, EJECTED_BY_OPERATOR);
    for (size_t n = 0; n < 5; n++) {
        struct endpoint *endpoint =
            balance_pick(&rig.balancer, rig.policy, rig.set, (struct tried){tried, n});
        ck_assert_uint_eq(rig_place_of(rig.set, endpoint), order[n]);
        rig_release(&rig, endpoint);
        tried[n] = endpoint;
    }
    rig_close(&rig);
}
END_TEST

/* --- a model -------------------------------------------------------------------------------------
 */

#define UNIVERSE 14
#define HELD 60

/* One world of random changes, and what a client in it has tried. */
struct world {
    struct balance_rig rig;
    struct endpoint *held[HELD];
    struct endpoint *tried[UNIVERSE];
    size_t tried_count;
};

static struct tried tried_of(const struct world *world)
{
    return (struct tried){world->tried, world->tried_count};
}

static struct endpoint_set *random_set(const struct endpoint_set *previous)
{
    struct place places[UNIVERSE];
    size_t count = 0;
    uint32_t tiers = 1 + random_below(3);
    uint16_t greatest = random_below(2) ? 1 : 10;
    for (unsigned n = 0; n < UNIVERSE; n++)
        if (random_below(3) > 0)
            places[count++] = (struct place){rig_address(n), random_below(tiers),
                                             (uint16_t)random_below(greatest + 1u)};
    return rig_places(previous, places, count);
}

/* The first tier that may serve the client; NULL: none. */
static const struct endpoint_tier *serving_tier(const struct world *world)
{
    const struct endpoint_set *set = world->rig.set;
    struct tried tried = tried_of(world);
    for (size_t t = 0; t < set->tier_count; t++)
        for (size_t i = 0; i < set->tiers[t].count; i++)
            if (is_usable(set->endpoints[set->tiers[t].first + i], &tried))
                return &set->tiers[t];
    return NULL;
}

/* Nobody of the tier that is usable has fewer connections for its weight than this one had. */
static void ck_least(const struct world *world, const struct endpoint_tier *tier, size_t picked)
{
    const struct endpoint_set *set = world->rig.set;
    struct tried tried = tried_of(world);
    uint64_t active = atomic_load(&set->endpoints[picked]->active) - 1;
    for (size_t i = tier->first; i < tier->first + tier->count; i++) {
        uint64_t other = atomic_load(&set->endpoints[i]->active);
        if (i != picked && is_usable(set->endpoints[i], &tried))
            ck_assert_uint_le(active * set->weights[i], other * set->weights[picked]);
    }
}

/* Of all that were not tried, nobody failed less recently, nor as recently in a lower tier. */
static void ck_last(const struct world *world, size_t picked)
{
    const struct endpoint_set *set = world->rig.set;
    struct tried tried = tried_of(world);
    int64_t failed_at = atomic_load(&set->endpoints[picked]->failed_at);
    for (size_t i = 0; i < set->count; i++) {
        int64_t other = atomic_load(&set->endpoints[i]->failed_at);
        if (!was_tried(&tried, set->endpoints[i]))
            ck_assert(failed_at < other || (failed_at == other && picked <= i));
    }
}

static void pick(struct world *world)
{
    struct balance_rig *rig = &world->rig;
    const struct endpoint_tier *tier = serving_tier(world);
    struct tried tried = tried_of(world);
    struct endpoint *endpoint = balance_pick(&rig->balancer, rig->policy, rig->set, tried);
    size_t place = endpoint ? rig_place_of(rig->set, endpoint) : 0, left = 0, at = 0;
    for (size_t i = 0; i < rig->set->count; i++)
        left += !was_tried(&tried, rig->set->endpoints[i]);
    ck_assert_int_eq(endpoint != NULL, left > 0);
    if (!endpoint)
        return;
    ck_assert_uint_lt(place, rig->set->count);
    ck_assert(!was_tried(&tried, endpoint));
    if (!tier) {
        ck_last(world, place);
    } else {
        ck_assert(is_usable(endpoint, &tried));
        ck_assert_uint_lt(place - tier->first, tier->count);
        if (rig->policy == BALANCE_LEAST_CONNECTIONS)
            ck_least(world, tier, place);
    }
    while (at < HELD && world->held[at])
        at++;
    if (at == HELD)
        rig_release(rig, endpoint);
    else
        world->held[at] = endpoint;
}

static void try_some(struct world *world)
{
    const struct endpoint_set *set = world->rig.set;
    world->tried_count = 0;
    for (size_t i = 0; i < set->count; i++)
        if (random_below(4) == 0)
            world->tried[world->tried_count++] = set->endpoints[i];
}

static void change_something(struct world *world)
{
    struct balance_rig *rig = &world->rig;
    uint32_t count = (uint32_t)rig->set->count;
    size_t place = random_below(count), at = random_below(HELD);
    switch (random_below(8)) {
    case 0:
        world->tried_count = 0;
        rig_use(rig, random_set(rig->set));
        clock_advance(FRESH_SPAN); /* nobody is fresh in here */
        break;
    case 1:
        if (count > 0)
            rig_eject(rig, place, random_below(2));
        clock_advance(FRESH_SPAN);
        break;
    case 2:
        if (count > 0)
            atomic_store(&rig->set->endpoints[place]->failed_at, random_below(4));
        break;
    case 3:
        try_some(world);
        break;
    default:
        if (world->held[at])
            rig_release(rig, world->held[at]);
        world->held[at] = NULL;
    }
}

START_TEST(picks_are_as_the_model_says)
{
    for (int round = 0; round < 40; round++) {
        struct world world = {.tried_count = 0};
        random_seed(80 + (uint64_t)round);
        clock_freeze(BEGINNING);
        rig_open(&world.rig, policies[_i], random_set(NULL));
        for (int step = 0; step < 1500; step++) {
            if (random_below(2))
                change_something(&world);
            else
                pick(&world);
        }
        for (size_t at = 0; at < HELD; at++)
            if (world.held[at])
                rig_release(&world.rig, world.held[at]);
        rig_close(&world.rig);
    }
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, round_robin_gives_each_its_weight);
    tcase_add_loop_test(cases, round_robin_has_no_bursts, 0, COUNT_OF(orders));
    tcase_add_test(cases, round_robin_without_the_heaviest);
    tcase_add_test(cases, least_connections_rotates_ties_by_weight);
    tcase_add_loop_test(cases, what_stays_is_by_weight, 0, COUNT_OF(policies));
    tcase_add_test(cases, random_two_draws_by_weight);
    tcase_add_test(cases, random_two_draws_two);
    tcase_add_loop_test(cases, the_next_tier_serves_while_one_is_ejected, 0, COUNT_OF(policies));
    tcase_add_test(cases, spill_over_is_even);
    tcase_add_loop_test(cases, all_ejected_go_by_their_failures, 0, COUNT_OF(policies));
    tcase_add_loop_test(cases, drained_is_the_last_of_all, 0, COUNT_OF(policies));
    tcase_add_loop_test(cases, picks_are_as_the_model_says, 0, COUNT_OF(policies));
}

int main(void)
{
    return suite_run("proxy/balance by weight and tier", add);
}
