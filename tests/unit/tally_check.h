/* What always holds of what was counted, see proxy/tally.h. */
#ifndef UNIT_TALLY_CHECK_H
#define UNIT_TALLY_CHECK_H

#include <check.h>

#include "proxy/tally.h"

static inline uint64_t tally_ended_in_all(const struct tally_sum *sum)
{
    uint64_t ended = 0;
    for (int end = 0; end < SESSION_ENDS; end++)
        ended += sum->ended[end];
    return ended;
}

/* To be called while nobody counts; connects may be under way. */
static inline void ck_tally_adds_up(const struct tally_sum *sum)
{
    ck_assert_uint_eq(sum->opened, tally_ended_in_all(sum) + sum->open);
    ck_assert_uint_eq(sum->duration.count, tally_ended_in_all(sum));
    ck_assert_uint_eq(sum->connect_time.count, sum->accepted);
    ck_assert_uint_eq(sum->attempts.count, sum->opened - sum->dialling);
    ck_assert_uint_ge(sum->started, sum->accepted + sum->failed + sum->given_up);
    ck_assert_uint_ge(sum->started, sum->hedged);
    ck_assert_uint_ge(sum->open, sum->dialling);
}

/* The same when no connection is left. */
static inline void ck_tally_is_settled(const struct tally_sum *sum)
{
    ck_tally_adds_up(sum);
    ck_assert_uint_eq(sum->open, 0);
    ck_assert_uint_eq(sum->dialling, 0);
    ck_assert_uint_eq(sum->started, sum->accepted + sum->failed + sum->given_up);
    ck_assert_uint_eq(sum->attempts.sum, sum->started);
}

#endif
