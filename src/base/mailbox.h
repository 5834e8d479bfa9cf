#ifndef REDIAL_BASE_MAILBOX_H
#define REDIAL_BASE_MAILBOX_H

struct mailbox;

/* A message is allocated by its sender and embedded in the sender's own struct. The receiver's
 * thread calls deliver(), which owns the message from then on. */
struct message {
    struct message *next;
    void (*deliver)(struct message *message, void *owner);
};

/* The only door into a thread: posted messages are delivered in order by mailbox_deliver(), which
 * the receiver's loop calls when mailbox_fd(), an eventfd(2), is readable. `owner` is handed to
 * each deliver(). Returns 0 or -errno. */
int mailbox_new(void *owner, struct mailbox **ret_mailbox);

int mailbox_fd(const struct mailbox *mailbox);

/* Delivers what was posted. On the receiver's thread. */
void mailbox_deliver(struct mailbox *mailbox);

/* Hands the message over. Any thread; never blocks and cannot fail. */
void mailbox_post(struct mailbox *mailbox, struct message *message);

/* Delivers what still waits and frees the mailbox; no other thread may post any more. Accepts
 * NULL. */
void mailbox_free(struct mailbox *mailbox);

#endif
