#include "proxy/health.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <search.h>
#include <stdlib.h>

#include "base/list.h"
#include "base/random.h"
#include "proxy/probe.h"

/* Endpoints of several upstreams whose time is over so soon one after the other share a connect. */
#define TOGETHER (500 * USEC_PER_MSEC)

/* How long a fault of this host is let pass. */
#define LOCAL_FAULT_PAUSE USEC_PER_SEC

struct health {
    struct event_base *base;
    void *subjects; /* by address: tsearch(3) */
};

struct ward {
    struct health *health;
    struct upstream *upstream;
    const struct upstream_config *config;
    struct endpoint_set *set;
    struct list patients; /* those of the set that need care; mostly nobody */
};

/* An address to connect to. */
struct subject {
    struct address address; /* the first member: the key of the tree */
    struct health *health;
    struct list patients;
    struct event timer;
    struct probe *probe; /* under way; NULL: none */
    usec_t started;      /* of the probe */
    usec_t check_at;     /* when the next check is due; 0: no upstream checks it */
    usec_t not_before;
};

/* An endpoint of one upstream at that address. */
struct patient {
    struct list of_subject, of_ward;
    struct subject *subject;
    struct ward *ward;
    struct endpoint *endpoint;
    int64_t good, bad; /* checks in a row */
    bool stale;
};

/* --- when ---------------------------------------------------------------------------------------
 */

/* The strictest of the upstreams decides; 0: none checks. */
static usec_t check_interval(const struct subject *subject)
{
    usec_t least = 0;
    list_each(node, &subject->patients)
    {
        const struct patient *patient = list_entry(node, struct patient, of_subject);
        usec_t interval = patient->ward->config->options.check_interval;
        if (interval > 0 && (least == 0 || interval < least))
            least = interval;
    }
    return least;
}

static bool is_probe_due(const struct patient *patient, usec_t by)
{
    usec_t at = eject_probe_at(patient->endpoint);
    return at != 0 && at <= by;
}

static bool is_check_due(const struct patient *patient, usec_t by)
{
    usec_t at = patient->subject->check_at;
    return patient->ward->config->options.check_interval > 0 && at != 0 && at <= by;
}

/* Sets the timer for what is due next; with a probe under way its end will. */
static void schedule(struct subject *subject)
{
    if (subject->probe)
        return;
    if (check_interval(subject) == 0)
        subject->check_at = 0; /* the last upstream that checks has gone */
    usec_t at = subject->check_at;
    list_each(node, &subject->patients)
    {
        usec_t probe_at = eject_probe_at(list_entry(node, struct patient, of_subject)->endpoint);
        if (probe_at != 0 && (at == 0 || probe_at < at))
            at = probe_at;
    }
    if (at == 0) {
        event_del(&subject->timer);
        return;
    }
    if (at < subject->not_before)
        at = subject->not_before;
    struct timeval wait = clock_timeval(at - clock_now());
    event_add(&subject->timer, &wait);
}

/* The next check, an interval after the last, give or take a tenth: not all in one moment. */
static void next_check(struct subject *subject, usec_t now)
{
    usec_t interval = check_interval(subject);
    usec_t jitter = interval / 5 * random_below(1000) / 1000;
    subject->check_at = interval == 0 ? 0 : now + interval - interval / 10 + jitter;
}

/* --- what is found ------------------------------------------------------------------------------
 */

static void note(struct patient *patient, enum eject_event event, usec_t started)
{
    const struct ward *ward = patient->ward;
    const struct finding finding = {patient->endpoint, event, started};
    upstream_note(ward->upstream, ward->config, ward->set, &finding);
}

static bool is_checked_out(const struct patient *patient)
{
    return atomic_load(&patient->endpoint->ejected) & EJECTED_BY_CHECKS;
}

static void count_check(struct patient *patient, bool good, usec_t started)
{
    const struct upstream_options *options = &patient->ward->config->options;
    patient->good = good ? patient->good + 1 : 0;
    patient->bad = good ? 0 : patient->bad + 1;
    if (is_checked_out(patient) && patient->good >= options->check_rise)
        note(patient, EJECT_CHECKS_ROSE, started);
    else if (!is_checked_out(patient) && patient->bad >= options->check_fall)
        note(patient, EJECT_CHECKS_FELL, started);
}

