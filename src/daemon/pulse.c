#include "daemon/pulse.h"

#include <stdlib.h>

#include "base/mailbox.h"
#include "proxy/worker.h"

/* What goes to one worker and comes back. */
struct beat {
    struct message message;
    struct pulse *pulse;
    struct worker *worker;
};

struct pulse {
    struct mailbox *home;
    size_t count;
    struct list asking; /* who is answered at the end of this round */
    struct list late;   /* and of the next one */
    size_t away;        /* beats that are not back yet */
    struct beat beats[];
};

static void deliver_back(struct message *message, void *owner);

/* On the worker's own thread. */
static void deliver_beat(struct message *message, void *owner)
{
    struct beat *beat = list_entry(message, struct beat, message);
    (void)owner;
    beat->message.deliver = deliver_back;
    mailbox_post(beat->pulse->home, &beat->message);
}

static void begin_round(struct pulse *pulse)
{
    list_move_all(&pulse->asking, &pulse->late);
    pulse->away = pulse->count;
    for (size_t i = 0; i < pulse->count; i++) {
        pulse->beats[i].message.deliver = deliver_beat;
        worker_post(pulse->beats[i].worker, &pulse->beats[i].message);
    }
}

static void deliver_back(struct message *message, void *owner)
{
    struct pulse *pulse = list_entry(message, struct beat, message)->pulse;
    (void)owner;
    if (--pulse->away > 0)
        return;
    while (!list_empty(&pulse->asking)) {
        struct pulse_wait *wait = list_entry(pulse->asking.next, struct pulse_wait, node);
        list_remove(&wait->node);
        wait->answered(wait);
    }
    if (!list_empty(&pulse->late))
        begin_round(pulse);
}

void pulse_ask(struct pulse *pulse, struct pulse_wait *wait)
{
    list_init(&wait->node);
    list_append(&pulse->late, &wait->node);
    if (pulse->away == 0)
        begin_round(pulse);
}

void pulse_forget(struct pulse_wait *wait)
{
    list_remove(&wait->node);
}

struct pulse *pulse_new(struct mailbox *home, size_t workers)
{
    struct pulse *pulse = calloc(1, sizeof *pulse + workers * sizeof(struct beat));
    if (!pulse)
        return NULL;
    pulse->home = home;
    list_init(&pulse->asking);
    list_init(&pulse->late);
    return pulse;
}

void pulse_add(struct pulse *pulse, struct worker *worker)
{
    pulse->beats[pulse->count++] = (struct beat){.pulse = pulse, .worker = worker};
}

void pulse_stop(struct pulse *pulse)
{
    if (pulse)
        pulse->count = 0;
}

void pulse_free(struct pulse *pulse)
{
    free(pulse);
}
