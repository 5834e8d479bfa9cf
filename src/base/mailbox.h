#ifndef REDIAL_BASE_MAILBOX_H
#define REDIAL_BASE_MAILBOX_H

struct event_base;
struct mailbox;

/* A message is allocated by its sender and embedded in the sender's own struct. The receiver's
 * thread calls deliver(), which owns the message from then on. */
struct message {
    struct message *next;
    void (*deliver)(struct message *message, void *owner);
};

/* The only door into a thread: posted messages are delivered in order on the thread that runs
 * `base`, which is woken through an eventfd(2). `owner` is handed to each deliver(). Returns 0 or
 * -errno. */
int mailbox_new(struct event_base *base, void *owner, struct mailbox **ret_mailbox);

/* Hands the message over. Any thread; never blocks and cannot fail. */
void mailbox_post(struct mailbox *mailbox, struct message *message);

/* Delivers what still waits and frees the mailbox; no other thread may post any more. Accepts
 * NULL. */
void mailbox_free(struct mailbox *mailbox);

#endif
