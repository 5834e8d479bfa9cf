#include "proxy/tally.h"

#define MSEC USEC_PER_MSEC
#define SEC USEC_PER_SEC

const struct scale tally_connect_scale = {
    TALLY_CONNECT_BOUNDS,
    {500, 1 * MSEC, 2 * MSEC, 5 * MSEC, 10 * MSEC, 25 * MSEC, 50 * MSEC, 100 * MSEC, 250 * MSEC,
     500 * MSEC, 1 * SEC, 2 * SEC, 5 * SEC, 10 * SEC},
};

const struct scale tally_attempts_scale = {TALLY_ATTEMPTS_BOUNDS, {1, 2, 3, 4, 5, 8, 16, 32}};

const struct scale tally_duration_scale = {
    TALLY_DURATION_BOUNDS,
    {10 * MSEC, 50 * MSEC, 250 * MSEC, 1 * SEC, 5 * SEC, 30 * SEC, 120 * SEC, 600 * SEC, 3600 * SEC,
     6 * 3600 * SEC, 24 * 3600 * SEC},
};

void tally_sum_init(struct tally_sum *sum)
{
    *sum = (struct tally_sum){.connect_time.scale = &tally_connect_scale,
                              .attempts.scale = &tally_attempts_scale,
                              .duration.scale = &tally_duration_scale};
}

static void add_histogram(struct histogram *histogram, const counter *sum, const counter *counts)
{
    histogram->sum += counter_get(sum);
    for (size_t i = 0; i <= histogram->scale->count; i++) {
        uint64_t count = counter_get(&counts[i]);
        histogram->counts[i] += count;
        histogram->count += count;
    }
}

/* Effects before their causes: see base/counter.h. */
void tally_add_to(const struct tally *tally, struct tally_sum *sum)
{
    uint64_t ended = 0;
    uint64_t dialled = sum->attempts.count;
    for (int end = 0; end < SESSION_ENDS; end++) {
        uint64_t count = counter_get(&tally->ended[end]);
        sum->ended[end] += count;
        ended += count;
    }
    add_histogram(&sum->duration, &tally->duration_sum, tally->duration_counts);
    add_histogram(&sum->attempts, &tally->attempts_sum, tally->attempts_counts);
    dialled = sum->attempts.count - dialled;
    sum->accepted += counter_get(&tally->accepted);
    sum->failed += counter_get(&tally->failed);
    sum->given_up += counter_get(&tally->given_up);
    sum->hedged += counter_get(&tally->hedged);
    add_histogram(&sum->connect_time, &tally->connect_sum, tally->connect_counts);
    sum->started += counter_get(&tally->started);
    uint64_t opened = counter_get(&tally->opened);
    sum->opened += opened;
    sum->open += opened - ended;
    sum->dialling += opened - dialled;
    sum->bytes_up += counter_get(&tally->bytes_up);
    sum->bytes_down += counter_get(&tally->bytes_down);
}
