/* Slow start: who comes to others that serve already, new or back from ejection. The clock stands.
 */
#include <math.h>

#include "balance_rig.h"
#include "base/random.h"
#include "proxy/ranking.h"
#include "suite.h"

#define BEGINNING (1000 * USEC_PER_SEC)

static struct balance_rig rig;

/* Addresses 0 … count-1; the last `heavy` ones have the weight 3. */
static struct endpoint_set *first(size_t count, size_t heavy)
{
    struct place places[RIG_MOST];
    for (size_t i = 0; i < count; i++)
        places[i] = (struct place){rig_address((unsigned)i), 0, i + heavy < count ? 1 : 3};
    return rig_places(rig.set, places, count);
}

/* `count` endpoints with so many connections each. */
static void begin(enum balance_policy policy, size_t count, size_t connections)
{
    clock_freeze(BEGINNING);
    rig.set = NULL;
    rig_open(&rig, policy, first(count, 0));
    for (size_t n = 0; n < count * connections; n++)
        rig_pick(&rig);
}

static void grow(size_t count)
{
    rig_use(&rig, first(count, 0));
}

static uint64_t active(size_t place)
{
    return atomic_load(&rig.set->endpoints[place]->active);
}

static uint64_t active_from(size_t place)
{
    uint64_t sum = 0;
    for (; place < rig.set->count; place++)
        sum += active(place);
    return sum;
}

static void end_connections(size_t place, uint64_t count)
{
    while (count-- > 0)
        rig_release(&rig, rig.set->endpoints[place]);
}

static void end(void)
{
    for (size_t i = 0; i < rig.set->count; i++)
        end_connections(i, active(i));
    rig_close(&rig);
    clock_release();
}

/* So many connections come and stay; returns how many the endpoints from `place` on got. */
static uint64_t share_from(size_t place, size_t connections)
{
    uint64_t before = active_from(place);
    for (size_t n = 0; n < connections; n++)
        rig_pick(&rig);
    return active_from(place) - before;
}

#define ck_within(value, low, high)                                                                \
    do {                                                                                           \
        uint64_t value_is = value, value_low = low;                                                \
        ck_assert_msg(value_is >= value_low && value_is <= (high), "%s is %lu", #value,            \
                      (unsigned long)value_is);                                                    \
    } while (0)

/* --- least-connections -------------------------------------------------------------------------
 */

/* Every fifth connection, at every moment: at once, and not more. */
START_TEST(a_new_one_gets_its_share)
{
    begin(BALANCE_LEAST_CONNECTIONS, 4, 100);
    grow(5);
    for (uint64_t n = 1; n <= 200; n++) {
        rig_pick(&rig);
        ck_within(active(4), n / 5, n / 5 + 1);
    }
    for (size_t i = 0; i < 4; i++)
        ck_assert_uint_eq(active(i), 140);
    end();
}
END_TEST

/* Two shares after half of the span, four after three quarters, then all until it has caught up. */
START_TEST(the_share_grows)
{
    begin(BALANCE_LEAST_CONNECTIONS, 9, 1000);
    grow(10);
    ck_within(share_from(9, 100), 10, 11);
    clock_advance(FRESH_SPAN / 2);
    ck_within(share_from(9, 100), 19, 21);
    clock_advance(FRESH_SPAN / 4);
    ck_within(share_from(9, 100), 39, 41);
    clock_advance(FRESH_SPAN / 4 - 1);
    ck_within(share_from(9, 100), 98, 100);
    clock_advance(1);
    ck_within(share_from(9, 700), 700, 700);
    share_from(9, 1000);
    ck_assert_uint_eq(active(9), 1110); /* a tenth of all */
    end();
}
END_TEST

/* Long before the span is over: it is one of the others then. */
START_TEST(who_has_caught_up_is_fresh_no_more)
{
    begin(BALANCE_LEAST_CONNECTIONS, 2, 10);
    grow(3);
    ck_within(share_from(2, 3), 1, 1);
    end_connections(0, active(0));
    end_connections(1, active(1) - 1);
    share_from(2, 3);
    ck_assert_int_eq(atomic_load(&rig.set->endpoints[2]->fresh_since), 0);
    end_connections(2, active(2));
    uint64_t least = active(0) < active(1) ? active(0) : active(1);
    ck_assert_uint_eq(share_from(2, least), least); /* the emptiest gets all */
    end();
}
END_TEST

/* What it gets does not hang on how many connections the others lose meanwhile. */
START_TEST(others_that_empty_do_not_starve_it)
{
    begin(BALANCE_LEAST_CONNECTIONS, 4, 1000);
    grow(5);
    for (size_t i = 0; i < 4; i++)
        end_connections(i, 900);
    ck_within(share_from(4, 100), 20, 21);
    end();
}
END_TEST

