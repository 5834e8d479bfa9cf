#include "proxy/tried.h"

#include <string.h>

#include "suite.h"

#define COUNT 6

static struct endpoint *endpoints[COUNT];
static struct tried_list list;

static void setup(void)
{
    struct address address = {0};
    list = (struct tried_list){0};
    for (int i = 0; i < COUNT; i++)
        endpoints[i] = endpoint_new(&address);
}

static void teardown(void)
{
    tried_clear(&list);
    for (int i = 0; i < COUNT; i++) {
        ck_assert_uint_eq(atomic_load(&endpoints[i]->references), 1);
        endpoint_unref(endpoints[i]);
    }
}

static bool holds(struct tried tried, int number)
{
    for (size_t i = 0; i < tried.count; i++)
        if (tried.endpoints[i] == endpoints[number])
            return true;
    return false;
}

/* The members by number: those not to be chosen now, and those ever met. */
static void ck_holds(const char *now, const char *ever)
{
    ck_assert_uint_eq(tried_this_round(&list).count, strlen(now));
    ck_assert_uint_eq(tried_ever(&list).count, strlen(ever));
    for (int i = 0; i < COUNT; i++) {
        bool is_now = strchr(now, '0' + i) != NULL, is_ever = strchr(ever, '0' + i) != NULL;
        ck_assert_int_eq(holds(tried_this_round(&list), i), is_now);
        ck_assert_int_eq(tried_may_choose(&list, endpoints[i]), !is_now);
        ck_assert_int_eq(holds(tried_ever(&list), i), is_ever);
        ck_assert_int_eq(tried_has(&list, endpoints[i]), is_ever);
    }
}

START_TEST(each_is_kept_once)
{
    ck_holds("", "");
    ck_assert(tried_add(&list, endpoints[2]));
    ck_assert(tried_add(&list, endpoints[0]));
    ck_assert(tried_add(&list, endpoints[2]));
    ck_holds("02", "02");
    ck_assert_uint_eq(atomic_load(&endpoints[2]->references), 2);
}
END_TEST

START_TEST(a_round_forgets_and_remembers)
{
    tried_add(&list, endpoints[0]);
    tried_add(&list, endpoints[1]);
    tried_next_round(&list);
    ck_holds("", "01");
    tried_add(&list, endpoints[3]);
    ck_holds("3", "013");
    tried_add(&list, endpoints[1]); /* met before */
    ck_holds("13", "013");
    ck_assert_uint_eq(list.round, 2);
}
END_TEST

START_TEST(the_last_passes_are_taken_back)
{
    tried_add(&list, endpoints[0]);
    tried_pass(&list, endpoints[1]);
    tried_pass(&list, endpoints[2]);
    tried_pass(&list, endpoints[3]);
    tried_pass(&list, endpoints[2]); /* is so already */
    ck_holds("0123", "0123");
    tried_unpass(&list, 2);
    ck_holds("01", "0123");
    tried_unpass(&list, 5);
    ck_holds("0", "0123");
}
END_TEST

START_TEST(what_was_tried_may_be_passed_over_and_tried_again)
{
    for (int i = 0; i < 4; i++)
        tried_add(&list, endpoints[i]);
    tried_pass(&list, endpoints[4]);
    tried_pass(&list, endpoints[1]); /* barred, as it turned out */
    ck_holds("01234", "01234");
    ck_assert_uint_eq(list.round, 3);
    tried_unpass(&list, 1);
    ck_holds("0234", "01234");
    tried_add(&list, endpoints[1]);
    tried_add(&list, endpoints[4]);
    ck_assert_uint_eq(list.round, 5);
    ck_assert_uint_eq(list.passed, 0);
    ck_holds("01234", "01234");
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, each_is_kept_once);
    tcase_add_test(cases, a_round_forgets_and_remembers);
    tcase_add_test(cases, the_last_passes_are_taken_back);
    tcase_add_test(cases, what_was_tried_may_be_passed_over_and_tried_again);
}

int main(void)
{
    return suite_run("proxy/tried", add);
}
