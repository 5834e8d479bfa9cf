/* A story of the control plane: plans, services, discovery, balancing and ejection themselves, with
 * two workers, in virtual time. What the process would do outside, ask DNS and connect, waits for
 * the input to say what comes of it. First comes the configuration, the addresses that a
 * predecessor knew, and then the steps: a byte says what happens, its upper bits what is not done
 * afterwards; what belongs to it follows. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "../unit/dns_message.h"
#include "answer_check.h"
#include "base/log.h"
#include "base/random.h"
#include "control/check.h"
#include "control/clients.h"
#include "control/model.h"
#include "control/picks.h"
#include "control/probes.h"
#include "control/questions.h"
#include "control/rig.h"
#include "control/settings.h"
#include "control/virtual_time.h"
#include "control/workers.h"
#include "input.h"
#include "target.h"

#define STEPS_MOST 300
#define BEGIN (1000 * USEC_PER_SEC)
#define END (BEGIN + 3600 * USEC_PER_SEC)

enum step {
    STEP_TIME,
    STEP_RECORDS,
    STEP_NOTHING,
    STEP_MESSAGE,
    STEP_CLIENT,
    STEP_FINDING,
    STEP_LEAVE,
    STEP_CROWD,
    STEP_PROBE,
    STEP_DRAIN,
    STEP_RELOAD,
    STEP_LACK,
    STEP_ROUTE,
    STEP_SETTLE,
    STEPS
};
/* Above the number of the step. */
enum { HOLD_MAIL = 0x80, HOLD_FIRST = 0x40, HOLD_SECOND = 0x20 };

/* --- DNS -------------------------------------------------------------------------------------- */

static struct query *choose_question(struct input *input)
{
    size_t count = questions_count();
    uint8_t choice = input_byte(input);
    return count > 0 ? questions_nth(choice % count) : NULL;
}

static void answer(struct query *query, struct answer *answer)
{
    model_answer(query, answer);
    questions_answer(query, answer);
    model_look();
    answer_clear(answer);
}

static void answer_message(struct query *query, const uint8_t *bytes, size_t length)
{
    struct answer parsed;
    answer_parse(bytes, length, query->name, query->type, &parsed);
    answer_check(&parsed, query->type);
    answer(query, &parsed);
}

static void add_srv(struct dns_message *message, uint32_t ttl, uint8_t n)
{
    char target[16];
    snprintf(target, sizeof target, "t%u.test", n % 4u);
    dns_srv(message, "@", ttl, n / 16 % 3u, n / 48 * 3u, 1 + n / 4 % 4u, target);
}

static void add_record(struct dns_message *message, enum dns_type type, uint32_t ttl, uint8_t n)
{
    char ip[32];
    if (type == DNS_TYPE_SRV) {
        add_srv(message, ttl, n);
        return;
    }
    snprintf(ip, sizeof ip, type == DNS_TYPE_A ? "10.0.0.%u" : "fd00::%x", n);
    dns_address(message, "@", ttl, ip);
}

/* Addresses of targets that come along with an SRV answer. */
static void add_extras(struct dns_message *message, struct input numbers, uint32_t ttl)
{
    char target[16], ip[32];
    while (numbers.left > 0) {
        uint8_t n = input_byte(&numbers);
        snprintf(target, sizeof target, "t%u.test", n % 4u);
        snprintf(ip, sizeof ip, n & 4 ? "fd00::%x" : "10.0.0.%u", n / 8u);
        dns_extra(message, target, ttl, ip);
    }
}

/* A byte says the TTL, how many records there are, and whether it is truncated; SRV answers have
 * extras behind them. */
static void answer_records(struct query *query, struct input *input)
{
    static const uint32_t ttls[] = {0, 1, 5, 60};
    struct dns_message message;
    uint8_t shape = input_byte(input);
    uint32_t ttl = ttls[shape & 3];
    struct input numbers = input_piece(input, 1 + (shape >> 2 & 15));
    dns_begin(&message, DNS_NOERROR, query->name, (int)query->type);
    while (numbers.left > 0)
        add_record(&message, query->type, ttl, input_byte(&numbers));
    if (query->type == DNS_TYPE_SRV && shape & 0x40)
        add_extras(&message, input_piece(input, input_byte(input) % 8u), ttl);
    message.bytes[2] |= shape & 0x80 ? 0x02 : 0; /* TC of RFC 1035 §4.1.1 */
    answer_message(query, message.bytes, message.length);
}

