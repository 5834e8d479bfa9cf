#include "proxy/race.h"

#include "proxy/doubt.h"

void race_init(struct race *race, struct loop *loop, race_callback *callback, void *arg)
{
    *race = (struct race){.loop = loop, .callback = callback, .arg = arg};
    for (int i = 0; i < RACE_LANES; i++)
        race->lanes[i].race = race;
}

static void on_connect(void *arg, enum connect_outcome outcome, int error, struct stream *stream)
{
    struct lane *lane = arg;
    struct race *race = lane->race;
    struct race_result result = {lane->endpoint, lane->started, outcome, error, stream};
    lane->endpoint = NULL;
    if (outcome == CONNECT_ACCEPTED || outcome == CONNECT_REFUSED)
        doubt_answered(result.endpoint);
    race->callback(race->arg, &result);
}

int race_start(struct race *race, struct endpoint *endpoint, const struct upstream_options *options)
{
    struct lane *lane = &race->lanes[0];
    while (lane->endpoint)
        lane++;
    int result = connect_start(race->loop, &endpoint->address, options, options->connect_timeout,
                               on_connect, lane, &lane->attempt);
    if (result < 0)
        return result;
    lane->endpoint = endpoint;
    lane->started = clock_now();
    doubt_await(endpoint, lane->started);
    return 0;
}

unsigned race_count(const struct race *race)
{
    unsigned count = 0;
    for (int i = 0; i < RACE_LANES; i++)
        count += race->lanes[i].endpoint != NULL;
    return count;
}

struct lane *race_newest(struct race *race)
{
    struct lane *newest = NULL;
    for (struct lane *lane = race->lanes; lane < race->lanes + RACE_LANES; lane++)
        if (lane->endpoint && (!newest || lane->started >= newest->started))
            newest = lane;
    return newest;
}

bool race_has(const struct race *race, const struct endpoint *endpoint)
{
    for (int i = 0; i < RACE_LANES; i++)
        if (race->lanes[i].endpoint == endpoint)
            return true;
    return false;
}

struct endpoint *race_drop(struct lane *lane)
{
    struct endpoint *endpoint = lane->endpoint;
    connect_cancel(lane->attempt);
    lane->endpoint = NULL;
    return endpoint;
}

struct endpoint *race_withdraw(struct lane *lane)
{
    doubt_withdraw(lane->endpoint, lane->started);
    return race_drop(lane);
}