START_TEST(many_new_ones_get_their_shares)
{
    begin(BALANCE_LEAST_CONNECTIONS, 10, 50);
    grow(30);
    ck_within(share_from(10, 300), 200, 220);
    for (size_t i = 10; i < 30; i++)
        ck_within(active(i), 10, 11);
    end();
}
END_TEST

START_TEST(a_heavy_new_one_gets_three_shares)
{
    begin(BALANCE_LEAST_CONNECTIONS, 5, 100);
    rig_use(&rig, first(6, 1));
    ck_within(share_from(5, 80), 30, 31); /* 3 of 8 */
    end();
}
END_TEST

START_TEST(who_comes_back_gets_its_share)
{
    begin(BALANCE_LEAST_CONNECTIONS, 4, 100);
    rig_eject(&rig, 3, true);
    end_connections(3, 100);
    share_from(3, 30);
    rig_eject(&rig, 3, false);
    ck_within(share_from(3, 100), 25, 26);
    rig_eject(&rig, 3, true); /* and once more, while it is fresh */
    ck_assert_uint_eq(share_from(3, 100), 0);
    clock_advance(FRESH_SPAN);
    rig_eject(&rig, 3, false);
    ck_within(share_from(3, 100), 25, 26);
    rig_eject(&rig, 3, false); /* it is back: that changes nothing */
    clock_advance(FRESH_SPAN);
    ck_assert_uint_eq(share_from(3, 50), 50);
    end();
}
END_TEST

/* Sets that come and go change nothing for who stays. */
START_TEST(other_changes_leave_the_fresh_alone)
{
    begin(BALANCE_LEAST_CONNECTIONS, 4, 100);
    grow(5);
    for (size_t n = 1; n <= 100; n++) {
        rig_use(&rig, first(5, 0));
        rig_pick(&rig);
        ck_within(active(4), n / 5, n / 5 + 1);
    }
    clock_advance(FRESH_SPAN);
    rig_use(&rig, first(5, 0));
    ck_assert_uint_eq(share_from(4, 20), 20);
    end();
}
END_TEST

/* Nobody serves beside them: there is none to take turns with, and the emptiest gets all. */
START_TEST(without_others_nobody_is_fresh)
{
    begin(BALANCE_LEAST_CONNECTIONS, 4, 100);
    end_connections(2, 50);
    for (size_t i = 0; i < 4; i++)
        rig_eject(&rig, i, true);
    for (size_t i = 0; i < 4; i++)
        rig_eject(&rig, i, false);
    ck_assert_uint_eq(share_from(0, 50), 50);
    ck_assert_uint_eq(active(2), 100);
    end();
}
END_TEST

/* A client that has met all the others is not sent away because the fresh one is not due. */
START_TEST(the_fresh_one_is_there_for_who_needs_it)
{
    begin(BALANCE_LEAST_CONNECTIONS, 4, 100);
    grow(5);
    for (uint64_t n = 1; n <= 50; n++) {
        struct tried tried = {rig.set->endpoints, 4};
        struct endpoint *endpoint = balance_pick(&rig.balancer, rig.policy, rig.set, tried);
        ck_assert_ptr_eq(endpoint, rig.set->endpoints[4]);
    }
    ck_within(share_from(4, 200), 0, 10); /* it has had its share */
    end();
}
END_TEST

/* Found idle, there is nothing to catch up with. */
START_TEST(beside_the_idle_nobody_is_fresh)
{
    begin(BALANCE_LEAST_CONNECTIONS, 2, 0);
    grow(3);
    share_from(0, 3);
    for (size_t i = 0; i < 3; i++)
        ck_assert_uint_eq(active(i), 1);
    ck_assert_int_eq(atomic_load(&rig.set->endpoints[2]->fresh_since), 0);
    end();
}
END_TEST

/* --- the others ----------------------------------------------------------------------------------
 */

/* `share` of 10,000 connections that end at once, give or take 5 sigma. */
static void ck_share(size_t place, double share)
{
    double got = 0, wanted = 10000 * share;
    for (int n = 0; n < 10000; n++) {
        struct endpoint *endpoint = rig_pick(&rig);
        got += endpoint == rig.set->endpoints[place];
        rig_release(&rig, endpoint);
    }
    ck_assert_msg(fabs(got - wanted) <= 5 * sqrt(wanted * (1 - share)), "%f for %f", got, wanted);
}

