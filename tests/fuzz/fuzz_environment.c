/* What a process is started with, by systemd or by its predecessor: variables, descriptors, known
 * addresses; and what the service manager hears of it. The input is lines: LISTEN_PID, LISTEN_FDS,
 * LISTEN_FDNAMES, NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID ("-": not set; "own": this
 * process's own), the descriptors, what is done, each by a letter, and behind them the addresses.
 */
#include <event2/event.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/engine.h"
#include "daemon/handover.h"
#include "daemon/heritage.h"
#include "daemon/inherited.h"
#include "daemon/known.h"
#include "daemon/manager.h"
#include "daemon/notify.h"
#include "daemon/pulse.h"
#include "daemon/watchdog.h"
#include "environment/hearer.h"
#include "environment/stock.h"
#include "input.h"
#include "set_check.h"
#include "target.h"

#define NAMES_MOST 16
#define ACTIONS_MOST 40
#define TURNS 3
#define PATIENCE (10 * USEC_PER_SEC)

enum variable { PID, FDS, NAMES, NOTIFY, WATCHDOG_SPAN, WATCHDOG_PROCESS, VARIABLES };
static const char *const variable_names[VARIABLES] = {
    "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"};

static const struct stock_places *places;
static struct engine engine;

/* One process that is started. */
static struct start {
    char *variables[VARIABLES]; /* NULL: not set */
    size_t placed;
    int received; /* descriptors, or -1: they are refused */
    char *names[NAMES_MOST];
    size_t name_count, next_name;
    struct heritage heritage;
    struct manager *manager;
    char *text;           /* the last part of the input */
    bool has_predecessor; /* which lives */
    bool speaks, handed_over;
} start;

/* --- the environment -------------------------------------------------------------------------- */

static const char *own_value(enum variable variable)
{
    static char text[32];
    snprintf(text, sizeof text, "%ld", variable == FDS ? (long)start.placed : (long)getpid());
    return variable == NOTIFY ? hearer_abstract() : text;
}

static void set_variable(enum variable variable, struct input value)
{
    char *text = input_text(&value);
    if (strcmp(text, "own") == 0 || strcmp(text, "path") == 0) {
        const char *own = text[0] == 'p' ? hearer_path() : own_value(variable);
        free(text);
        expect((text = strdup(own)) != NULL);
    } else if (strcmp(text, "-") == 0) {
        free(text);
        text = NULL;
    }
    start.variables[variable] = text;
    if (text)
        expect(setenv(variable_names[variable], text, 1) == 0);
    else
        unsetenv(variable_names[variable]);
}

/* Digits alone, of a number of 63 bits; -1: it is none. */
static long long number_of(const char *text)
{
    long long number = 0;
    if (*text == '\0')
        return -1;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9' || number > (LLONG_MAX - (*text - '0')) / 10)
            return -1;
        number = number * 10 + (*text - '0');
    }
    return number;
}

static void read_names(void)
{
    const char *rest = start.variables[NAMES];
    for (size_t i = 0; rest && i < NAMES_MOST; i++) {
        size_t length = strcspn(rest, ":");
        expect((start.names[start.name_count++] = strndup(rest, length)) != NULL);
        rest = rest[length] == ':' ? rest + length + 1 : NULL;
    }
}

/* What sd_listen_fds(3) says of these variables. */
static int due_count(void)
{
    const char *pid = start.variables[PID], *fds = start.variables[FDS];
    const char *names = start.variables[NAMES];
    if (!pid || !fds)
        return 0;
    if (number_of(pid) < 0)
        return -1;
    if (number_of(pid) != getpid())
        return 0;
    long long count = number_of(fds), named = 1;
    for (; names && *names != '\0'; names++)
        named += *names == ':';
    if (count <= 0 || count > STOCK_MOST || (names && named != count))
        return -1;
    for (size_t i = 0; i < (size_t)count; i++)
        if (!stock_has(i))
            return -1;
    return (int)count;
}

/* The first one of that name that is no listening socket; -1: there is none. */
static int file_named(const char *name)
{
    for (int i = 0; i < start.received; i++)
        if (!stock_listens((size_t)i) && (size_t)i < start.name_count &&
            strcmp(start.names[i], name) == 0)
            return STOCK_FIRST + i;
    return -1;
}

/* --- what is received ------------------------------------------------------------------------- */

