#ifndef REDIAL_DAEMON_PULSE_H
#define REDIAL_DAEMON_PULSE_H

#include <stddef.h>

#include "base/list.h"

struct mailbox;
struct worker;

/* Whether all workers still turn their loops: each is sent a message and answers it. Belongs to the
 * main thread. */
struct pulse;

/* `home` is the main thread's mailbox. Returns NULL without memory. */
struct pulse *pulse_new(struct mailbox *home, size_t workers);

/* The next worker; all of them are added before the first question. */
void pulse_add(struct pulse *pulse, struct worker *worker);

/* The workers have been joined: nobody is asked any more. */
void pulse_stop(struct pulse *pulse);

/* Once the mailbox is gone as well, in which answers may have been. Accepts NULL. */
void pulse_free(struct pulse *pulse);

/* Who wants to know. Embedded in its owner, who sets `answered`. */
struct pulse_wait {
    struct list node;
    void (*answered)(struct pulse_wait *wait);
};

/* Calls `answered` once every worker has answered a message that was sent after this. Never before
 * this returns; never, where a worker hangs. */
void pulse_ask(struct pulse *pulse, struct pulse_wait *wait);

/* No answer is wanted any more. */
void pulse_forget(struct pulse_wait *wait);

#endif