/* Each upstream judges by its own patience. */
static void judge(struct subject *subject, bool accepted, usec_t took)
{
    list_each(node, &subject->patients)
    {
        struct patient *patient = list_entry(node, struct patient, of_subject);
        const struct upstream_options *options = &patient->ward->config->options;
        if (is_check_due(patient, subject->started))
            count_check(patient, accepted && took <= options->check_timeout, subject->started);
        if (is_probe_due(patient, subject->started + TOGETHER))
            note(patient,
                 accepted && took <= options->connect_timeout ? EJECT_PROBE_ACCEPTED
                                                              : EJECT_PROBE_FAILED,
                 subject->started);
    }
}

static void on_probe(void *arg, enum connect_outcome outcome, usec_t took)
{
    struct subject *subject = arg;
    subject->probe = NULL;
    if (connect_is_local(outcome))
        subject->not_before = clock_now() + LOCAL_FAULT_PAUSE;
    else
        judge(subject, outcome == CONNECT_ACCEPTED, took);
    if (subject->check_at != 0 && subject->check_at <= subject->started)
        next_check(subject, subject->started);
    schedule(subject);
}

/* As long as the most patient of those wants whom it concerns. */
static usec_t patience(const struct subject *subject)
{
    usec_t most = 0;
    list_each(node, &subject->patients)
    {
        const struct patient *patient = list_entry(node, struct patient, of_subject);
        const struct upstream_options *options = &patient->ward->config->options;
        if (is_check_due(patient, subject->started) && options->check_timeout > most)
            most = options->check_timeout;
        if (is_probe_due(patient, subject->started + TOGETHER) && options->connect_timeout > most)
            most = options->connect_timeout;
    }
    return most;
}

static void on_timer(evutil_socket_t fd, short events, void *arg)
{
    struct subject *subject = arg;
    (void)fd;
    (void)events;
    subject->started = clock_now();
    usec_t timeout = patience(subject);
    if (timeout == 0) { /* what was due is so no more, or the timer came early */
        schedule(subject);
        return;
    }
    const struct patient *first = list_entry(subject->patients.next, struct patient, of_subject);
    int result =
        probe_start(subject->health->base, &subject->address, &first->ward->config->options,
                    timeout, on_probe, subject, &subject->probe);
    if (result < 0)
        on_probe(subject, connect_classify(-result), 0);
}

/* --- whom
 * ------------------------------------------------------------------------------------------
 */

static int compare_subjects(const void *a, const void *b)
{
    return address_compare(a, b);
}

static struct subject *find_or_add_subject(struct health *health, const struct address *address)
{
    void *found = tfind(address, &health->subjects, compare_subjects);
    if (found)
        return *(struct subject **)found;
    struct subject *subject = calloc(1, sizeof *subject);
    if (!subject)
        return NULL;
    subject->address = *address;
    subject->health = health;
    list_init(&subject->patients);
    evtimer_assign(&subject->timer, health->base, on_timer, subject);
    if (tsearch(subject, &health->subjects, compare_subjects))
        return subject;
    free(subject);
    return NULL;
}

static void free_subject(struct subject *subject)
{
    tdelete(subject, &subject->health->subjects, compare_subjects);
    probe_cancel(subject->probe);
    event_del(&subject->timer);
    free(subject);
}

static void free_patient(struct patient *patient)
{
    struct subject *subject = patient->subject;
    if (is_checked_out(patient)) /* nobody else would let it in again */
        eject_note(patient->endpoint, EJECT_CHECKS_ROSE, 0, &patient->ward->config->options,
                   patient->ward->set);
    list_remove(&patient->of_subject);
    list_remove(&patient->of_ward);
    endpoint_unref(patient->endpoint);
    free(patient);
    if (list_empty(&subject->patients))
        free_subject(subject);
    else
        schedule(subject);
}

