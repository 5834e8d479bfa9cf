#include "rest.h"

#include "judge.h"
#include "moment.h"
#include "process.h"
#include "status.h"
#include "storm.h"

#include <stdio.h>
#include <string.h>

enum {
    CLIENTS_MS = 30000,
    PROCESSES_MS = 20000,
    IDLE_MS = 3000,
    ENDPOINTS_MS = 20000,
    STATUS_EACH_MS = 50,
    CALM_MS = 200
};
#define CALM_MOST 0.3

/* What the model counted of an upstream in one storm. */
struct sum {
    uint64_t opened;
    uint64_t whole, left, broken, unmet;
    uint64_t owned_up;                 /* connections that backends broke before the head */
    uint64_t sent_up, received_up;     /* by clients, by backends */
    uint64_t sent_down, received_down; /* by backends, by clients */
};

/* --- waiting -------------------------------------------------------------------------------- */

static bool clients_are_done(struct stage *stage)
{
    for (size_t i = 0; i < stage->caller_count; i++) {
        if (stage->callers[i].ending == ENDING_NONE) {
            caller_hurry(&stage->callers[i]);
            return false;
        }
        if (stage->ledger->slots[i].state == SLOT_OPEN) {
            return false;
        }
    }
    return true;
}

static void hurry_all(struct stage *stage)
{
    for (size_t i = 0; i < stage->caller_count; i++) {
        caller_hurry(&stage->callers[i]);
    }
}

static bool is_alone(struct stage *stage)
{
    return subject_is_alone(&stage->subject);
}

/* In rotation, and there by the last answer, or by one of the last where they are samples; not
 * carried over from a former process, nor in doubt. */
static bool endpoint_is_up(const json_t *upstream, const struct backend *backend, bool samples)
{
    const json_t *endpoint = status_endpoint(upstream, backend);
    const char *state = json_string_value(json_object_get(endpoint, "state"));
    const char *member = json_string_value(json_object_get(endpoint, "member"));
    return state != NULL && (strcmp(state, "up") == 0 || strcmp(state, "fresh") == 0) &&
           (strcmp(member, "present") == 0 || (samples && strcmp(member, "absent") == 0));
}

/* Whether an upstream has all that is behind its name, and all of that in rotation. Where answers
 * are samples, an address that is gone may stay until chance cannot explain its absence. */
static bool upstream_is_well(const json_t *status, const struct upstream *upstream)
{
    const json_t *json = status_upstream(status, upstream->name);
    const json_t *endpoints = json_object_get(json, "endpoints");
    for (size_t i = 0; i < upstream->count; i++) {
        if (!endpoint_is_up(json, &upstream->backends[i], upstream->sample > 0)) {
            return false;
        }
    }
    return upstream->sample > 0 || json_array_size(endpoints) == upstream->count;
}

static bool endpoints_are_well(struct stage *stage)
{
    static int64_t next_ms;
    if (moment_ms() < next_ms) {
        return false;
    }
    next_ms = moment_ms() + STATUS_EACH_MS;
    json_t *status = subject_status(&stage->subject);
    bool well = status != NULL;
    for (size_t u = 0; well && u < STAGE_UPSTREAMS; u++) {
        well = upstream_is_well(status, &stage->upstreams[u]);
    }
    json_decref(status);
    return well;
}

static bool redial_is_idle(struct stage *stage)
{
    json_t *status = subject_status(&stage->subject);
    json_int_t open =
        json_integer_value(json_object_get(json_object_get(status, "connections"), "open"));
    bool idle = status != NULL && open == 0;
    json_decref(status);
    return idle;
}

/* Redial has left all of them; they may have something in their queues, of clients that are gone.
 */
