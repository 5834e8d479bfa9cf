#include "storm.h"

#include "die.h"
#include "members.h"
#include "moment.h"
#include "plan.h"
#include "wait.h"

#include <stdlib.h>
#include <string.h>

enum { STEP_LEAST_MS = 60, STEP_SPREAD_MS = 500, BLACKOUT_MOST_MS = 2500, SETTLE_MS = 30000 };

static struct upstream *draw_upstream(struct stage *stage)
{
    return &stage->upstreams[dice_below(&stage->steps, STAGE_UPSTREAMS)];
}

/* --- backends --------------------------------------------------------------------------------- */

static const char *fault_backend(struct backend *backend, uint32_t kind)
{
    static const struct {
        const char *name;
        enum manner manner;
    } manners[] = {{"is deaf", MANNER_DEAF},
                   {"is slow", MANNER_SLOW},
                   {"resets at accept", MANNER_RESET_ACCEPT},
                   {"resets in mid-stream", MANNER_RESET_MIDST}};
    switch (kind) {
    case 0:
    case 1:
        backend_kill(backend);
        return "is killed";
    case 2:
        backend_freeze(backend);
        return "is frozen";
    case 3:
        backend_black_hole(backend);
        return "is a black hole";
    default:
        backend_set_manner(backend, manners[kind - 4].manner);
        return manners[kind - 4].name;
    }
}

/* One that is well becomes ill, as long as another one is left; one that is frozen or silent may be
 * killed at any time. */
static void step_fault(struct stage *stage)
{
    struct upstream *upstream = draw_upstream(stage);
    size_t i = dice_below(&stage->steps, (uint32_t)upstream->count);
    uint32_t kind = dice_below(&stage->steps, 8);
    struct backend *backend = &upstream->backends[i];
    if (backend->state != BACKEND_ALIVE) {
        kind = 0;
    }
    if (backend->pid != 0 && (upstream_well_ones(upstream) & ~(1U << i)) != 0) {
        stage_say(stage, "  %s/%zu %s", upstream->name, i + 1, fault_backend(backend, kind));
    }
}

static void step_heal(struct stage *stage)
{
    struct upstream *upstream = draw_upstream(stage);
    size_t i = dice_below(&stage->steps, (uint32_t)upstream->count);
    if (!backend_is_well(&upstream->backends[i])) {
        backend_heal(&upstream->backends[i]);
        stage_say(stage, "  %s/%zu is well again", upstream->name, i + 1);
    }
}

/* All are dead or silent, for less than a client is kept waiting. */
static void step_blackout(struct stage *stage)
{
    struct upstream *upstream = draw_upstream(stage);
    int ms = 200 + (int)dice_below(&stage->steps, BLACKOUT_MOST_MS - 200);
    uint32_t silent = dice_below(&stage->steps, 1U << upstream->count);
    if (upstream->blackout_ends_ms != 0) {
        return;
    }
    for (size_t i = 0; i < upstream->count; i++) {
        struct backend *backend = &upstream->backends[i];
        if ((silent & 1U << i) != 0 && backend->state == BACKEND_ALIVE) {
            backend_black_hole(backend);
        } else {
            backend_kill(backend);
        }
    }
    upstream->blackout_ends_ms = moment_ms() + ms;
    stage_say(stage, "  %s: all are dead or silent (0x%x) for %d ms", upstream->name, silent, ms);
}

/* --- DNS
 * ------------------------------------------------------------------------------------------
 */

/* For as long as nobody says otherwise; a storm is shorter than `hold`. */
static void lie_about(struct stage *stage, struct upstream *upstream)
{
    uint32_t lie = 1 + dice_below(&stage->steps, LIES);
    if (lie == LIES) {
        liar_set_absent(&stage->liar, true);
        stage_say(stage, "  the dns server is not there");
        return;
    }
    upstream->dns->lie = (enum lie)lie;
    upstream->shrunk += lie == LIE_SHRUNK;
    stage_say(stage, "  dns of %s: %s", upstream->name, lie_name(upstream->dns->lie));
}

static void step_lie(struct stage *stage)
{
    lie_about(stage, draw_upstream(stage));
}

static void step_truth(struct stage *stage)
{
    struct upstream *upstream = draw_upstream(stage);
    upstream->dns->lie = LIE_NONE;
    liar_set_absent(&stage->liar, false);
    stage_say(stage, "  dns of %s: %s", upstream->name, lie_name(LIE_NONE));
}

/* Other addresses are behind the name; one of them at least is well. */
static void step_members(struct stage *stage)
{
    struct upstream *upstream = draw_upstream(stage);
    uint32_t before = upstream->dns->named;
    upstream->dns->named = 1 + dice_below(&stage->steps, (1U << upstream->count) - 1);
    if (upstream_well_ones(upstream) == 0) {
        upstream->dns->named = before;
    } else {
        stage_say(stage, "  dns of %s names 0x%x", upstream->name, upstream->dns->named);
    }
}

