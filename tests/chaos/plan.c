#include "plan.h"

#include "moment.h"

#include <string.h>

enum {
    KB = 1024,
    MB = 1024 * KB,
    RATE = 120, /* clients a second */
    LEAVE_NEVER = 1 << 30
};

/* Mostly a little, sometimes a stream that redial will splice. */
static uint64_t draw_size(struct dice *dice)
{
    uint32_t kind = dice_below(dice, 100);
    if (kind < 5) {
        return 0;
    }
    if (kind < 60) {
        return 1 + dice_below(dice, 2 * KB);
    }
    if (kind < 94) {
        return dice_below(dice, 200 * KB);
    }
    return volume_scaled(dice_below(dice, 4 * MB), 300 * KB);
}

static void draw_answer(struct dice *dice, struct plan *plan)
{
    plan->head.answer = dice_below(dice, 3);
    if (plan->head.answer != ANSWER_AFTER_END) {
        plan->head.ends_first = dice_below(dice, 3) == 0;
        plan->ends_last = plan->head.ends_first != 0 && dice_below(dice, 2) == 0;
    }
}

/* How fast it is: most go as fast as they can. */
static void draw_pace(struct dice *dice, struct plan *plan)
{
    uint64_t all = plan->head.up + plan->head.down;
    plan->burst = plan->gulp = 512 * KB;
    switch (dice_below(dice, 8)) {
    case 0: /* trickles; a stream would take for ever */
        plan->paced = true;
        plan->burst = 1 + dice_below(dice, 100) + (uint32_t)(plan->head.up / 200);
        plan->gulp = 64 * KB;
        break;
    case 1: /* reads slowly */
        plan->paced = true;
        plan->burst = 64 * KB;
        plan->gulp = 100 + dice_below(dice, 4000) + (uint32_t)(plan->head.down / 200);
        break;
    case 2: /* small writes, as fast as they go */
        plan->burst = 1 + dice_below(dice, 3000) + (uint32_t)(plan->head.up / 1000);
        break;
    case 3:
        plan->stall_at = all > 0 ? dice_below(dice, (uint32_t)all) : 0;
        plan->stall_ms = 50 + (int)dice_below(dice, 3000);
        break;
    default:
        break;
    }
}

/* One of six goes before all is said. */
static void draw_leave(struct dice *dice, struct plan *plan)
{
    uint64_t all = plan->head.up + plan->head.down;
    plan->leave_ms = LEAVE_NEVER;
    plan->leave_at = UINT64_MAX;
    switch (dice_below(dice, 24)) {
    case 0:
    case 1:
        plan->leave = LEAVE_RESET;
        plan->leave_at = dice_below(dice, (uint32_t)all + 1);
        break;
    case 2:
        plan->leave = LEAVE_CLOSE;
        plan->leave_at = dice_below(dice, (uint32_t)all + 1);
        break;
    case 3: /* never reads; where there is much, redial is left with some of it */
        plan->head.down += dice_below(dice, 2) * (uint64_t)(16 * MB);
        plan->leave = LEAVE_RESET;
        plan->leave_ms = 100 + (int)dice_below(dice, 4000);
        plan->gulp = 0;
        break;
    default:
        break;
    }
}

static void start_client(struct stage *stage, unsigned upstream)
{
    struct dice *dice = &stage->plans;
    struct plan plan = {.upstream = upstream};
    if (stage->caller_count == LEDGER_SLOTS) {
        return;
    }
    plan.head.storm = stage->storm;
    plan.head.id = (uint32_t)stage->caller_count;
    plan.head.up = draw_size(dice);
    plan.head.down = draw_size(dice);
    plan.narrow = dice_below(dice, 3) == 0;
    draw_answer(dice, &plan);
    draw_pace(dice, &plan);
    draw_leave(dice, &plan);
    head_seal(&plan.head);
    caller_start(&stage->callers[stage->caller_count++], &plan, stage->upstreams[upstream].front);
    stage->live++;
}

void plan_clients(struct stage *stage)
{
    int64_t now = moment_us();
    int64_t gap = (int64_t)(1000000 * test_scale() / RATE);
    if (now - stage->next_client_us > 100 * gap) {
        stage->next_client_us = now; /* the machine was busy: no flood */
    }
    for (; stage->next_client_us <= now; stage->next_client_us += gap) {
        if (stage->live < STAGE_LIVE) {
            start_client(stage, dice_below(&stage->plans, STAGE_UPSTREAMS));
        }
    }
}

void plan_crowd(struct stage *stage, unsigned upstream, unsigned count)
{
    while (count-- > 0) {
        start_client(stage, upstream);
    }
}
