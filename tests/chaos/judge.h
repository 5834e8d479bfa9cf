/* What must hold of a connection that is over on both sides. */
#ifndef CHAOS_JUDGE_H
#define CHAOS_JUDGE_H

#include "caller.h"
#include "ledger.h"

enum verdict {
    VERDICT_WHOLE,  /* everything went both ways, and both ends */
    VERDICT_LEFT,   /* the client left; whatever came was right */
    VERDICT_BROKEN, /* its backend broke it; whatever came was right */
    VERDICT_UNMET,  /* broken before a backend had read its head: some backend must own up to it */
    VERDICT_FAULT   /* none of this may be */
};

/* Judges what the client and the backend saw of one connection; *why is set for VERDICT_FAULT. */
enum verdict judge(const struct caller *caller, const struct slot *slot, const char **why);

#endif