/* --- clients and operators -------------------------------------------------------------------- */

static void step_crowd(struct stage *stage)
{
    unsigned upstream = dice_below(&stage->steps, STAGE_UPSTREAMS);
    unsigned count = 5 + dice_below(&stage->steps, 40);
    plan_crowd(stage, upstream, count);
    stage_say(stage, "  %u clients at once for %s", count, stage->upstreams[upstream].name);
}

static bool is_settled(struct stage *stage)
{
    return subject_is_settled(&stage->subject);
}

/* Other options, none of which may end a connection. */
static void write_options(struct stage *stage, struct upstream *upstream)
{
    static const char *const balances[] = {"round-robin", "least-connections", "random-two"};
    static const char *const options[] = {
        "",
        "[connect]\nhedge-after = adaptive\n",
        "[connect]\nhedge-after = 100ms\n[eject]\nfailures = 2\n",
        "[check]\ninterval = 300ms\n",
        "[session]\nkeepalive = off\nidle-timeout = 10m\n",
        "[session]\nuser-timeout = 20s\nmax-age = 1h\n",
    };
    const char *balance = balances[dice_below(&stage->steps, 3)];
    uint32_t which = dice_below(&stage->steps, sizeof(options) / sizeof(options[0]));
    char *lines = must_format("balance = %s\n%s", balance, options[which]);
    stage_write_upstream(stage, upstream, lines);
    stage_say(stage, "  reload: %s is %s, options %u", upstream->name, balance, which);
    free(lines);
}

static void step_reload(struct stage *stage)
{
    write_options(stage, draw_upstream(stage));
    subject_reload(&stage->subject, false);
    stage_wait(stage, is_settled, "redial is to reload", SETTLE_MS);
}

/* With every third seed one process lives through all, so that what it leaks adds up. */
static void step_upgrade(struct stage *stage)
{
    if (stage->seed % 3 == 0) {
        return;
    }
    subject_upgrade(&stage->subject, false);
    if (stage_wait(stage, is_settled, "redial is to upgrade", SETTLE_MS)) {
        stage_say(stage, "  upgrade: process %d", (int)subject_pid(&stage->subject));
    }
}

/* A broken file, before which redial goes on as it was. */
static void step_broken(struct stage *stage)
{
    struct upstream *upstream = draw_upstream(stage);
    bool upgrade = dice_below(&stage->steps, 3) == 0;
    stage_say(stage, "  %s with a broken file", upgrade ? "upgrade" : "reload");
    stage_write_upstream(stage, upstream, "balance = nonsense\n");
    (upgrade ? subject_upgrade : subject_reload)(&stage->subject, true);
    stage_wait(stage, is_settled, "redial is to refuse", SETTLE_MS);
    stage_write_upstream(stage, upstream, "");
}

/* --- all of it
 * ------------------------------------------------------------------------------------
 */

static const struct {
    uint32_t weight;
    void (*run)(struct stage *stage);
} steps[] = {
    {28, step_fault},  {20, step_heal}, {4, step_blackout}, {17, step_lie},    {6, step_truth},
    {6, step_members}, {6, step_crowd}, {6, step_reload},   {4, step_upgrade}, {3, step_broken},
};
enum { STEP_WEIGHTS = 100, STEPS = sizeof(steps) / sizeof(steps[0]) };

static void step(struct stage *stage)
{
    uint32_t draw = dice_below(&stage->steps, STEP_WEIGHTS);
    size_t i = 0;
    while (i + 1 < STEPS && draw >= steps[i].weight) {
        draw -= steps[i++].weight;
    }
    steps[i].run(stage);
}

void storm_run(struct stage *stage, int ms)
{
    int64_t next = moment_ms();
    int64_t end = next + ms;
    wait_begin(stage);
    for (size_t u = 0; u < STAGE_UPSTREAMS; u++) {
        if (dice_below(&stage->steps, 2) == 0) {
            lie_about(stage, &stage->upstreams[u]);
        }
    }
    stage->clients_come = true;
    while (next < end && stage->fault == NULL) {
        step(stage);
        members_check(stage);
        next += STEP_LEAST_MS + (int64_t)dice_below(&stage->steps, STEP_SPREAD_MS);
        stage_run_until(stage, next);
    }
    stage->clients_come = false;
}

void storm_end(struct stage *stage)
{
    liar_set_absent(&stage->liar, false);
    for (size_t u = 0; u < STAGE_UPSTREAMS; u++) {
        struct upstream *upstream = &stage->upstreams[u];
        upstream->blackout_ends_ms = 0;
        upstream->dns->lie = LIE_NONE;
        upstream->dns->named = (1U << upstream->count) - 1;
        for (size_t i = 0; i < upstream->count; i++) {
            backend_heal(&upstream->backends[i]);
        }
    }
}
