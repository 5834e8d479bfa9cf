#include "ctl/rates.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/field.h"

/* The counters of one look. */
struct counters {
    double opened, errors, failed, active, p99;
};

void series_add(struct series *series, double value)
{
    series->values[series->count++ % SERIES_MOST] = value;
}

double series_at(const struct series *series, size_t age)
{
    if (age >= series->count || age >= SERIES_MOST)
        return NAN;
    return series->values[(series->count - 1 - age) % SERIES_MOST];
}

/* A client that ends or resets its connection is no fault, nor is what redial was told to end. */
static double count_errors(const json_t *upstream)
{
    static const char *const faults[] = {"endpoint-reset", "connect-failed", "deadline",
                                         "no-address", "local-fault"};
    double sum = 0;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        double count = json_number_value(json_object_get(field(upstream, "ended"), faults[i]));
        sum += count;
    }
    return sum;
}

static struct counters read_counters(const json_t *upstream)
{
    return (struct counters){
        .opened = field_number(upstream, "connections.opened"),
        .errors = count_errors(upstream),
        .failed = field_number(upstream, "connects.failed"),
        .active = field_number(upstream, "connections.open"),
        .p99 = field_number(upstream, "connect_time.p99"),
    };
}

static void sum_up(struct counters *all, const struct counters *one)
{
    all->opened += one->opened;
    all->errors += one->errors;
    all->failed += one->failed;
    all->active += one->active;
    all->p99 = fmax(all->p99, one->p99); /* fmax(3) passes over NAN */
}

static void add_difference(struct series *series, double *before, double now, double span)
{
    double rate = (now - *before) / span;
    series_add(series, rate >= 0 ? rate : NAN);
    *before = now;
}

/* `span` is NAN when what was before does not count. */
static void take(struct rate *rate, const struct counters *now, double span)
{
    add_difference(&rate->opened, &rate->opened_before, now->opened, span);
    add_difference(&rate->errors, &rate->errors_before, now->errors, span);
    add_difference(&rate->failed, &rate->failed_before, now->failed, span);
    series_add(&rate->active, now->active);
    series_add(&rate->p99, now->p99);
}

const struct rate *rates_find(const struct rates *rates, const char *name)
{
    for (size_t i = 0; name && i < rates->count; i++)
        if (strcmp(rates->upstreams[i].name, name) == 0)
            return &rates->upstreams[i];
    return NULL;
}

/* The place of an upstream, which may be new (*ret_new): then nothing was before. */
static struct rate *place_of(struct rates *rates, const char *name, bool *ret_new)
{
    const struct rate *known = rates_find(rates, name);
    *ret_new = !known;
    if (known)
        return &rates->upstreams[known - rates->upstreams];
    struct rate *grown = reallocarray(rates->upstreams, rates->count + 1, sizeof *grown);
    char *copy = strdup(name);
    if (!grown || !copy)
        abort();
    rates->upstreams = grown;
    grown[rates->count] = (struct rate){.name = copy};
    return &grown[rates->count++];
}

static void forget(struct rates *rates, size_t i)
{
    free(rates->upstreams[i].name);
    rates->upstreams[i] = rates->upstreams[--rates->count];
}

/* Those that redial has no more. */
static void forget_gone(struct rates *rates, const json_t *upstreams)
{
    for (size_t i = rates->count; i-- > 0;) {
        const json_t *upstream;
        size_t k;
        bool found = false;
        field_each(upstreams, k, upstream)
            found = found || field_is(upstream, "name", rates->upstreams[i].name);
        if (!found)
            forget(rates, i);
    }
}

void rates_take(struct rates *rates, const json_t *status)
{
    const json_t *upstreams = field(status, "upstreams"), *upstream;
    struct counters all = {.p99 = NAN};
    double uptime = field_number(status, "uptime"), pid = field_number(status, "pid");
    bool first = rates->all.active.count == 0 || fabs(pid - rates->pid) > 0;
    double span = first || !(uptime > rates->uptime) ? NAN : uptime - rates->uptime;
    size_t i;
    field_each(upstreams, i, upstream) {
        struct counters one = read_counters(upstream);
        const char *name = field_text(upstream, "name");
        bool added;
        if (!name)
            continue;
        sum_up(&all, &one);
        struct rate *rate = place_of(rates, name, &added);
        take(rate, &one, added ? NAN : span);
    }
    take(&rates->all, &all, span);
    rates->uptime = uptime;
    rates->pid = pid;
    forget_gone(rates, upstreams);
}

void rates_clear(struct rates *rates)
{
    while (rates->count > 0)
        forget(rates, rates->count - 1);
    free(rates->upstreams);
    *rates = (struct rates){0};
}
