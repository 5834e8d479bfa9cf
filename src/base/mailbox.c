#include "base/mailbox.h"

#include <errno.h>
#include <event2/event.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct mailbox {
    _Atomic(struct message *) newest; /* a stack: senders push, the receiver takes it whole */
    int wake;
    struct event *event;
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

static void on_wake(evutil_socket_t fd, short events, void *arg)
{
    (void)events;
    uint64_t count;
    /* The count does not matter; what does is that it is reset before the stack is taken. */
    ssize_t got = read(fd, &count, sizeof count);
    (void)got;
    deliver_all(arg);
}

int mailbox_new(struct event_base *base, void *owner, struct mailbox **ret_mailbox)
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
    mailbox->event = event_new(base, mailbox->wake, EV_READ | EV_PERSIST, on_wake, mailbox);
    if (!mailbox->event || event_add(mailbox->event, NULL) < 0) {
        mailbox_free(mailbox);
        return -ENOMEM;
    }
    *ret_mailbox = mailbox;
    return 0;
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
    if (mailbox->event)
        event_free(mailbox->event);
    close(mailbox->wake);
    free(mailbox);
}