/* An error of the server's, nothing at all, or that there is nothing. */
static void answer_nothing(struct query *query, uint8_t choice)
{
    static const enum answer_outcome silences[] = {ANSWER_TIMEOUT, ANSWER_UNREACHABLE,
                                                   ANSWER_LOCAL_FAULT, ANSWER_NOT_ASKED};
    struct answer silence = {.outcome = silences[choice % COUNT_OF(silences)],
                             .ttl = ANSWER_TTL_UNKNOWN};
    struct dns_message message;
    if (choice & 0x10) {
        answer(query, &silence);
        return;
    }
    dns_begin(&message, choice % 8 == 7 ? DNS_NXDOMAIN : choice % 8, query->name, (int)query->type);
    if (query->type == DNS_TYPE_SRV && choice & 0x20)
        dns_srv(&message, "@", 5, 0, 0, 0, ".");
    else if (choice & 0x40)
        dns_soa(&message, 5, choice);
    answer_message(query, message.bytes, message.length);
}

static void step_dns(enum step step, struct input *input)
{
    struct query *query = choose_question(input);
    if (step == STEP_MESSAGE) {
        struct input bytes = input_piece(input, input_byte(input));
        if (query)
            answer_message(query, bytes.at, bytes.left);
    } else if (query && step == STEP_RECORDS) {
        answer_records(query, input);
    } else if (query) {
        answer_nothing(query, input_byte(input));
    }
}

/* --- clients ---------------------------------------------------------------------------------- */

static struct view *choose_view(struct input *input)
{
    struct view *const *views;
    uint8_t choice = input_byte(input);
    size_t count = workers_views(choice % WORKERS, &views);
    return count > 0 ? views[choice / WORKERS % count] : NULL;
}

/* So many clients come, as long as there is room. */
static void step_clients(struct input *input, size_t many)
{
    struct view *view = choose_view(input);
    for (size_t i = 0; view && i < many; i++)
        clients_open(view);
}

static void step_finding(struct input *input)
{
    uint8_t choice = input_byte(input);
    enum eject_event event = input_byte(input) % (EJECT_LACKED + 1);
    if (clients_count() > 0)
        clients_find(choice % clients_count(), event);
}

static void step_leave(struct input *input)
{
    uint8_t choice = input_byte(input);
    for (size_t many = 1 + choice / 64; many > 0 && clients_count() > 0; many--)
        clients_close(choice % clients_count());
}

/* --- the rest --------------------------------------------------------------------------------- */

/* In all no more than END, since what waits for an IPv6 route looks every 10 s. */
static void step_time(struct input *input)
{
    static const usec_t units[] = {USEC_PER_MSEC, USEC_PER_SEC / 4, 5 * USEC_PER_SEC,
                                   30 * USEC_PER_SEC};
    uint8_t choice = input_byte(input);
    usec_t span = (1 + (choice & 63)) * units[choice >> 6], left = END - clock_now();
    virtual_pass(span < left ? span : units[0]);
}

static void step_probe(struct input *input)
{
    uint8_t choice = input_byte(input), outcome = input_byte(input) % (CONNECT_LOCAL_LACK + 1);
    if (probes_count() == 0)
        return;
    struct address address = probes_address(choice % probes_count());
    if (outcome != CONNECT_LOCAL_BARRED && outcome != CONNECT_LOCAL_LACK)
        model_probe_failed(&address); /* one that comes too late has failed, too */
    probes_end(choice % probes_count(), outcome);
}