static struct patient *find_patient(const struct subject *subject, const struct ward *ward)
{
    list_each(node, &subject->patients)
    {
        struct patient *patient = list_entry(node, struct patient, of_subject);
        if (patient->ward == ward)
            return patient;
    }
    return NULL;
}

/* The first check comes any time within the interval: not all in one moment. */
static void plan_first_check(struct subject *subject, usec_t interval)
{
    if (interval == 0)
        return;
    usec_t at = clock_now() + interval * random_below(1000) / 1000;
    if (subject->check_at == 0 || at < subject->check_at)
        subject->check_at = at;
}

/* Who is in rotation and not checked is left alone: it costs no memory. */
static bool needs_care(const struct ward *ward, const struct endpoint *endpoint)
{
    return ward->config->options.check_interval > 0 || eject_probe_at(endpoint) != 0;
}

/* Without memory it is tried again when the next endpoint turns. */
static void care_for(struct ward *ward, struct endpoint *endpoint)
{
    struct subject *subject = find_or_add_subject(ward->health, &endpoint->address);
    struct patient *patient = subject ? find_patient(subject, ward) : NULL;
    if (patient && patient->endpoint == endpoint) {
        patient->stale = false;
        return;
    }
    patient = subject ? calloc(1, sizeof *patient) : NULL;
    if (!patient) {
        if (subject && list_empty(&subject->patients))
            free_subject(subject);
        return;
    }
    patient->subject = subject;
    patient->ward = ward;
    patient->endpoint = endpoint_ref(endpoint);
    list_append(&subject->patients, &patient->of_subject);
    list_append(&ward->patients, &patient->of_ward);
    plan_first_check(subject, ward->config->options.check_interval);
    schedule(subject);
}

/* Brings the patients in line with the set, and with who needs care. */
static void sync(struct ward *ward)
{
    list_each(node, &ward->patients) list_entry(node, struct patient, of_ward)->stale = true;
    for (size_t i = 0; i < ward->set->count; i++)
        if (needs_care(ward, ward->set->endpoints[i]))
            care_for(ward, ward->set->endpoints[i]);
    list_each(node, &ward->patients)
    {
        struct patient *patient = list_entry(node, struct patient, of_ward);
        if (patient->stale)
            free_patient(patient);
    }
}

void health_set_endpoints(struct ward *ward, struct endpoint_set *set)
{
    endpoint_set_ref(set);
    endpoint_set_unref(ward->set);
    ward->set = set;
    sync(ward);
}

void health_configure(struct ward *ward, const struct upstream_config *config)
{
    usec_t interval = config->options.check_interval;
    bool begins = interval > 0 && interval != ward->config->options.check_interval;
    ward->config = config;
    list_each(node, &ward->patients)
    {
        struct patient *patient = list_entry(node, struct patient, of_ward);
        if (interval == 0 && is_checked_out(patient)) /* nobody else would let it in again */
            note(patient, EJECT_CHECKS_ROSE, clock_now());
        if (begins) {
            patient->good = patient->bad = 0;
            plan_first_check(patient->subject, interval);
        }
        schedule(patient->subject);
    }
    sync(ward);
}

void health_look(struct ward *ward)
{
    sync(ward);
    list_each(node, &ward->patients) schedule(list_entry(node, struct patient, of_ward)->subject);
}

struct ward *health_add(struct health *health, struct upstream *upstream,
                        const struct upstream_config *config, struct endpoint_set *set)
{
    struct ward *ward = calloc(1, sizeof *ward);
    if (!ward)
        return NULL;
    *ward = (struct ward){.health = health,
                          .upstream = upstream_ref(upstream),
                          .config = config,
                          .set = endpoint_set_ref(set)};
    list_init(&ward->patients);
    sync(ward);
    return ward;
}

void health_remove(struct ward *ward)
{
    if (!ward)
        return;
    list_each(node, &ward->patients) free_patient(list_entry(node, struct patient, of_ward));
    endpoint_set_unref(ward->set);
    upstream_unref(ward->upstream);
    free(ward);
}

struct health *health_new(struct event_base *base)
{
    struct health *health = calloc(1, sizeof *health);
    if (health)
        health->base = base;
    return health;
}

void health_free(struct health *health)
{
    free(health);
}
