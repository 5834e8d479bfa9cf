#include "proxy/heap.h"

#include <stdlib.h>

#include "base/random.h"
#include "suite.h"

#define MOST 200

static struct rank ranks[MOST];
static uint32_t spots[MOST];
static struct heap heap;

static struct rank random_rank(uint32_t slot)
{
    return (struct rank){random_below(8), random_below(50), slot, 0};
}

static void begin(void)
{
    heap = (struct heap){ranks, spots, 0};
    for (size_t i = 0; i < MOST; i++)
        spots[i] = HEAP_NONE;
}

/* Nobody stands before who is above, and everybody is where `spots` says. One assertion of all, for
 * Check writes each down. */
static void ck_heap(uint32_t members)
{
    uint32_t found = 0, faults = 0;
    for (uint32_t slot = 0; slot < MOST; slot++) {
        if (spots[slot] == HEAP_NONE)
            continue;
        found++;
        faults += spots[slot] >= heap.count || ranks[spots[slot]].slot != slot;
    }
    for (uint32_t at = 1; at < heap.count; at++)
        faults += rank_before(&ranks[at], &ranks[(at - 1) / 2]);
    ck_assert_msg(found == members && heap.count == members && faults == 0,
                  "%u and %u of %u, %u of them misplaced", found, heap.count, members, faults);
}

START_TEST(stays_in_order)
{
    uint32_t members = 0;
    random_seed(31);
    begin();
    for (int i = 0; i < 20000; i++) {
        uint32_t slot = random_below(i < 10000 ? MOST : 5); /* large, then small */
        struct rank rank = random_rank(slot);
        if (spots[slot] == HEAP_NONE) {
            heap_insert(&heap, &rank);
            members++;
        } else if (random_below(2)) {
            heap_remove(&heap, spots[slot]);
            members--;
        } else {
            heap_change(&heap, spots[slot], &rank);
            ck_assert_uint_eq(ranks[spots[slot]].value, rank.value);
            ck_assert_uint_eq(ranks[spots[slot]].pass, rank.pass);
        }
        ck_heap(members);
    }
}
END_TEST

START_TEST(comes_out_sorted)
{
    random_seed(32);
    begin();
    for (uint32_t slot = 0; slot < MOST; slot++) {
        struct rank rank = random_rank(slot);
        heap_insert(&heap, &rank);
    }
    struct rank last = ranks[0];
    for (uint32_t left = MOST; left > 0; left--) {
        ck_assert(!rank_before(&ranks[0], &last));
        last = ranks[0];
        heap_remove(&heap, 0);
        ck_heap(left - 1);
    }
}
END_TEST

START_TEST(the_value_goes_before_the_pass)
{
    const struct rank low = {1, 9, 0, 0}, high = {2, 3, 1, 0}, later = {2, 4, 2, 0};
    const struct rank greatest = {UINT64_MAX - 1, UINT64_MAX, 3, 0};
    ck_assert(rank_before(&low, &high) && !rank_before(&high, &low));
    ck_assert(rank_before(&high, &later) && !rank_before(&later, &high));
    ck_assert(rank_before(&later, &greatest) && !rank_before(&greatest, &later));
    ck_assert(!rank_before(&low, &low) && !rank_before(&greatest, &greatest));
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, stays_in_order);
    tcase_add_test(cases, comes_out_sorted);
    tcase_add_test(cases, the_value_goes_before_the_pass);
}

int main(void)
{
    return suite_run("proxy/heap", add);
}