static void check_watchdog(void)
{
    const char *span = start.variables[WATCHDOG_SPAN], *pid = start.variables[WATCHDOG_PROCESS];
    bool wanted = span && number_of(span) >= 0 && (!pid || number_of(pid) == getpid());
    expect(watchdog_period() == (wanted ? number_of(span) / 2 : 0));
}

static bool receive(void)
{
    usec_t begun = clock_now();
    int result = heritage_open(&start.heritage);
    expect(clock_now() - begun < PATIENCE); /* nothing is waited for, for ever or until a signal */
    for (size_t i = PID; i <= NAMES; i++)
        expect(!getenv(variable_names[i]));
    expect((result < 0) == (start.received < 0));
    if (result < 0) {
        stock_check_untouched(0);
        expect(!start.heritage.inherited && start.heritage.ready < 0);
        return false;
    }
    stock_check_untouched((size_t)start.received);
    int ready = file_named(HANDOVER_READY), known = file_named(HANDOVER_KNOWN);
    expect(ready < 0 ? start.heritage.ready < 0 : start.heritage.ready == ready);
    expect(known < 0 ? !start.heritage.known : fcntl(known, F_GETFD) < 0);
    for (int fd = STOCK_FIRST; fd < STOCK_FIRST + start.received; fd++)
        expect(fd == known || fcntl(fd, F_GETFD) == FD_CLOEXEC);
    return true;
}

/* What was read is what is written, and read again. */
static void check_set(const struct known *known, const char *name)
{
    struct target target = {.kind = TARGET_NAME, .port = 80, .name = (char *)"a.test"};
    struct upstream_config config = {.name = (char *)name,
                                     .options = {.targets = &target, .target_count = 1}};
    struct endpoint_set *set = known_set(known, name);
    struct known *again;
    known_is_same(known, &config);
    if (!set)
        return;
    set_check_shape(set);
    expect(set->count > 0);
    const struct known_entry entry = {&config, set};
    int fd = known_write(&entry, 1);
    expect(fd >= 0 && known_read(fd, &again) == 0 && known_is_same(again, &config));
    close(fd);
    struct endpoint_set *copy = known_set(again, name);
    expect(copy && copy->count == set->count && copy->tier_count == set->tier_count);
    uint32_t greatest = 0;
    for (size_t i = 0; i < set->count; i++)
        greatest = set->weights[i] > greatest ? set->weights[i] : greatest;
    for (size_t i = 0; i < set->count; i++) {
        expect(address_is_unicast(&set->endpoints[i]->address));
        expect(address_equal(&copy->endpoints[i]->address, &set->endpoints[i]->address));
        expect(greatest > UINT16_MAX || copy->weights[i] == set->weights[i]);
    }
    endpoint_set_unref(copy);
    endpoint_set_unref(set);
    known_free(again);
}

