#include "base/list.h"

#include <stdint.h>
#include <string.h>

#include "base/random.h"
#include "suite.h"

struct item {
    int number;
    struct list node;
};

static struct item items[16];

static void setup(void)
{
    for (int i = 0; i < (int)COUNT_OF(items); i++) {
        items[i].number = i;
        list_init(&items[i].node);
    }
}

/* The numbers on the list, forwards and backwards, as text. */
static void ck_list(struct list *head, const char *want)
{
    char forwards[COUNT_OF(items) + 1] = "", backwards[COUNT_OF(items) + 1] = "";
    size_t count = 0;
    list_each(node, head)
    {
        ck_assert_uint_lt(count, COUNT_OF(items));
        forwards[count++] = (char)('a' + list_entry(node, struct item, node)->number);
    }
    ck_assert_str_eq(forwards, want);
    for (struct list *node = head->prev; node != head; node = node->prev)
        backwards[--count] = (char)('a' + list_entry(node, struct item, node)->number);
    ck_assert_str_eq(backwards, want);
    ck_assert_int_eq(list_empty(head), want[0] == '\0');
}

START_TEST(appends_in_order)
{
    struct list head;
    list_init(&head);
    ck_list(&head, "");
    for (int i = 0; i < 4; i++)
        list_append(&head, &items[i].node);
    ck_list(&head, "abcd");
}
END_TEST

START_TEST(removing_twice_is_harmless)
{
    struct list head;
    list_init(&head);
    for (int i = 0; i < 3; i++)
        list_append(&head, &items[i].node);
    list_remove(&items[1].node);
    list_remove(&items[1].node);
    ck_list(&head, "ac");
    ck_assert(list_empty(&items[1].node));
    list_append(&head, &items[1].node);
    ck_list(&head, "acb");
    list_remove(&items[5].node); /* was never on a list */
    ck_list(&head, "acb");
}
END_TEST

START_TEST(the_loop_may_remove_the_current_one)
{
    struct list head;
    list_init(&head);
    for (int i = 0; i < 6; i++)
        list_append(&head, &items[i].node);
    list_each(node, &head)
    {
        if (list_entry(node, struct item, node)->number % 2)
            list_remove(node);
    }
    ck_list(&head, "ace");
    list_each(node, &head) list_remove(node);
    ck_list(&head, "");
}
END_TEST

START_TEST(moves_all)
{
    struct list from, to;
    list_init(&from);
    list_init(&to);
    list_move_all(&to, &from);
    ck_list(&to, "");
    list_append(&from, &items[2].node);
    list_append(&from, &items[3].node);
    list_move_all(&to, &from);
    ck_list(&from, "");
    ck_list(&to, "cd");
    list_append(&from, &items[0].node);
    list_move_all(&to, &from);
    ck_list(&to, "cda");
    list_move_all(&to, &from);
    ck_list(&to, "cda");
}
END_TEST

static void model_append(char *text, char letter)
{
    size_t length = strlen(text);
    text[length] = letter;
    text[length + 1] = '\0';
}

static void model_remove(char *text, char letter)
{
    char *at = strchr(text, letter);
    if (at)
        memmove(at, at + 1, strlen(at));
}

/* Two lists and two strings: whatever is done to both, they say the same. */
START_TEST(agrees_with_a_model)
{
    struct list heads[2];
    char model[2][COUNT_OF(items) + 1] = {"", ""};
    random_seed(1);
    list_init(&heads[0]);
    list_init(&heads[1]);
    for (int step = 0; step < 5000; step++) {
        uint32_t which = random_below(COUNT_OF(items)), list = random_below(2);
        char letter = (char)('a' + which), *moved = model[1 - list];
        if (random_below(20) == 0) {
            list_move_all(&heads[list], &heads[1 - list]);
            for (; *moved; model_remove(moved, *moved))
                model_append(model[list], *moved);
        } else {
            list_remove(&items[which].node);
            model_remove(model[0], letter);
            model_remove(model[1], letter);
            if (random_below(3) > 0) {
                list_append(&heads[list], &items[which].node);
                model_append(model[list], letter);
            }
        }
        ck_list(&heads[0], model[0]);
        ck_list(&heads[1], model[1]);
    }
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, setup, NULL);
    tcase_add_test(cases, appends_in_order);
    tcase_add_test(cases, removing_twice_is_harmless);
    tcase_add_test(cases, the_loop_may_remove_the_current_one);
    tcase_add_test(cases, moves_all);
    tcase_add_test(cases, agrees_with_a_model);
}

int main(void)
{
    return suite_run("base/list", add);
}
