#include "base/mailbox.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct mailbox {
    _Atomic(struct message *) newest; /* a stack: senders push, the receiver takes it whole */
    int wake;
    void *owner;
};

static struct message *take_in_order(struct mailbox *mailbox)
{
    struct message *newest = atomic_exchange(&mailbox->newest, NULL), *oldest = NULL;
    while (newest) {
        struct message *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

static void deliver_all(struct mailbox *mailbox)
{
    struct message *message = take_in_order(mailbox);
    while (message) {
        struct message *next = message->next;
        message->deliver(message, mailbox->owner);
        message = next;
    }
}

void mailbox_deliver(struct mailbox *mailbox)
{
    uint64_t count;
    /* The count does not matter; what does is that it is reset before the stack is taken. */
    ssize_t got = read(mailbox->wake, &count, sizeof count);
    (void)got;
    deliver_all(mailbox);
}

int mailbox_new(void *owner, struct mailbox **ret_mailbox)
{
    struct mailbox *mailbox = calloc(1, sizeof *mailbox);
    if (!mailbox)
        return -ENOMEM;
    mailbox->owner = owner;
    mailbox->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (mailbox->wake < 0) {
        int error = -errno;
        free(mailbox);
        return error;
    }
    *ret_mailbox = mailbox;
    return 0;
}

int mailbox_fd(const struct mailbox *mailbox)
{
    return mailbox->wake;
}

void mailbox_post(struct mailbox *mailbox, struct message *message)
{
    struct message *newest = atomic_load(&mailbox->newest);
    int wake = mailbox->wake;
    do {
        message->next = newest;
    } while (!atomic_compare_exchange_weak(&mailbox->newest, &newest, message));
    /* Whoever found the stack empty wakes the receiver; the others ride along. */
    if (newest == NULL) {
        ssize_t put = write(wake, &(uint64_t){1}, sizeof(uint64_t));
        (void)put;
    }
}

void mailbox_free(struct mailbox *mailbox)
{
    if (!mailbox)
        return;
    deliver_all(mailbox);
    close(mailbox->wake);
    free(mailbox);
}
