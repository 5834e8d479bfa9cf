#include "stage.h"

#include "client.h"
#include "die.h"
#include "moment.h"
#include "mutant.h"
#include "plan.h"
#include "port.h"
#include "wait.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { TURN_MS = 5, LOG_LINES_SHOWN = 40 };

/* What the model counts on: `hold` is longer than any lie, `deadline` than any blackout. */
static const char global[] = "[redial]\n"
                             "[dns]\nmin-ttl = 200ms\nhold = 60s\n"
                             "[connect]\ntimeout = 1s\ndeadline = 25s\n"
                             "[eject]\nbase = 200ms\nmax = 2s\n";

struct dice dice_new(uint64_t seed)
{
    return (struct dice){.state = seed * 0x9e3779b97f4a7c15ULL + 0x1234567};
}

uint32_t dice_below(struct dice *dice, uint32_t limit)
{
    dice->state ^= dice->state << 13;
    dice->state ^= dice->state >> 7;
    dice->state ^= dice->state << 17;
    return (uint32_t)((dice->state * 0x2545f4914f6cdd1dULL) >> 33) % limit;
}

void stage_say(const struct stage *stage, const char *format, ...)
{
    va_list arguments;
    printf("%7.2f ", (double)(moment_ms() - stage->began_ms) / 1000);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    fflush(stdout);
}

void stage_fail(struct stage *stage, const char *format, ...)
{
    static char text[1024];
    va_list arguments;
    va_start(arguments, format);
    if (stage->fault == NULL) {
        vsnprintf(text, sizeof(text), format, arguments);
        stage->fault = text;
        stage_say(stage, "FAULT: %s", text);
    }
    va_end(arguments);
}

uint32_t upstream_well_ones(const struct upstream *upstream)
{
    uint32_t well = 0;
    for (size_t i = 0; i < upstream->count; i++) {
        well |= backend_is_well(&upstream->backends[i]) ? 1U << i : 0;
    }
    return well & upstream->dns->named;
}

/* --- the loop ------------------------------------------------------------------------------- */

static void blackouts_end(struct stage *stage, int64_t now)
{
    for (size_t u = 0; u < STAGE_UPSTREAMS; u++) {
        struct upstream *upstream = &stage->upstreams[u];
        if (upstream->blackout_ends_ms == 0 || upstream->blackout_ends_ms > now) {
            continue;
        }
        upstream->blackout_ends_ms = 0;
        for (size_t i = 0; i < upstream->count; i++) {
            backend_heal(&upstream->backends[i]);
        }
        stage_say(stage, "  %s: the blackout is over", upstream->name);
    }
}

/* Callers that live, and what they wait for. */
static size_t fill_polls(struct stage *stage, struct pollfd *polls, int64_t now)
{
    size_t count = 0;
    polls[count++] = (struct pollfd){.fd = stage->liar.fd, .events = POLLIN};
    for (size_t i = 0; i < stage->caller_count; i++) {
        if (stage->callers[i].ending == ENDING_NONE &&
            caller_poll(&stage->callers[i], now, &polls[count])) {
            count++;
        }
    }
    return count;
}

static void step_callers(struct stage *stage, int64_t now)
{
    stage->live = 0;
    for (size_t i = 0; i < stage->caller_count; i++) {
        struct caller *caller = &stage->callers[i];
        if (caller->ending != ENDING_NONE) {
            continue;
        }
        caller_step(caller, now);
        stage->live += caller->ending == ENDING_NONE;
        wait_check(stage, caller);
        if (caller->bad) {
            stage_fail(stage, "a wrong byte came to client %zu (%s) before its byte %llu", i,
                       stage->upstreams[caller->plan.upstream].name,
                       (unsigned long long)caller->received);
        }
    }
}

void stage_turn(struct stage *stage)
{
    static struct pollfd polls[LEDGER_SLOTS + 1];
    int64_t now = moment_ms();
    if (stage->clients_come) {
        plan_clients(stage);
    }
    blackouts_end(stage, now);
    wait_look(stage, now);
    poll(polls, fill_polls(stage, polls, now), TURN_MS);
    liar_step(&stage->liar);
    step_callers(stage, moment_ms());
    const char *fault = subject_fault(&stage->subject);
    if (fault != NULL) {
        stage_fail(stage, "%s", fault);
    }
    if (stage->ledger->strays > 0) {
        stage_fail(stage, "a connection came to a backend with a wrong head");
    }
}

void stage_run_until(struct stage *stage, int64_t moment)
{
    while (moment_ms() < moment && stage->fault == NULL) {
        stage_turn(stage);
    }
}

bool stage_wait(struct stage *stage, bool (*holds)(struct stage *stage), const char *what, int ms)
{
    int64_t end = moment_ms() + limit_ms(ms);
    while (stage->fault == NULL && !holds(stage)) {
        if (moment_ms() > end) {
            stage_fail(stage, "waited in vain: %s", what);
        }
        stage_turn(stage);
    }
    return stage->fault == NULL;
}

/* --- from begin to end ------------------------------------------------------------------------ */

