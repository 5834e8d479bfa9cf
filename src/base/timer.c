#include "base/timer.h"

#include <stddef.h>

/* Joins two heaps; either may be empty. */
static struct timer *merge(struct timer *a, struct timer *b)
{
    if (!a || !b)
        return a ? a : b;
    if (b->due < a->due) {
        struct timer *later = a;
        a = b;
        b = later;
    }
    b->next = a->child;
    b->before = a;
    if (b->next)
        b->next->before = b;
    a->child = b;
    return a;
}

/* Joins siblings into one heap: in pairs from the left, and these from the right. */
static struct timer *merge_siblings(struct timer *at)
{
    struct timer *pairs = NULL, *whole = NULL;
    while (at) {
        struct timer *one = at, *other = at->next;
        at = other ? other->next : NULL;
        one->next = NULL;
        if (other)
            other->next = NULL;
        one = merge(one, other);
        one->next = pairs;
        pairs = one;
    }
    while (pairs) {
        struct timer *next = pairs->next;
        pairs->next = NULL;
        whole = merge(whole, pairs);
        pairs = next;
    }
    return whole;
}

static void cut(struct timers *timers, struct timer *timer)
{
    if (timers->first == timer) {
        timers->first = NULL;
        return;
    }
    if (timer->before->child == timer)
        timer->before->child = timer->next;
    else
        timer->before->next = timer->next;
    if (timer->next)
        timer->next->before = timer->before;
}

void timer_stop(struct timers *timers, struct timer *timer)
{
    if (!timer->started)
        return;
    cut(timers, timer);
    timers->first = merge(timers->first, merge_siblings(timer->child));
    timer->child = timer->next = timer->before = NULL;
    timer->started = false;
}

void timer_start(struct timers *timers, struct timer *timer, usec_t due)
{
    timer_stop(timers, timer);
    timer->due = due > timers->running ? due : timers->running + 1;
    timer->started = true;
    timers->first = merge(timers->first, timer);
}

void timers_run(struct timers *timers, usec_t now)
{
    timers->running = now;
    while (timers->first && timers->first->due <= now) {
        struct timer *timer = timers->first;
        timer_stop(timers, timer);
        timer->expired(timer);
    }
    timers->running = 0;
}