static bool backends_are_idle(struct stage *stage)
{
    static uint64_t since[LEDGER_BACKENDS];
    static unsigned storm;
    bool idle = true;
    for (size_t i = 0; i < STAGE_UPSTREAMS * STAGE_BACKENDS; i++) {
        const struct ledger_backend *page = &stage->ledger->backends[i];
        const struct upstream *upstream = &stage->upstreams[i / STAGE_BACKENDS];
        since[i] = storm != stage->storm ? page->idle : since[i];
        idle = idle && (i % STAGE_BACKENDS >= upstream->count || page->idle >= since[i] + 2);
    }
    storm = stage->storm;
    return idle;
}

/* Everything that was begun is over, and what redial knows is the truth. */
static bool come_to_rest(struct stage *stage)
{
    return stage_wait(stage, is_alone, "former processes are to end", PROCESSES_MS) &&
           stage_wait(stage, redial_is_idle, "redial is to have no open connections", IDLE_MS) &&
           stage_wait(stage, backends_are_idle, "backends are to have no connections", IDLE_MS) &&
           stage_wait(stage, endpoints_are_well, "every endpoint is to be in rotation",
                      ENDPOINTS_MS);
}

/* --- each client ------------------------------------------------------------------------------ */

static void tell_fault(struct stage *stage, const struct caller *caller, const struct slot *slot,
                       const char *why)
{
    const struct plan *plan = &caller->plan;
    const struct upstream *upstream = &stage->upstreams[plan->upstream];
    char backend[32] = "no backend";
    if (slot->state != SLOT_NONE) {
        snprintf(backend, sizeof(backend), "backend %u", slot->backend % STAGE_BACKENDS + 1);
    }
    stage_fail(stage,
               "client %u of %s: %s. It sent %llu of %llu%s, received %llu of %llu%s, ended by "
               "%s (error %d), began at %.2f; %s received %llu, sent %llu, marks %x, answer %u",
               plan->head.id, upstream->name, why, (unsigned long long)caller->sent,
               (unsigned long long)plan->head.up, caller->ended_sending ? " and its end" : "",
               (unsigned long long)caller->received, (unsigned long long)plan->head.down,
               caller->got_end ? " and the end" : "", ending_name(caller->ending), caller->error,
               (double)(caller->began_ms - stage->began_ms) / 1000, backend,
               (unsigned long long)slot->received, (unsigned long long)slot->sent, slot->marks,
               plan->head.answer);
}

static void add(struct sum *sum, const struct caller *caller, const struct slot *slot,
                enum verdict verdict)
{
    bool met = slot->state != SLOT_NONE;
    sum->opened += caller->connected;
    sum->whole += verdict == VERDICT_WHOLE;
    sum->left += verdict == VERDICT_LEFT;
    sum->broken += verdict == VERDICT_BROKEN;
    sum->unmet += verdict == VERDICT_UNMET;
    sum->sent_up += caller->head_sent + caller->sent;
    sum->received_up += slot->received + (met ? sizeof(struct head) : 0);
    sum->sent_down += slot->sent;
    sum->received_down += caller->received;
}

static void judge_clients(struct stage *stage, struct sum *sums)
{
    for (size_t i = 0; i < stage->caller_count; i++) {
        const struct caller *caller = &stage->callers[i];
        const struct slot *slot = &stage->ledger->slots[i];
        const char *why;
        enum verdict verdict = judge(caller, slot, &why);
        if (verdict == VERDICT_FAULT) {
            tell_fault(stage, caller, slot, why);
        }
        add(&sums[caller->plan.upstream], caller, slot, verdict);
    }
    for (size_t u = 0; u < STAGE_UPSTREAMS; u++) {
        struct upstream *upstream = &stage->upstreams[u];
        for (size_t i = 0; i < upstream->count; i++) {
            sums[u].owned_up += stage->ledger->backends[upstream->backends[i].index].broken;
        }
        if (sums[u].unmet > sums[u].owned_up) {
            stage_fail(stage, "%s: %llu clients were not served; backends own up to %llu",
                       upstream->name, (unsigned long long)sums[u].unmet,
                       (unsigned long long)sums[u].owned_up);
        }
    }
}

/* --- redial's counters ------------------------------------------------------------------------ */

