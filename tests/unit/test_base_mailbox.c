#include "base/mailbox.h"

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "suite.h"

#define SENDERS 4
#define LETTERS 5000

/* Who receives: what came from each sender, and on which thread. */
struct owner {
    struct mailbox *mailbox;
    int last[SENDERS];
    int received, wanted;
    bool out_of_order, elsewhere;
    pthread_t thread;
};

struct letter {
    struct message message;
    int sender, number;
};

static void deliver(struct message *message, void *arg)
{
    struct letter *letter = (struct letter *)message;
    struct owner *owner = arg;
    if (letter->number != owner->last[letter->sender] + 1)
        owner->out_of_order = true;
    if (!pthread_equal(pthread_self(), owner->thread))
        owner->elsewhere = true;
    owner->last[letter->sender] = letter->number;
    free(letter);
    owner->received++;
}

static void post(struct mailbox *mailbox, int sender, int number)
{
    struct letter *letter = malloc(sizeof *letter);
    *letter = (struct letter){.message = {.deliver = deliver}, .sender = sender, .number = number};
    mailbox_post(mailbox, &letter->message);
}

static void setup(struct owner *owner)
{
    *owner = (struct owner){.thread = pthread_self()};
    ck_assert_int_eq(mailbox_new(owner, &owner->mailbox), 0);
}

/* As a loop does: sleeps until the descriptor says so. */
static void receive(struct owner *owner)
{
    struct pollfd in = {.fd = mailbox_fd(owner->mailbox), .events = POLLIN};
    while (owner->received < owner->wanted) {
        ck_assert_int_eq(poll(&in, 1, 10000), 1);
        mailbox_deliver(owner->mailbox);
    }
    ck_assert_int_eq(poll(&in, 1, 0), 0); /* nothing is left to wake for */
}

static void teardown(struct owner *owner)
{
    mailbox_free(owner->mailbox);
}

struct sender {
    struct mailbox *mailbox;
    int number;
};

static void *send_letters(void *arg)
{
    const struct sender *sender = arg;
    for (int i = 1; i <= LETTERS; i++)
        post(sender->mailbox, sender->number, i);
    return NULL;
}

START_TEST(keeps_the_order_of_each_sender)
{
    struct owner owner;
    struct sender senders[SENDERS];
    pthread_t threads[SENDERS];
    setup(&owner);
    owner.wanted = SENDERS * LETTERS;
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){owner.mailbox, i};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, send_letters, &senders[i]), 0);
    }
    receive(&owner);
    for (int i = 0; i < SENDERS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_int_eq(owner.received, SENDERS * LETTERS);
    ck_assert(!owner.out_of_order);
    ck_assert(!owner.elsewhere);
    teardown(&owner);
}
END_TEST

START_TEST(one_sender_one_letter_at_a_time)
{
    struct owner owner;
    setup(&owner);
    for (int i = 1; i <= 100; i++) {
        owner.wanted = i;
        post(owner.mailbox, 0, i);
        ck_assert_int_eq(owner.received, i - 1); /* never from within mailbox_post() */
        receive(&owner);
        ck_assert_int_eq(owner.received, i);
    }
    ck_assert(!owner.out_of_order);
    teardown(&owner);
}
END_TEST

START_TEST(free_delivers_what_waits)
{
    struct owner owner;
    setup(&owner);
    for (int i = 1; i <= 10; i++)
        post(owner.mailbox, 1, i);
    mailbox_free(owner.mailbox);
    ck_assert_int_eq(owner.received, 10);
    ck_assert(!owner.out_of_order);
}
END_TEST

START_TEST(free_accepts_null_and_empty)
{
    struct owner owner;
    setup(&owner);
    teardown(&owner);
    mailbox_free(NULL);
}
END_TEST

/* A letter that brings another one, as a chain of ten. */
static void deliver_chain(struct message *message, void *arg)
{
    struct letter *letter = (struct letter *)message;
    struct owner *owner = arg;
    owner->received++;
    if (--letter->number > 0)
        mailbox_post(owner->mailbox, message);
}

START_TEST(a_delivery_may_post)
{
    struct owner owner;
    struct letter letter = {.message = {.deliver = deliver_chain}, .number = 10};
    setup(&owner);
    owner.wanted = 10;
    mailbox_post(owner.mailbox, &letter.message);
    receive(&owner);
    ck_assert_int_eq(owner.received, 10);
    teardown(&owner);
}
END_TEST

static void *post_one(void *arg)
{
    post(arg, 2, 1);
    return NULL;
}

/* The loop sleeps without a timer; only the mailbox can wake it. */
START_TEST(wakes_a_sleeping_loop)
{
    struct owner owner;
    pthread_t thread;
    setup(&owner);
    owner.wanted = 1;
    ck_assert_int_eq(pthread_create(&thread, NULL, post_one, owner.mailbox), 0);
    receive(&owner);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(owner.received, 1);
    teardown(&owner);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, keeps_the_order_of_each_sender);
    tcase_add_test(cases, one_sender_one_letter_at_a_time);
    tcase_add_test(cases, free_delivers_what_waits);
    tcase_add_test(cases, free_accepts_null_and_empty);
    tcase_add_test(cases, a_delivery_may_post);
    tcase_add_test(cases, wakes_a_sleeping_loop);
}

int main(void)
{
    return suite_run("base/mailbox", add);
}
