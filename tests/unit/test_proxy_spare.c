/* The blocks that a worker keeps for its next connections. */
#include "proxy/spare.h"

#include <stdint.h>

#include "suite.h"

#define SIZE 64

static struct spares spares;

static void begin(void)
{
    spares = (struct spares){0};
}

static void end(void)
{
    spares_clear(&spares);
}

START_TEST(what_was_given_is_taken_next)
{
    void *one = spare_take(&spares, SPARE_STREAM, SIZE);
    ck_assert_ptr_nonnull(one);
    uintptr_t where = (uintptr_t)one;
    spare_give(&spares, SPARE_STREAM, one);
    void *other = spare_take(&spares, SPARE_DIAL, SIZE); /* of another size, but for this test */
    void *again = spare_take(&spares, SPARE_STREAM, SIZE);
    if (SPARES_MOST > 0) {
        ck_assert_uint_ne((uintptr_t)other, where);
        ck_assert_uint_eq((uintptr_t)again, where);
    }
    free(other);
    free(again);
}
END_TEST

START_TEST(a_burst_leaves_no_more_than_so_many)
{
    void *blocks[SPARES_MOST + 10];
    for (size_t i = 0; i < COUNT_OF(blocks); i++)
        blocks[i] = spare_take(&spares, SPARE_SESSION, SIZE);
    for (size_t i = 0; i < COUNT_OF(blocks); i++)
        spare_give(&spares, SPARE_SESSION, blocks[i]);
    ck_assert_int_eq(spares.count[SPARE_SESSION], SPARES_MOST);
    for (int left = SPARES_MOST; left > 0; left--) {
        ck_assert_int_eq(spares.count[SPARE_SESSION], left);
        free(spare_take(&spares, SPARE_SESSION, SIZE));
    }
    ck_assert_ptr_null(spares.first[SPARE_SESSION]);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, what_was_given_is_taken_next);
    tcase_add_test(cases, a_burst_leaves_no_more_than_so_many);
}

int main(void)
{
    return suite_run("proxy/spare", add);
}