static void check_known(void)
{
    static const char *const names[] = {"a", "127.0.0.1:3001", "nobody"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        check_set(start.heritage.known, names[i]);
}

/* --- what is done with it --------------------------------------------------------------------- */

static const char *next_name(void)
{
    return start.name_count > 0 ? start.names[start.next_name++ % start.name_count] : "none";
}

/* All of them, one after the other. */
static void take_sockets(const struct listen *listen)
{
    size_t count = inherited_count(engine.fronts.inherited, listen);
    int fd;
    while ((fd = inherited_take(engine.fronts.inherited, listen)) >= 0) {
        expect(count-- > 0 && fd >= STOCK_FIRST && fd < STOCK_FIRST + start.received);
        expect(stock_listens((size_t)(fd - STOCK_FIRST)));
        close(fd);
    }
    expect(count == 0 && fd == -ENOENT);
}

static void take_file(const char *name)
{
    int fd = inherited_take_file(engine.fronts.inherited, name);
    if (fd < 0)
        return;
    expect(fd < STOCK_FIRST + start.received && !stock_listens((size_t)(fd - STOCK_FIRST)));
    close(fd);
}

static void open_front(const struct listen *listen)
{
    struct front *front;
    bool given = inherited_count(engine.fronts.inherited, listen) > 0;
    if (front_find(&engine.fronts, listen) || (!given && !listen_is_systemd(listen)))
        return;
    int result = front_open(listen, 2, &engine.fronts, &front);
    expect((result == 0) == given && inherited_count(engine.fronts.inherited, listen) == 0);
}

static void with_listen(char action)
{
    struct listen listen = {.address =
                                action == '4' || action == '$' ? places->tcp4 : places->tcp6};
    char why[256] = "";
    if (action == 'u' || action == 'U') {
        listen = (struct listen){.kind = LISTEN_UNIX, .path = (char *)places->path};
    } else if (action == 'x' || action == 'X') {
        listen = (struct listen){.kind = LISTEN_SYSTEMD, .name = (char *)next_name()};
        inherited_explain(engine.fronts.inherited, &listen, why, sizeof why);
        expect(why[0] != '\0');
    }
    if (action == '4' || action == '6' || action == 'u' || action == 'x')
        open_front(&listen);
    else
        take_sockets(&listen);
}

static void serve(void)
{
    if (start.speaks || start.has_predecessor)
        return;
    int predecessor = heritage_take_over(&start.heritage);
    start.has_predecessor = predecessor >= 0;
    manager_serve(start.manager, predecessor);
    /* What is at its end, or has none, is no predecessor that lives. */
    start.speaks = true;
}

/* What came from elsewhere stays within its variable. */
static void say_status(void)
{
    struct notify notify;
    bool told = notify_open(&notify) == 0 && notify.length > 0 && !start.speaks;
    if (told)
        notify_status(&notify, start.text);
    hearer_listen(told || (start.speaks && !start.handed_over));
}

static void act(char action)
{
    switch (action) {
    case 'k':
        take_file(next_name());
        break;
    case 'm':
        serve();
        break;
    case 'r':
        manager_reloading(start.manager);
        break;
    case 'R':
        manager_reloaded(start.manager);
        break;
    case 's':
        manager_stopping(start.manager, 30 * USEC_PER_SEC);
        break;
    case 'h':
        manager_hand_over(start.manager, 1);
        break;
    case 'n':
        say_status();
        break;
    case 'q':
        stock_hang_up();
        break;
    case 'l':
        for (int i = 0; i < TURNS; i++)
            event_base_loop(engine.base, EVLOOP_NONBLOCK);
        break;
    default:
        if (strchr("46uxX$^U", action))
            with_listen(action);
    }
}

static void act_all(struct input actions)
{
    for (size_t i = 0; i < ACTIONS_MOST && actions.left > 0; i++) {
        act((char)input_byte(&actions));
        bool handed_over = hearer_listen(start.speaks && !start.handed_over);
        start.handed_over = start.handed_over || handed_over;
    }
}

/* --- from begin to end ------------------------------------------------------------------------ */

static void prepare(void)
{
    signal(SIGPIPE, SIG_IGN);
    places = stock_open();
    stock_begin_high();
    hearer_open();
    log_setup(open("/dev/null", O_WRONLY | O_CLOEXEC), LOG_LEVEL_DEBUG, LOG_FORMAT_JSON, false);
    engine_init(&engine);
    engine.base = event_base_new();
    expect(engine.base && mailbox_new(&engine, &engine.mailbox) == 0);
    engine.pulse = pulse_new(engine.mailbox, 0);
    expect(engine.pulse);
    stock_end_high();
}

static void serve_and_end(struct input actions)
{
    check_known();
    engine.fronts.inherited = start.heritage.inherited;
    start.manager = manager_new(&engine);
    expect(start.manager);
    act_all(actions);
    engine.fronts.inherited = NULL;
    heritage_settle(&start.heritage);
    list_each(node, &engine.fronts.open) front_unref(list_entry(node, struct front, node));
    expect(list_empty(&engine.fronts.open));
    manager_free(start.manager);
    heritage_clear(&start.heritage);
    hearer_listen(start.speaks && !start.handed_over);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size}, values[VARIABLES];
    stock_borrow();
    if (!places)
        prepare();
    start = (struct start){.received = 0};
    for (size_t i = 0; i < VARIABLES; i++)
        values[i] = input_until(&input, "\n");
    struct input kinds = input_until(&input, "\n"), actions = input_until(&input, "\n");
    start.placed = stock_place(&kinds, &input);
    start.text = input_text(&input);
    for (enum variable i = 0; i < VARIABLES; i++)
        set_variable(i, values[i]);
    read_names();
    start.received = due_count();
    check_watchdog();
    if (receive())
        serve_and_end(actions);
    stock_clear(start.received > 0 ? (size_t)start.received : 0);
    for (size_t i = 0; i < VARIABLES; i++)
        free(start.variables[i]);
    for (size_t i = 0; i < start.name_count; i++)
        free(start.names[i]);
    free(start.text);
    stock_return();
    return 0;
}
