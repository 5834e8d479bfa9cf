#include "dial_rig.h"

#include <check.h>

#include "loop_rig.h"
#include "proxy/balance.h"
#include "proxy/stream.h"

static void on_dial(void *arg, const struct dial_result *told)
{
    struct dialled *dialled = arg;
    bool connected = told->outcome == DIAL_CONNECTED;
    ck_assert_int_eq(connected, told->stream != NULL);
    ck_assert_int_eq(connected, told->endpoint != NULL);
    dialled->calls++;
    dialled->outcome = told->outcome;
    dialled->attempts = told->attempts;
    dialled->took = clock_now() - dialled->began;
    if (!connected)
        return;
    dialled->address = told->endpoint->address;
    ck_assert_uint_ge(atomic_load(&told->endpoint->active), 1);
    stream_close(told->stream);
    balance_release(&dialled->rig->upstream->balancer, told->endpoint);
}

struct dial *dial_begin(struct view_rig *rig, struct dialled *dialled)
{
    struct dial *dial = NULL;
    *dialled = (struct dialled){.rig = rig, .began = clock_now()};
    ck_assert(view_count(rig->view));
    ck_assert_int_eq(dial_start(rig->view, on_dial, dialled, &dial), 0);
    ck_assert_int_eq(dialled->calls, 0); /* never before it returns */
    return dial;
}

struct many {
    struct dialled *dialled;
    size_t count;
};

static bool all_ended(void *arg)
{
    const struct many *many = arg;
    for (size_t i = 0; i < many->count; i++)
        if (many->dialled[i].calls == 0)
            return false;
    return true;
}

void dial_await_all(struct view_rig *rig, struct dialled *dialled, size_t count)
{
    struct many many = {dialled, count};
    ck_assert(loop_until(&rig->loop, all_ended, &many, 10000));
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(dialled[i].calls, 1);
}

void dial_await(struct view_rig *rig, struct dialled *dialled)
{
    dial_await_all(rig, dialled, 1);
}

usec_t dial_once(struct view_rig *rig, struct dialled *dialled)
{
    dial_begin(rig, dialled);
    dial_await(rig, dialled);
    loop_for(&rig->loop, 20);
    ck_assert_int_eq(dialled->calls, 1);
    return dialled->took;
}

struct endpoint *dial_endpoint(struct view_rig *rig, const struct address *address)
{
    return endpoint_set_find(rig->view->set, address);
}

void dial_note(struct view_rig *rig, const struct address *address, enum eject_event event)
{
    view_note(rig->view, dial_endpoint(rig, address), event, clock_now());
    view_tell(rig->view);
}
