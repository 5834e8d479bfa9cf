#include "discovery/source.h"

struct scope *source_scope(const struct source *source)
{
    return list_entry(source->subscription.interest, struct scope, interest);
}

/* When the question must be asked again to confirm what the last answer claimed. */
static usec_t ask_by(const struct source *source, usec_t now)
{
    if (membership_unconfirmed(&source->membership))
        return now + source->subscription.interest->min_ttl;
    return membership_held_until(&source->membership, &source_scope(source)->rules);
}

static void on_answered(struct subscription *subscription, const struct reply *reply, usec_t now)
{
    struct source *source = list_entry(subscription, struct source, subscription);
    struct scope *scope = source_scope(source);
    const struct answer *answer = reply->answer;
    enum membership_event event = membership_take(&source->membership, &scope->rules, answer, now);
    /* Who does not know cannot confirm: then the back-off goes before what is unsettled. */
    bool knows = membership_table[event].verdict != MEMBERSHIP_KEEP;
    subscription->ask_by = knows ? ask_by(source, now) : 0;
    if (source->answered)
        source->answered(source, reply, now);
    bool good = answer->outcome == ANSWER_RECORDS;
    const struct interest *interest = &scope->interest;
    scope->changed(scope, good ? lookup_ttl(answer->ttl, interest->min_ttl, interest->max_ttl) : 0);
}

int source_start(struct source *source, struct scope *scope, const char *name, enum dns_type type,
                 bool search)
{
    struct question question = {
        .servers = scope->servers, .name = name, .type = type, .search = search};
    scope->interest.answered = on_answered;
    source->subscription.interest = &scope->interest;
    int result = lookups_subscribe(scope->lookups, &question, &source->subscription);
    if (result < 0)
        return result;
    struct answer known;
    if (!lookup_answer(source->subscription.lookup, &known))
        return 0;
    membership_take(&source->membership, &scope->rules, &known, clock_now());
    answer_clear(&known);
    return 0;
}

void source_stop(struct source *source)
{
    lookups_unsubscribe(&source->subscription);
    membership_clear(&source->membership);
}

bool source_started(const struct source *source)
{
    return source->subscription.lookup != NULL;
}

bool source_connect_failed(struct source *source, const struct record *record, usec_t now)
{
    if (!source_started(source) || !membership_find(&source->membership, record))
        return false;
    membership_connect_failed(&source->membership, record, now);
    lookup_hurry(source->subscription.lookup);
    return true;
}

void source_hurry(struct source *source)
{
    if (source_started(source))
        lookup_hurry(source->subscription.lookup);
}
