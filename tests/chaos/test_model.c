/* What the model says of connections and figures that are as they must be, and of those that are
 * not. */
#include "flat.h"
#include "judge.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { UP = 1000, DOWN = 500 };

/* A connection that went well. */
static void be_whole(struct caller *caller, struct slot *slot)
{
    *caller = (struct caller){.connected = true,
                              .head_sent = sizeof(struct head),
                              .sent = UP,
                              .received = DOWN,
                              .ended_sending = true,
                              .got_end = true,
                              .ending = ENDING_ORDER};
    caller->plan.head.up = UP;
    caller->plan.head.down = DOWN;
    memset(slot, 0, sizeof(*slot));
    slot->state = SLOT_OVER;
    slot->received = UP;
    slot->sent = DOWN;
    slot->marks = MARK_GOT_END | MARK_SENT_END;
}

static void wrong_byte_up(struct caller *caller, struct slot *slot)
{
    (void)caller;
    slot_mark(slot, MARK_BAD);
}

static void wrong_byte_down(struct caller *caller, struct slot *slot)
{
    (void)slot;
    caller->bad = true;
}

static void lost_byte_up(struct caller *caller, struct slot *slot)
{
    (void)caller;
    slot->received--;
}

static void lost_byte_down(struct caller *caller, struct slot *slot)
{
    (void)slot;
    caller->received--;
}

static void doubled_byte_up(struct caller *caller, struct slot *slot)
{
    (void)caller;
    slot->received++;
}

static void doubled_byte_down(struct caller *caller, struct slot *slot)
{
    (void)slot;
    caller->received++;
}

static void sent_to_two(struct caller *caller, struct slot *slot)
{
    (void)caller;
    slot_mark(slot, MARK_TWICE);
}

static void reset_without_cause(struct caller *caller, struct slot *slot)
{
    (void)slot;
    caller->ending = ENDING_RESET;
}

static void backend_reset_without_cause(struct caller *caller, struct slot *slot)
{
    (void)caller;
    slot->marks = MARK_GOT_RESET | MARK_SENT_END;
}

static void reset_became_an_end(struct caller *caller, struct slot *slot)
{
    slot->marks = MARK_DID_RESET;
    slot->sent = 100;
    caller->received = 100;
}

static void early_end_to_the_backend(struct caller *caller, struct slot *slot)
{
    caller->ending = ENDING_LEFT;
    caller->plan.leave = LEAVE_RESET;
    caller->ended_sending = false;
    slot->marks = MARK_GOT_END;
}

static void never_over(struct caller *caller, struct slot *slot)
{
    (void)slot;
    caller->ending = ENDING_NONE;
}

static void backend_never_told(struct caller *caller, struct slot *slot)
{
    (void)caller;
    slot->state = SLOT_OPEN;
}

static void refused(struct caller *caller, struct slot *slot)
{
    slot->state = SLOT_NONE;
    caller->ending = ENDING_REFUSED;
}

static void bytes_from_nowhere(struct caller *caller, struct slot *slot)
{
    memset(slot, 0, sizeof(*slot));
    caller->ending = ENDING_RESET;
}

typedef void harm_fn(struct caller *caller, struct slot *slot);
static harm_fn *const harms[] = {
    wrong_byte_up,
    wrong_byte_down,
    lost_byte_up,
    lost_byte_down,
    doubled_byte_up,
    doubled_byte_down,
    sent_to_two,
    reset_without_cause,
    backend_reset_without_cause,
    reset_became_an_end,
    early_end_to_the_backend,
    never_over,
    backend_never_told,
    refused,
    bytes_from_nowhere,
};
enum { HARMS = sizeof(harms) / sizeof(harms[0]) };

START_TEST(harm_is_found)
{
    struct caller caller;
    struct slot slot;
    const char *why;
    be_whole(&caller, &slot);
    ck_assert_int_eq(judge(&caller, &slot, &why), VERDICT_WHOLE);
    harms[_i](&caller, &slot);
    ck_assert_int_eq(judge(&caller, &slot, &why), VERDICT_FAULT);
    ck_assert_ptr_nonnull(why);
}
END_TEST

/* What a backend did excuses what came of it, and no wrong byte. */
START_TEST(backend_that_broke_is_an_excuse)
{
    struct caller caller;
    struct slot slot;
    const char *why;
    be_whole(&caller, &slot);
    slot.marks = MARK_KILLED;
    slot.sent = 100;
    slot.received = 50;
    caller.received = 90;
    ck_assert_int_eq(judge(&caller, &slot, &why), VERDICT_BROKEN);
    caller.ending = ENDING_RESET;
    caller.got_end = false;
    slot.marks = MARK_DID_RESET;
    ck_assert_int_eq(judge(&caller, &slot, &why), VERDICT_BROKEN);
    caller.bad = true;
    ck_assert_int_eq(judge(&caller, &slot, &why), VERDICT_FAULT);
}
END_TEST

START_TEST(client_that_left_is_an_excuse)
{
    struct caller caller;
    struct slot slot;
    const char *why;
    be_whole(&caller, &slot);
    caller.ending = ENDING_LEFT;
    caller.plan.leave = LEAVE_RESET;
    caller.ended_sending = caller.got_end = false;
    caller.sent = 70;
    slot.received = 60;
    slot.marks = MARK_GOT_RESET;
    ck_assert_int_eq(judge(&caller, &slot, &why), VERDICT_LEFT);
    slot_mark(&slot, MARK_GOT_END);
    ck_assert_int_eq(judge(&caller, &slot, &why), VERDICT_FAULT);
}
END_TEST

START_TEST(client_that_no_backend_met_is_counted)
{
    struct caller caller;
    struct slot slot;
    const char *why;
    be_whole(&caller, &slot);
    memset(&slot, 0, sizeof(slot));
    caller.received = 0;
    caller.ending = ENDING_RESET;
    ck_assert_int_eq(judge(&caller, &slot, &why), VERDICT_UNMET);
}
END_TEST

static const struct flat_sample usual = {.descriptors = 40, .pipes = 64, .memory_kb = 4000};

START_TEST(growth_is_found)
{
    struct flat flat = {.rests = 0};
    for (int i = 0; i < 2 * FLAT_RESTS; i++) {
        ck_assert_ptr_null(flat_judge(&flat, &usual));
    }
    struct flat_sample grown = usual;
    grown.descriptors += FLAT_DESCRIPTORS + 1;
    ck_assert_ptr_nonnull(flat_judge(&flat, &grown));
    grown = usual;
    grown.pipes = FLAT_PIPES + 1;
    ck_assert_ptr_nonnull(flat_judge(&flat, &grown));
    grown = usual;
    grown.memory_kb += FLAT_MEMORY_KB + 1;
    ck_assert_ptr_nonnull(flat_judge(&flat, &grown));
    ck_assert_ptr_null(flat_judge(&flat, &usual));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("chaos model");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, harm_is_found, 0, HARMS);
    tcase_add_test(all, backend_that_broke_is_an_excuse);
    tcase_add_test(all, client_that_left_is_an_excuse);
    tcase_add_test(all, client_that_no_backend_met_is_counted);
    tcase_add_test(all, growth_is_found);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