/* Of two it would win every time: half of the time at first, three quarters, and then always. */
START_TEST(random_two_of_two)
{
    random_seed(91);
    begin(BALANCE_RANDOM_TWO, 1, 100);
    grow(2);
    ck_share(1, 0.5);
    clock_advance(FRESH_SPAN / 2);
    ck_share(1, 0.75);
    clock_advance(FRESH_SPAN / 2);
    ck_share(1, 1);
    end();
}
END_TEST

/* Of many: its share, and twice that in the end. */
START_TEST(random_two_of_many)
{
    random_seed(92);
    begin(BALANCE_RANDOM_TWO, 9, 100);
    grow(10);
    ck_share(9, 0.1);
    clock_advance(FRESH_SPAN);
    ck_share(9, 0.2);
    rig_eject(&rig, 9, true);
    ck_share(9, 0);
    rig_eject(&rig, 9, false);
    ck_share(9, 0.1);
    end();
}
END_TEST

START_TEST(round_robin_needs_no_slow_start)
{
    begin(BALANCE_ROUND_ROBIN, 4, 100);
    grow(5);
    ck_within(share_from(4, 100), 20, 20);
    end();
}
END_TEST

/* The policy becomes least-connections while somebody is fresh, and one more has come. */
START_TEST(the_fresh_stay_so_under_another_policy)
{
    begin(BALANCE_ROUND_ROBIN, 3, 100);
    grow(4);
    rig.policy = BALANCE_LEAST_CONNECTIONS;
    ck_within(share_from(3, 100), 25, 25); /* no ranking yet: round-robin */
    grow(5);
    ck_within(share_from(4, 100), 20, 21);
    for (size_t i = 0; i < 3; i++)
        ck_within(active(i), 140, 146);
    end();
}
END_TEST

/* --- whatever happens ----------------------------------------------------------------------------
 */

#define HELD 1000

static void change_something(struct endpoint **held, size_t *count)
{
    size_t place = random_below((uint32_t)rig.set->count), at = random_below((uint32_t)*count);
    switch (random_below(8)) {
    case 0:
        grow(3 + random_below(8)); /* or less */
        break;
    case 1:
        rig_eject(&rig, place, random_below(2));
        break;
    case 2:
        clock_advance((usec_t)random_below(FRESH_SPAN / 2));
        break;
    case 3:
        if (*count == 0)
            break;
        rig_release(&rig, held[at]); /* who may have left */
        held[at] = held[--*count];
        break;
    default:
        held[(*count)++] = rig_pick(&rig);
    }
}

/* In any turn of events nobody is lost, and after the span the emptiest gets the next one. */
START_TEST(nobody_is_lost)
{
    for (uint64_t round = 0; round < 60; round++) {
        struct endpoint *held[HELD];
        size_t count = 0;
        random_seed(100 + round);
        begin(BALANCE_LEAST_CONNECTIONS, 3, 0);
        for (int step = 0; step < 400; step++)
            change_something(held, &count);
        for (size_t i = 0; i < rig.set->count; i++)
            rig_eject(&rig, i, false);
        clock_advance(FRESH_SPAN);
        for (int n = 0; n < 300; n++) {
            uint64_t least = UINT64_MAX;
            for (size_t i = 0; i < rig.set->count; i++)
                least = active(i) < least ? active(i) : least;
            held[count++] = rig_pick(&rig);
            ck_assert_uint_eq(atomic_load(&held[count - 1]->active), least + 1);
        }
        while (count > 0)
            rig_release(&rig, held[--count]);
        end();
    }
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, a_new_one_gets_its_share);
    tcase_add_test(cases, the_share_grows);
    tcase_add_test(cases, who_has_caught_up_is_fresh_no_more);
    tcase_add_test(cases, others_that_empty_do_not_starve_it);
    tcase_add_test(cases, many_new_ones_get_their_shares);
    tcase_add_test(cases, a_heavy_new_one_gets_three_shares);
    tcase_add_test(cases, who_comes_back_gets_its_share);
    tcase_add_test(cases, other_changes_leave_the_fresh_alone);
    tcase_add_test(cases, without_others_nobody_is_fresh);
    tcase_add_test(cases, the_fresh_one_is_there_for_who_needs_it);
    tcase_add_test(cases, beside_the_idle_nobody_is_fresh);
    tcase_add_test(cases, random_two_of_two);
    tcase_add_test(cases, random_two_of_many);
    tcase_add_test(cases, round_robin_needs_no_slow_start);
    tcase_add_test(cases, the_fresh_stay_so_under_another_policy);
    tcase_add_test(cases, nobody_is_lost);
}

int main(void)
{
    return suite_run("proxy/balance of the fresh", add);
}