static uint64_t count_of(const json_t *json, const char *group, const char *key)
{
    const json_t *object = json_object_get(json, group);
    return (uint64_t)json_integer_value(json_object_get(object, key));
}

/* What the counters were when the storm began: zero in a process that is new. */
static void forget_counters(struct rest *rest)
{
    memset(rest->opened, 0, sizeof(rest->opened));
    memset(rest->up, 0, sizeof(rest->up));
    memset(rest->down, 0, sizeof(rest->down));
    memset(rest->ended, 0, sizeof(rest->ended));
}

static void check_between(struct stage *stage, const char *upstream, const char *what,
                          uint64_t least, uint64_t value, uint64_t most)
{
    if (value < least || value > most) {
        stage_fail(stage, "%s: redial counts %llu %s; it must be %llu to %llu", upstream,
                   (unsigned long long)value, what, (unsigned long long)least,
                   (unsigned long long)most);
    }
}

/* Ways to end that no client of the model may meet. */
static void check_endings(struct stage *stage, const char *upstream, const json_t *json)
{
    const char *key;
    const json_t *value;
    json_t *ended = json_object_get(json, "ended");
    json_object_foreach(ended, key, value) {
        bool usual = strcmp(key, "closed") == 0 || strcmp(key, "client-reset") == 0 ||
                     strcmp(key, "endpoint-reset") == 0;
        if (!usual && json_integer_value(value) > 0) {
            stage_fail(stage, "%s: redial ended %lld connections by %s", upstream,
                       (long long)json_integer_value(value), key);
        }
    }
}

/* What least-connections and random-two go by. */
static void check_endpoints(struct stage *stage, const char *upstream, const json_t *json)
{
    const json_t *endpoints = json_object_get(json, "endpoints");
    for (size_t i = 0; i < json_array_size(endpoints); i++) {
        const json_t *one = json_array_get(endpoints, i);
        if (json_integer_value(json_object_get(one, "active")) != 0) {
            stage_fail(stage, "%s: %s has %lld connections, says redial", upstream,
                       json_string_value(json_object_get(one, "address")),
                       (long long)json_integer_value(json_object_get(one, "active")));
        }
    }
}

/* With an upgrade in the storm the former process has taken its share of the counts with it: what
 * is left may be less, and never more. */
static void check_upstream(struct stage *stage, struct rest *rest, size_t u, const json_t *json,
                           const struct sum *sum, bool same)
{
    static const char *const ends[] = {"closed", "client-reset", "endpoint-reset"};
    const char *name = stage->upstreams[u].name;
    uint64_t opened = count_of(json, "connections", "opened");
    uint64_t up = count_of(json, "bytes", "up");
    uint64_t down = count_of(json, "bytes", "down");
    uint64_t ended[3];
    uint64_t news[3];
    for (size_t i = 0; i < 3; i++) {
        ended[i] = count_of(json, "ended", ends[i]);
        news[i] = ended[i] - rest->ended[u][i];
    }
    check_between(stage, name, "open connections", 0, count_of(json, "connections", "open"), 0);
    check_between(stage, name, "ended connections", opened, count_of(json, "connections", "ended"),
                  opened);
    check_between(stage, name, "connections", same ? sum->opened : 0, opened - rest->opened[u],
                  sum->opened);
    check_between(stage, name, "bytes from clients", same ? sum->received_up : 0, up - rest->up[u],
                  sum->sent_up);
    check_between(stage, name, "bytes from backends", same ? sum->received_down : 0,
                  down - rest->down[u], sum->sent_down);
    check_between(stage, name, "connections closed in order", same ? sum->whole : 0, news[0],
                  sum->opened);
    check_between(stage, name, "resets", 0, news[1] + news[2],
                  sum->left + sum->broken + sum->unmet);
    check_endings(stage, name, json);
    check_endpoints(stage, name, json);
    rest->opened[u] = opened;
    rest->up[u] = up;
    rest->down[u] = down;
    memcpy(rest->ended[u], ended, sizeof(ended));
}

