#include "discovery/budget.h"

/* A tenth of the rate may go at once and nine tenths flow: together the rate, in any one second. */
static double burst(const struct budget *budget)
{
    return (double)budget->rate / 10.0;
}

static double flow(const struct budget *budget)
{
    return (double)budget->rate * 0.9;
}

void budget_init(struct budget *budget, unsigned rate, usec_t now)
{
    *budget = (struct budget){.rate = rate, .refilled = now, .window = now};
    budget->tokens = burst(budget);
}

static void refill(struct budget *budget, usec_t now)
{
    double passed = (double)(now - budget->refilled) / (double)USEC_PER_SEC;
    budget->tokens += passed * flow(budget);
    if (budget->tokens > burst(budget))
        budget->tokens = burst(budget);
    budget->refilled = now;
}

static void turn_window(struct budget *budget, usec_t now)
{
    if (now - budget->window < USEC_PER_SEC)
        return;
    if (budget->used * 2 < budget->rate || now - budget->window >= 2 * USEC_PER_SEC)
        budget->half_told = false;
    budget->window = now;
    budget->used = 0;
}

usec_t budget_take(struct budget *budget, unsigned packets, usec_t now)
{
    refill(budget, now);
    turn_window(budget, now);
    double needed = packets < burst(budget) ? packets : burst(budget);
    if (budget->tokens >= needed) {
        budget->tokens -= packets;
        budget->used += packets;
        return 0;
    }
    return (usec_t)((needed - budget->tokens) / flow(budget) * (double)USEC_PER_SEC) + 1;
}

bool budget_reached_half(struct budget *budget, usec_t now)
{
    turn_window(budget, now);
    if (budget->half_told || budget->used * 2 < budget->rate)
        return false;
    budget->half_told = true;
    return true;
}
