#include "base/log_limit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Runs that are remembered at a time. Where a set is full, the run with the fewest lines is
 * forgotten, so that no line is suppressed that has not come too often. */
#define SETS 128
#define WAYS 8

/* Lines alike in a time. */
struct run {
    uint64_t key; /* 0: none */
    usec_t since;
    uint32_t lines; /* that were written */
    struct log_storm storm;
};

static struct {
    pthread_mutex_t lock;
    bool on;
    struct run runs[SETS * WAYS];
    size_t storms; /* runs of which something is to be told */
    uint64_t suppressed;
} limiter = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* FNV-1a, with the NUL that parts the texts; two that meet in 64 bits are no concern of a log's. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    do
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    while (*text++);
    return hash;
}

static uint64_t key_of(const char *message, const char *upstream)
{
    uint64_t hash = hash_text(UINT64_C(0xcbf29ce484222325), message);
    hash = hash_text(hash, upstream ? upstream : "");
    return hash != 0 ? hash : 1;
}

static bool is_over(const struct run *run, usec_t now)
{
    return run->key == 0 || now - run->since >= LOG_LIMIT_TIME;
}

/* Empties the run; what is to be told of it goes to the taker. */
static void end_run(struct run *run, struct log_storm *ret_storm)
{
    *ret_storm = run->storm;
    limiter.storms -= run->storm.suppressed > 0;
    *run = (struct run){.key = 0};
}

/* The place of the run, or one that it may have: NULL where each is a storm still. */
static struct run *find_run(uint64_t key, usec_t now)
{
    struct run *set = &limiter.runs[key % SETS * WAYS], *place = NULL;
    for (struct run *run = set; run < set + WAYS; run++) {
        if (run->key == key)
            return run;
        bool over = is_over(run, now), place_over = place && is_over(place, now);
        bool fewer = !place || run->lines < place->lines;
        if (!place_over && (over || (run->storm.suppressed == 0 && fewer)))
            place = run;
    }
    return place;
}

static void suppress(struct run *run, const char *message, const char *upstream)
{
    if (run->storm.suppressed++ == 0) {
        run->storm.message = strdup(message);
        run->storm.upstream = upstream ? strdup(upstream) : NULL;
        limiter.storms++;
    }
    limiter.suppressed++;
}

static bool admits(const char *message, const char *upstream, struct log_storm *ret_over)
{
    uint64_t key = key_of(message, upstream);
    usec_t now = clock_now();
    struct run *run = find_run(key, now);
    if (!run)
        return true;
    if (run->key != key || is_over(run, now)) {
        end_run(run, ret_over);
        run->key = key;
        run->since = now;
    }
    if (run->lines == LOG_LIMIT_LINES) {
        suppress(run, message, upstream);
        return false;
    }
    run->lines++;
    return true;
}

bool log_limit_admits(const char *message, const char *upstream, struct log_storm *ret_over)
{
    *ret_over = (struct log_storm){.suppressed = 0};
    pthread_mutex_lock(&limiter.lock);
    bool admitted = !limiter.on || admits(message, upstream, ret_over);
    pthread_mutex_unlock(&limiter.lock);
    return admitted;
}

void log_limit_set(bool on)
{
    pthread_mutex_lock(&limiter.lock);
    limiter.on = on;
    pthread_mutex_unlock(&limiter.lock);
}

/* The next run of which something is to be told, from `run` on; NULL: there is none. */
static struct run *next_storm(struct run *run)
{
    for (; run < limiter.runs + SETS * WAYS; run++)
        if (run->storm.suppressed > 0)
            return run;
    return NULL;
}

static struct run *first_storm(void)
{
    return limiter.storms > 0 ? next_storm(limiter.runs) : NULL;
}

bool log_limit_take(bool all, struct log_storm *ret_storm)
{
    pthread_mutex_lock(&limiter.lock);
    struct run *run = first_storm();
    while (run && !all && !is_over(run, clock_now()))
        run = next_storm(run + 1);
    if (run)
        end_run(run, ret_storm);
    pthread_mutex_unlock(&limiter.lock);
    return run != NULL;
}

/* What begins from now on is not over before a whole time has passed. */
usec_t log_limit_wait(void)
{
    usec_t now = clock_now(), wait = LOG_LIMIT_TIME;
    pthread_mutex_lock(&limiter.lock);
    for (struct run *run = first_storm(); run; run = next_storm(run + 1)) {
        usec_t left = run->since + LOG_LIMIT_TIME - now;
        left = left > 0 ? left : 0;
        wait = left < wait ? left : wait;
    }
    pthread_mutex_unlock(&limiter.lock);
    return wait;
}

uint64_t log_limit_suppressed(void)
{
    pthread_mutex_lock(&limiter.lock);
    uint64_t suppressed = limiter.suppressed;
    pthread_mutex_unlock(&limiter.lock);
    return suppressed;
}
