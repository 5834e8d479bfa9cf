#include "proxy/retire.h"

#include "base/random.h"
#include "config/model.h"

#define PAUSE_MOST (5 * USEC_PER_SEC)
#define PAUSE_LEAST (100 * USEC_PER_MSEC)
#define PAUSE_SHARE 8 /* of the time that is left */

#define GAP_MOST (100 * USEC_PER_MSEC)

/* What a session gets beyond max-age to come to an idle moment. */
#define GRACE_SHARE 10
#define GRACE_LEAST (5 * USEC_PER_SEC)

/* Uniform in 0 … below-1, in whole milliseconds. */
static usec_t random_span(usec_t below)
{
    return random_below((uint32_t)(below / USEC_PER_MSEC)) * USEC_PER_MSEC;
}

void retire_init(struct retirement *retirement, const struct upstream_options *options, usec_t now)
{
    usec_t age = options->max_age;
    *retirement = (struct retirement){.slot = 0};
    if (age > 0)
        retirement->age = now + age - age / 10 + random_span(age / 5);
}

void retire_drain(struct retirement *retirement, const struct upstream_options *options, usec_t now,
                  size_t place, size_t count)
{
    usec_t share = options->removed_drain / 10 * 9 / (usec_t)count;
    retirement->slot = now + (usec_t)place * share + random_span(share);
    retirement->end = now + options->removed_drain;
}

void retire_cancel_drain(struct retirement *retirement)
{
    retirement->slot = retirement->end = 0;
}

void retire_postpone(struct retirement *retirement, usec_t now)
{
    if (retirement->age > 0 && retirement->age < now)
        retirement->age = now;
}

static usec_t sooner(usec_t one, usec_t other)
{
    return one == 0 || (other != 0 && other < one) ? other : one;
}

usec_t retire_due(const struct retirement *retirement)
{
    return sooner(retirement->slot, retirement->age);
}

enum retire_call retire_call(const struct retirement *retirement,
                             const struct upstream_options *options, usec_t now, usec_t *ret_left)
{
    usec_t grace = options->max_age / GRACE_SHARE;
    usec_t aged = retirement->age + (grace > GRACE_LEAST ? grace : GRACE_LEAST);
    usec_t due = retire_due(retirement);
    usec_t end = sooner(retirement->end, retirement->age > 0 ? aged : 0);
    *ret_left = end - now;
    if (due == 0 || now < due)
        return RETIRE_NOT_YET;
    return now < end ? RETIRE_WHEN_IDLE : RETIRE_NOW;
}

usec_t retire_pause(usec_t left)
{
    usec_t pause = left / PAUSE_SHARE;
    return pause > PAUSE_MOST ? PAUSE_MOST : pause < PAUSE_LEAST ? PAUSE_LEAST : pause;
}

usec_t retire_gap(size_t waiting, usec_t left)
{
    usec_t gap = left / (2 * (usec_t)waiting);
    return gap > GAP_MOST ? GAP_MOST : gap;
}
