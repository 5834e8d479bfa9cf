#include "judge.h"

/* What came to the backend, whoever broke the connection later. */
static const char *judge_up(const struct caller *caller, const struct slot *slot)
{
    bool ended = caller->ended_sending ||
                 (caller->ending == ENDING_LEFT && caller->plan.leave == LEAVE_CLOSE);
    if (slot_has(slot, MARK_BAD)) {
        return "the backend received a wrong byte";
    }
    if (slot_has(slot, MARK_TWICE)) {
        return "two backends received the same connection";
    }
    if (slot->received > caller->sent) {
        return "the backend received more than was sent";
    }
    if (slot_has(slot, MARK_GOT_END) && (!ended || slot->received < caller->sent)) {
        return "the backend received an end that looks complete and is not";
    }
    return NULL;
}

static const char *judge_down(const struct caller *caller, const struct slot *slot)
{
    bool complete = slot_has(slot, MARK_SENT_END) && caller->received == slot->sent;
    if (caller->bad) {
        return "the client received a wrong byte";
    }
    if (caller->received > slot->sent) {
        return "the client received more than was sent";
    }
    /* the kernel of a killed process sends an end for it, and nobody can know better */
    if (caller->got_end && !complete && !slot_has(slot, MARK_KILLED)) {
        return "the client received an end that looks complete and is not";
    }
    return NULL;
}

static enum verdict judge_unmet(const struct caller *caller, const char **why)
{
    if (caller->ending == ENDING_LEFT) {
        return VERDICT_LEFT;
    }
    if (caller->received > 0 || caller->bad) {
        *why = "the client received bytes that no backend sent";
        return VERDICT_FAULT;
    }
    return VERDICT_UNMET;
}

static const char *judge_ending(const struct caller *caller, const struct slot *slot)
{
    switch (caller->ending) {
    case ENDING_NONE:
        return "the connection did not come to its end";
    case ENDING_REFUSED:
        return "the client could not connect";
    case ENDING_ERROR:
        return "the client met an unexpected error";
    default:
        return slot->state == SLOT_OPEN ? "the client's end did not reach the backend" : NULL;
    }
}

enum verdict judge(const struct caller *caller, const struct slot *slot, const char **why)
{
    bool broken = slot_has(slot, MARK_KILLED | MARK_DID_RESET);
    *why = judge_ending(caller, slot);
    if (*why == NULL && slot->state == SLOT_NONE) {
        return judge_unmet(caller, why);
    }
    *why = *why != NULL ? *why : judge_up(caller, slot);
    *why = *why != NULL ? *why : judge_down(caller, slot);
    if (*why != NULL) {
        return VERDICT_FAULT;
    }
    if (caller->ending == ENDING_LEFT) {
        return VERDICT_LEFT;
    }
    if (broken) {
        return VERDICT_BROKEN;
    }
    if (caller->ending == ENDING_RESET) {
        *why = "the client was reset, and neither side did that";
    } else if (slot_has(slot, MARK_GOT_RESET)) {
        *why = "the backend was reset, and neither side did that";
    } else if (!slot_has(slot, MARK_GOT_END)) {
        *why = "the client ended in order, and the backend did not hear of it";
    } else {
        return VERDICT_WHOLE;
    }
    return VERDICT_FAULT;
}