static void step_drain(struct input *input)
{
    uint8_t choice = input_byte(input), place = input_byte(input);
    list_each(node, &rig.services)
    {
        struct service *service = list_entry(node, struct service, node);
        const struct endpoint_set *set = discovery_set(service->discovery);
        if (choice-- % 4 != 0 || set->count == 0)
            continue;
        const struct address address = set->endpoints[place % set->count]->address;
        expect(service_drain(service, &address, choice & 0x80));
        check_drained(service, &address, choice & 0x80);
    }
}

static void step_reload(struct input *input)
{
    uint8_t choice = input_byte(input);
    struct config *config = settings_load(input);
    if (choice & 1)
        rig_lack_sockets();
    if (config)
        rig_reload(config, !(choice & 2));
    picks_begin();
    model_look();
    check_reloaded();
}

static void step_lack(struct input *input)
{
    if (input_byte(input) & 1)
        questions_lack_memory();
    else
        probes_lack();
}

static void deliver(unsigned held)
{
    if (!(held & HOLD_MAIL)) {
        mailbox_deliver(rig.mailbox);
        model_mail_delivered();
    }
    if (!(held & HOLD_FIRST))
        workers_turn(0);
    if (!(held & HOLD_SECOND))
        workers_turn(1);
}

static const char *const step_names[STEPS] = {"time",    "records", "nothing", "message", "client",
                                              "finding", "leave",   "crowd",   "probe",   "drain",
                                              "reload",  "lack",    "route",   "settle"};

static void step(uint8_t kind, struct input *input)
{
    enum step step = (kind & 0x1f) % STEPS;
    log_debug("step", log_text("what", step_names[step]), log_number("now", clock_now() - BEGIN));
    switch (step) {
    case STEP_TIME:
        step_time(input);
        break;
    case STEP_RECORDS:
    case STEP_NOTHING:
    case STEP_MESSAGE:
        step_dns(step, input);
        break;
    case STEP_CLIENT:
        step_clients(input, 1);
        break;
    case STEP_FINDING:
        step_finding(input);
        break;
    case STEP_LEAVE:
        step_leave(input);
        break;
    case STEP_CROWD:
        step_clients(input, 8);
        break;
    case STEP_PROBE:
        step_probe(input);
        break;
    case STEP_DRAIN:
        step_drain(input);
        break;
    case STEP_RELOAD:
        step_reload(input);
        break;
    case STEP_LACK:
        step_lack(input);
        break;
    case STEP_ROUTE:
        questions_set_route(input_byte(input) & 1);
        break;
    case STEP_SETTLE:
        for (int i = 0; i < 2; i++)
            deliver(0);
        model_look();
        check_settled();
        break;
    case STEPS:
        break;
    }
}

/* --- from begin to end ------------------------------------------------------------------------ */

/* To see an input's story: FUZZ_LOG=1 in the environment. */
static void open_log(bool debug)
{
    static int nowhere = -1;
    bool wanted = getenv("FUZZ_LOG") != NULL;
    if (nowhere < 0)
        nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    log_setup(wanted ? STDERR_FILENO : nowhere, debug || wanted ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR,
              LOG_FORMAT_TEXT, false);
}

static bool begin(struct config *config, struct input *input)
{
    uint8_t choice = input_byte(input);
    struct input known = input_piece(input, choice & 0x3f);
    open_log(choice & 0x80);
    clock_freeze(BEGIN);
    random_seed(choice);
    questions_begin(choice & 0x40);
    probes_begin();
    picks_begin();
    model_begin();
    check_begin();
    if (!rig_begin(config, &known))
        return false;
    for (size_t i = 0; i < WORKERS; i++)
        workers_turn(i);
    model_look();
    check_all(false);
    return true;
}

static void end(void)
{
    while (clients_count() > 0)
        clients_close(clients_count() - 1);
    rig_end();
    model_end();
    check_end();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct config *config = settings_load(&input);
    if (!config)
        return 0;
    bool serves = begin(config, &input);
    for (size_t i = 0; serves && i < STEPS_MOST && input.left > 0; i++) {
        uint8_t kind = input_byte(&input);
        step(kind, &input);
        deliver(kind);
        model_look();
        check_all(!(kind & HOLD_MAIL));
    }
    end();
    return 0;
}
