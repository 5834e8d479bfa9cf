/* Dials in a view_rig, with their ends written down; connections are given back at once. */
#ifndef UNIT_DIAL_RIG_H
#define UNIT_DIAL_RIG_H

#include "base/clock.h"
#include "proxy/dial.h"
#include "view_rig.h"

struct dialled {
    struct view_rig *rig;
    int calls;
    enum dial_outcome outcome;
    unsigned attempts;
    struct address address; /* connected: to whom */
    usec_t began, took;
};

/* Starts a dial. What it writes to must stay. */
struct dial *dial_begin(struct view_rig *rig, struct dialled *dialled);

/* Turns the loop until the dial has ended, 10 seconds at most, or a number of them have. */
void dial_await(struct view_rig *rig, struct dialled *dialled);
void dial_await_all(struct view_rig *rig, struct dialled *dialled, size_t count);

/* Both in one; returns how long it took, and checks that nothing is told twice. */
usec_t dial_once(struct view_rig *rig, struct dialled *dialled);

/* The endpoint at this address now. */
struct endpoint *dial_endpoint(struct view_rig *rig, const struct address *address);

/* Something is found about it, by a connect that begins now, and who dials is told. */
void dial_note(struct view_rig *rig, const struct address *address, enum eject_event event);

#endif