void stage_write_upstream(struct stage *stage, const struct upstream *upstream, const char *lines)
{
    char *text = must_format("[upstream]\nlisten = %s\ntarget = %s:%u\n%s%s", upstream->listen,
                             upstream->dns->name, upstream->backends[0].port, lines,
                             upstream->sample > 0 ? "[dns]\nsample-size = 4\n" : "");
    subject_write(&stage->subject, upstream->name, text);
    free(text);
}

static void open_upstream(struct stage *stage, size_t number)
{
    static const struct {
        const char *name, *balance;
        size_t count;
        unsigned sample;
    } kinds[STAGE_UPSTREAMS] = {
        {"rr", "round-robin", 4, 0}, {"lc", "least-connections", 4, 0}, {"r2", "random-two", 6, 4}};
    struct upstream *upstream = &stage->upstreams[number];
    struct liar_name *dns = &stage->liar.names[stage->liar.count++];
    uint16_t port = port_reserve();
    upstream->name = kinds[number].name;
    upstream->balance = kinds[number].balance;
    upstream->count = kinds[number].count;
    upstream->sample = dns->sample = kinds[number].sample;
    upstream->dns = dns;
    snprintf(dns->name, sizeof(dns->name), "%s.test", upstream->name);
    snprintf(dns->stale, sizeof(dns->stale), "127.20.%zu.250", number + 1);
    dns->named = (1U << upstream->count) - 1;
    snprintf(upstream->listen, sizeof(upstream->listen), "127.0.0.1:%u", port_reserve());
    memcpy(upstream->front, upstream->listen, sizeof(upstream->front));
    for (size_t i = 0; i < upstream->count; i++) {
        struct backend *backend = &upstream->backends[i];
        *backend = (struct backend){.ledger = stage->ledger,
                                    .ledger_fd = stage->ledger_fd,
                                    .index = (unsigned)(number * STAGE_BACKENDS + i),
                                    .port = port,
                                    .seed = (unsigned)stage->seed};
        snprintf(backend->ip, sizeof(backend->ip), "127.20.%zu.%zu", number + 1, i + 1);
        memcpy(dns->addresses[i], backend->ip, sizeof(dns->addresses[i]));
        backend_start(backend);
    }
    char *lines = must_format("balance = %s\n", upstream->balance);
    stage_write_upstream(stage, upstream, lines);
    free(lines);
}

static void open_mutant(struct stage *stage, const char *kind)
{
    const char *addresses[2 * STAGE_UPSTREAMS + 1] = {NULL};
    for (size_t u = 0; u < STAGE_UPSTREAMS; u++) {
        struct upstream *upstream = &stage->upstreams[u];
        snprintf(upstream->front, sizeof(upstream->front), "127.0.0.1:%u", port_reserve());
        addresses[2 * u] = upstream->front;
        addresses[2 * u + 1] = upstream->listen;
    }
    stage->mutant = mutant_start(kind, addresses);
}

void stage_open(struct stage *stage, uint64_t seed, const char *mutant)
{
    struct rlimit limit;
    *stage = (struct stage){.seed = seed, .began_ms = moment_ms()};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    srandom((unsigned)seed);
    stage->steps = dice_new(seed);
    stage->plans = dice_new(seed + 1);
    stage->callers = must_calloc(LEDGER_SLOTS, sizeof(*stage->callers));
    stage->ledger = ledger_create(&stage->ledger_fd);
    subject_prepare(&stage->subject);
    subject_write_global(&stage->subject, global);
    liar_open(&stage->liar);
    for (size_t u = 0; u < STAGE_UPSTREAMS; u++) {
        open_upstream(stage, u);
    }
    if (!subject_start(&stage->subject, stage->liar.address)) {
        stage_fail(stage, "redial is never ready");
    }
    if (mutant != NULL) {
        open_mutant(stage, mutant);
    }
}

/* The end of redial's log. */
static void show_log(struct subject *subject)
{
    char line[4096];
    size_t from = subject->lines_read > LOG_LINES_SHOWN ? subject->lines_read - LOG_LINES_SHOWN : 0;
    printf("--- the end of redial's log\n");
    while (daemon_read_line(subject->daemon, &from, line, sizeof(line))) {
        printf("%s\n", line);
    }
}

static void end_backends(struct stage *stage)
{
    for (size_t u = 0; u < STAGE_UPSTREAMS; u++) {
        for (size_t i = 0; i < stage->upstreams[u].count; i++) {
            backend_kill(&stage->upstreams[u].backends[i]);
        }
    }
    if (stage->mutant > 0) {
        kill(stage->mutant, SIGKILL);
        waitpid(stage->mutant, NULL, 0);
    }
}

bool stage_close(struct stage *stage)
{
    if (stage->fault == NULL) {
        const char *fault = subject_stop(&stage->subject);
        if (fault != NULL) {
            stage_fail(stage, "%s", fault);
        }
    }
    if (stage->subject.daemon != NULL) {
        show_log(&stage->subject);
        subject_kill(&stage->subject);
        daemon_stop(stage->subject.daemon);
        tempdir_remove(stage->subject.dir);
    }
    end_backends(stage);
    free(stage->callers);
    return stage->fault == NULL;
}