static void check_counters(struct stage *stage, struct rest *rest, const struct sum *sums)
{
    json_t *status = subject_status(&stage->subject);
    pid_t process = subject_pid(&stage->subject);
    bool same = process == rest->process;
    if (status == NULL) {
        stage_fail(stage, "redial does not tell its status");
    }
    if (!same) {
        forget_counters(rest);
    }
    for (size_t u = 0; status != NULL && u < STAGE_UPSTREAMS; u++) {
        const json_t *json = status_upstream(status, stage->upstreams[u].name);
        check_upstream(stage, rest, u, json, &sums[u], same);
    }
    rest->process = process;
    json_decref(status);
}

/* --- all of it ----------------------------------------------------------------------------------
 */

/* With nothing to do, redial does nothing: the CPU time of a moment. */
static void check_calm(struct stage *stage)
{
    pid_t process = subject_pid(&stage->subject);
    double before = process_cpu_seconds(process);
    stage_run_until(stage, moment_ms() + CALM_MS);
    double used = process_cpu_seconds(process) - before;
    if (used > CALM_MOST * CALM_MS / 1000 * test_scale()) {
        stage_fail(stage, "redial used %.2f s of CPU time in %d ms of rest", used, CALM_MS);
    }
}

static void check_flat(struct stage *stage, struct rest *rest, struct flat_sample *sample)
{
    pid_t process = subject_pid(&stage->subject);
    sample->pipes = process_descriptors_of(process, "pipe:");
    sample->descriptors = process_descriptors(process) - sample->pipes;
    sample->memory_kb = test_scale() > 1.0 ? 0 : process_rss_kb(process);
    const char *why = flat_judge(&rest->flat, sample);
    if (why != NULL) {
        stage_fail(stage, "%s", why);
    }
}

static void tell(const struct stage *stage, struct rest *rest, const struct sum *sums,
                 const struct flat_sample *sample)
{
    struct sum all = {.opened = 0};
    for (size_t u = 0; u < STAGE_UPSTREAMS; u++) {
        all.whole += sums[u].whole;
        all.left += sums[u].left;
        all.broken += sums[u].broken;
        all.unmet += sums[u].unmet;
        rest->bytes += sums[u].received_up + sums[u].received_down;
    }
    rest->clients += stage->caller_count;
    rest->whole += all.whole;
    rest->left += all.left;
    rest->broken += all.broken;
    rest->unmet += all.unmet;
    stage_say(stage,
              "rest %u: %zu clients: %llu whole, %llu left, %llu broken by backends, %llu before "
              "their head; at most %.2f s for a backend; %d descriptors, %d of pipes, %ld kB",
              stage->storm, stage->caller_count, (unsigned long long)all.whole,
              (unsigned long long)all.left, (unsigned long long)all.broken,
              (unsigned long long)all.unmet, (double)stage->longest_wait_ms / 1000,
              sample->descriptors, sample->pipes, sample->memory_kb);
}

void rest_begin(struct stage *stage, struct rest *rest)
{
    rest->process = subject_pid(&stage->subject);
    stage_wait(stage, endpoints_are_well, "redial is to know every endpoint", ENDPOINTS_MS);
}

void rest_take(struct stage *stage, struct rest *rest)
{
    struct sum sums[STAGE_UPSTREAMS] = {{.opened = 0}};
    struct flat_sample sample = {.descriptors = 0};
    storm_end(stage);
    hurry_all(stage);
    int64_t end = moment_ms() + limit_ms(CLIENTS_MS);
    while (stage->fault == NULL && !clients_are_done(stage) && moment_ms() < end) {
        stage_turn(stage);
    }
    bool rests = clients_are_done(stage) && come_to_rest(stage);
    judge_clients(stage, sums); /* says which ones, if they are not done */
    if (rests) {
        check_calm(stage);
        check_counters(stage, rest, sums);
        check_flat(stage, rest, &sample);
    }
    tell(stage, rest, sums, &sample);
}
