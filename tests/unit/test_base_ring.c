/* The newest so many of a kind. */
#include "base/ring.h"

#include "suite.h"

#define MOST 10

static void push(struct ring *ring, int value)
{
    bool reused;
    int *item = ring_push(ring, sizeof *item, MOST, &reused);
    ck_assert_ptr_nonnull(item);
    *item = value;
}

static int nth(const struct ring *ring, size_t n)
{
    return *(int *)ring_item(ring, sizeof(int), n);
}

START_TEST(the_newest_goes_first)
{
    struct ring ring = {0};
    for (int value = 1; value <= 5 * MOST; value++) {
        push(&ring, value);
        size_t count = value < MOST ? (size_t)value : MOST;
        ck_assert_uint_eq(ring.count, count);
        for (size_t n = 0; n < count; n++)
            ck_assert_int_eq(nth(&ring, n), value - (int)n);
    }
    ring_clear(&ring);
}
END_TEST

START_TEST(the_oldest_gives_its_place)
{
    struct ring ring = {0};
    bool reused;
    for (int value = 1; value <= 3 * MOST; value++) {
        int *item = ring_push(&ring, sizeof *item, MOST, &reused);
        ck_assert_int_eq(reused, value > MOST);
        ck_assert_int_eq(*item, value > MOST ? value - MOST : 0);
        *item = value;
    }
    ring_clear(&ring);
}
END_TEST

START_TEST(it_takes_no_more_room_than_it_needs)
{
    struct ring ring = {0};
    push(&ring, 1);
    ck_assert_uint_lt(ring.room, MOST);
    for (int value = 2; value <= 3 * MOST; value++) {
        push(&ring, value);
        ck_assert_uint_le(ring.room, MOST);
    }
    ring_clear(&ring);
}
END_TEST

START_TEST(a_ring_of_one)
{
    struct ring ring = {0};
    bool reused;
    for (int value = 1; value <= 3; value++) {
        *(int *)ring_push(&ring, sizeof(int), 1, &reused) = value;
        ck_assert_int_eq(reused, value > 1);
        ck_assert_uint_eq(ring.count, 1);
        ck_assert_int_eq(nth(&ring, 0), value);
    }
    ring_clear(&ring);
}
END_TEST

START_TEST(cleared_it_is_as_new)
{
    struct ring ring = {0};
    ring_clear(&ring);
    for (int value = 0; value < MOST + 3; value++)
        push(&ring, value);
    ring_clear(&ring);
    ck_assert_uint_eq(ring.count, 0);
    push(&ring, 7);
    ck_assert_uint_eq(ring.count, 1);
    ck_assert_int_eq(nth(&ring, 0), 7);
    ring_clear(&ring);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, the_newest_goes_first);
    tcase_add_test(cases, the_oldest_gives_its_place);
    tcase_add_test(cases, it_takes_no_more_room_than_it_needs);
    tcase_add_test(cases, a_ring_of_one);
    tcase_add_test(cases, cleared_it_is_as_new);
}

int main(void)
{
    return suite_run("base/ring", add);
}
