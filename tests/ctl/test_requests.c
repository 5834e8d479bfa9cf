/* What each command asks of redial, what it prints of the answer, and the command line itself. */
#include "bed.h"
#include "client.h"
#include "rig.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORDS_MOST = 8 };

/* The last request of a command, and what becomes of an answer. */
static const struct {
    const char *words[WORDS_MOST];
    const char *request;
    bool prints; /* the answer's lines */
} rows[] = {
    {{"status"}, "GET /status", false},
    {{"endpoints", "name"}, "GET /status", false},
    {{"resolve", "name"}, "POST /resolve?upstream=name", true},
    {{"resolve", "a b&c=d%#?/+\xc3\xb6"},
     "POST /resolve?upstream=a%20b%26c%3Dd%25%23%3F%2F%2B%C3%B6",
     true},
    {{"resolve", "x\r\nHost: y"}, "POST /resolve?upstream=x%0D%0AHost%3A%20y", true},
    {{"drain", "10.0.1.7:3000"}, "POST /drain?endpoint=10.0.1.7%3A3000", true},
    {{"drain", "[::1]:3000", "name"},
     "POST /drain?endpoint=%5B%3A%3A1%5D%3A3000&upstream=name",
     true},
    {{"undrain", "10.0.1.7:3000"}, "POST /undrain?endpoint=10.0.1.7%3A3000", true},
    {{"undrain", "10.0.1.7:3000", "a?b"},
     "POST /undrain?endpoint=10.0.1.7%3A3000&upstream=a%3Fb",
     true},
    {{"reload"}, "POST /reload", true},
    {{"log-level", "debug"}, "POST /log-level?level=debug", true},
    {{"config"}, "GET /config", true},
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static struct outcome run(struct rig *rig, const char *const *words)
{
    const char *all[WORDS_MOST + 3] = {"-s", rig->socket};
    for (size_t i = 0; i < WORDS_MOST && words[i] != NULL; i++) {
        all[i + 2] = words[i];
    }
    return rig_run_words(all);
}

static void expect_request(struct rig *rig, size_t index, const char *wanted)
{
    char *request = fixture_request(rig->fixture, index);
    ck_assert_ptr_nonnull(request);
    ck_assert_str_eq(request, wanted);
    free(request);
}

START_TEST(command_is_one_request)
{
    struct rig rig;
    rig_open(&rig);
    if (rows[_i].prints) {
        fixture_set(rig.fixture, rows[_i].request, 202, "first\n  \tsecond \x1b[2J\n\n\n");
    } else {
        rig_serve(&rig, rows[_i].request, "usual.json");
    }
    struct outcome outcome = run(&rig, rows[_i].words);
    if (rows[_i].prints) {
        ck_assert_str_eq(outcome.output, "first\n  \tsecond ?[2J\n");
    }
    ck_assert_uint_eq(fixture_count(rig.fixture), 1);
    expect_request(&rig, 0, rows[_i].request);
    char *host = fixture_header(rig.fixture, 0, "Host:");
    ck_assert_str_eq(host, "Host: localhost");
    free(host);
    char *length = fixture_header(rig.fixture, 0, "Content-Length:");
    ck_assert_int_eq(length != NULL, strncmp(rows[_i].request, "POST", 4) == 0);
    free(length);
    rig_expect(outcome, 0, "");
    rig_close(&rig);
}
END_TEST

/* The line of a refusal is all that is said, on stderr; the status is 1. */
START_TEST(refusal_is_told)
{
    static const int statuses[] = {400, 403, 404, 405, 409, 422, 500, 503, 302};
    struct rig rig;
    rig_open(&rig);
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        fixture_set(rig.fixture, rows[_i].request, statuses[i],
                    "it is \x9b"
                    "7m wrong\nso: mend it\n");
        struct outcome outcome = run(&rig, rows[_i].words);
        ck_assert_str_eq(outcome.output, "");
        ck_assert_str_eq(outcome.errors, "it is ?7m wrong\nso: mend it\n");
        rig_expect(outcome, 1, "wrong");
    }
    fixture_set(rig.fixture, rows[_i].request, 500, "\n");
    rig_expect(run(&rig, rows[_i].words), 1, "does not say why|500");
    rig_close(&rig);
}
END_TEST

#define WHO "\"version\": \"0.1.0\", \"pid\": "
#define UNDER_WAY "{" WHO "45, \"upgrade\": {\"under_way\": true, \"last_error\": null}}"
#define STOPPING                                                                                   \
    "{" WHO                                                                                        \
    "45, \"state\": \"stopping\", \"upgrade\": {\"under_way\": false, \"last_error\": null}}"
#define GONE "gone"
#define FAILED                                                                                     \
    "{" WHO "45, \"upgrade\": {\"under_way\": false, \"last_error\":"                              \
    " {\"time\": \"2026-11-25T22:15:54.600Z\", \"errors\": [\"it\\u001b ended\"]}}}"

/* What the status says once it was asked for often enough, and again so often. */
struct turn {
    struct fixture *fixture;
    const char *path;        /* of its socket */
    const char *statuses[2]; /* NULL: nobody answers any more; GONE: nor is the socket there */
};

static void *turn_status(void *arg)
{
    struct turn *turn = arg;
    for (size_t i = 0; i < 2; i++) {
        const char *status = turn->statuses[i];
        if (!fixture_wait(turn->fixture, 4 + 3 * i, limit_ms(5000))) {
            return NULL;
        }
        if (status != NULL && strcmp(status, GONE) == 0) {
            unlink(turn->path);
        } else if (status != NULL) {
            fixture_set(turn->fixture, "GET /status", 200, status);
        } else {
            fixture_set_raw(turn->fixture, "GET /status", "", 0);
        }
        if (status == NULL || strcmp(status, STOPPING) != 0) {
            return turn;
        }
    }
    return turn;
}

/* Runs an upgrade: the status tells another thing after a while, and behind STOPPING one more. */
static struct outcome run_upgrade(struct rig *rig, const char *words, const char *first,
                                  const char *second)
{
    struct turn turn = {rig->fixture, rig->socket + 5, {first, second}};
    pthread_t thread;
    void *turned;
    fixture_set(rig->fixture, "GET /status", 200, UNDER_WAY);
    fixture_set(rig->fixture, "POST /upgrade", 202, "it begins\n");
    ck_assert_int_eq(pthread_create(&thread, NULL, turn_status, &turn), 0);
    struct outcome outcome = rig_run(rig, words);
    pthread_join(thread, &turned);
    ck_assert_ptr_nonnull(turned);
    expect_request(rig, 1, "POST /upgrade");
    return outcome;
}

START_TEST(upgrade_is_waited_for)
{
    struct rig rig;
    rig_open(&rig);
    const char *const firsts[] = {"{" WHO "46}", STOPPING};
    for (size_t i = 0; i < 2; i++) {
        struct outcome outcome = run_upgrade(&rig, "upgrade", firsts[i], "{" WHO "46}");
        ck_assert_str_eq(outcome.output,
                         "upgraded: process 46 has taken over, 45 ends with its connections\n");
        rig_expect(outcome, 0, "");
        fixture_stop(rig.fixture);
        rig.fixture = fixture_start(rig.socket);
    }
    rig_close(&rig);
}
END_TEST

START_TEST(failed_upgrade_is_told)
{
    struct rig rig;
    rig_open(&rig);
    struct outcome outcome = run_upgrade(&rig, "upgrade", FAILED, NULL);
    ck_assert_str_eq(outcome.output, "");
    rig_expect(outcome, 1, "redialctl: the upgrade failed, process 45 goes on: it? ended\n");
    fixture_set(rig.fixture, "GET /status", 200, "{" WHO "45, \"upgrade\": {}}");
    rig_expect(rig_run(&rig, "upgrade"), 1, "it does not say why");
    fixture_set(rig.fixture, "POST /upgrade", 409, "an upgrade is under way already\n");
    rig_expect(rig_run(&rig, "upgrade"), 1, "under way already");
    rig_close(&rig);
}
END_TEST

/* What was seen last before nobody answers; the lines and words that are told. */
static const struct {
    const char *status;
    size_t lines;
    const char *words;
} silences[] = {
    {NULL, 2, "broke off|process 45 has begun the upgrade|was stopped|another admin socket"},
    /* the successor listens elsewhere: that redial does not run would be too much said */
    {GONE, 1, "process 45 has begun the upgrade|was stopped|another admin socket"},
    {STOPPING, 1, "process 45 ends, and no successor was seen|stopped meanwhile|log"},
};
enum { SILENCES = sizeof(silences) / sizeof(silences[0]) };

START_TEST(upgrade_after_which_nobody_answers_is_told)
{
    struct rig rig;
    rig_open(&rig);
    struct outcome outcome = run_upgrade(&rig, "--timeout 1 upgrade", silences[_i].status, NULL);
    ck_assert_str_eq(outcome.output, "");
    ck_assert_uint_eq(outcome_lines(outcome.errors), silences[_i].lines);
    rig_expect(outcome, 3, silences[_i].words);
    rig_close(&rig);
}
END_TEST

/* An earlier build has no words about it in its status. */
START_TEST(upgrade_that_is_not_shown_is_not_waited_for)
{
    struct rig rig;
    rig_open(&rig);
    fixture_set(rig.fixture, "GET /status", 200, "{" WHO "45, \"state\": \"serving\"}");
    fixture_set(rig.fixture, "POST /upgrade", 202, "it\x1b begins\n");
    struct outcome outcome = rig_run(&rig, "upgrade");
    ck_assert_str_eq(outcome.output, "it? begins\n");
    rig_expect(outcome, 0, "");
    ck_assert_uint_eq(fixture_count(rig.fixture), 2);
    fixture_set(rig.fixture, "POST /upgrade", 404, "there is nothing at this path\n");
    rig_expect(rig_run(&rig, "upgrade"), 1, "nothing at this path");
    fixture_set(rig.fixture, "GET /status", 200, "{\"version\": \"0.1.0\", \"upgrade\": {}}");
    rig_expect(rig_run(&rig, "upgrade"), 3, "not redial");
    ck_assert_uint_eq(fixture_count(rig.fixture), 5);
    rig_close(&rig);
}
END_TEST

START_TEST(only_upstream_need_not_be_named)
{
    struct rig rig;
    rig_open(&rig);
    fixture_set(rig.fixture, "GET /status", 200,
                "{" WHO "45, \"upstreams\": [{\"name\": \"a&b\"}]}");
    fixture_set(rig.fixture, "POST /resolve?upstream=a%26b", 202, "asked\n");
    struct outcome outcome = rig_run(&rig, "resolve");
    ck_assert_str_eq(outcome.output, "asked\n");
    rig_expect(outcome, 0, "");
    expect_request(&rig, 1, "POST /resolve?upstream=a%26b");
    rig_serve(&rig, "GET /status", "usual.json");
    rig_expect(rig_run(&rig, "resolve"), 1, "3 upstreams|: name orders-api db");
    ck_assert_uint_eq(fixture_count(rig.fixture), 3);
    fixture_set(rig.fixture, "GET /explain", 400, "say which: name, db\n");
    rig_expect(rig_run(&rig, "explain"), 1, "say which: name, db");
    rig_close(&rig);
}
END_TEST

START_TEST(unknown_upstream_is_told)
{
    struct rig rig;
    rig_open(&rig);
    rig_serve(&rig, "GET /status", "usual.json");
    struct outcome outcome = rig_run(&rig, "endpoints nmae");
    ck_assert_str_eq(outcome.output, "");
    rig_expect(outcome, 1, "no upstream nmae; there are: name orders-api db");
    rig_close(&rig);
}
END_TEST

/* Words, exit status, words of stdout, words of stderr. */
static const struct {
    const char *words[WORDS_MOST];
    int status;
    const char *output;
    const char *errors;
} uses[] = {
    {{"-V"}, 0, "redialctl ", ""},
    {{"--version"}, 0, "redialctl ", ""},
    {{"-h"}, 0, "Usage: redialctl", ""},
    {{"--help"}, 0, "undrain ENDPOINT", ""},
    {{NULL}, 2, "", "which command|redialctl --help"},
    {{"stauts"}, 2, "", "unknown command: stauts|redialctl --help"},
    {{"\x1b[2J"}, 2, "", "unknown command: ?[2J"},
    {{"status", "name"}, 2, "", "one word too many: name"},
    {{"endpoints", "a", "b"}, 2, "", "one word too many: b"},
    {{"drain"}, 2, "", "missing after: drain"},
    {{"drain", ""}, 2, "", "an empty word after: drain"},
    {{"log-level"}, 2, "", "missing after: log-level"},
    {{"log-level", "debug", "info"}, 2, "", "one word too many: info"},
    {{"log-level", "loud"}, 2, "", "error, warning, info and debug, not: loud"},
    {{"log-level", "Debug"}, 2, "", "debug, not: Debug"},
    {{"drain", "x"}, 2, "", "an endpoint is ADDRESS:PORT|redialctl endpoints|not: x "},
    {{"drain", "10.0.1.7", "name"}, 2, "", "ADDRESS:PORT|not: 10.0.1.7 "},
    {{"undrain", "::1:80"}, 2, "", "ADDRESS:PORT|not: ::1:80 "},
    {{"undrain", "\x1b:80"}, 2, "", "ADDRESS:PORT|not: ?:80 "},
    {{"--json", "reload"}, 2, "", "--json|reload"},
    {{"status", "--wait", "3"}, 2, "", "--wait|status"},
    {{"ready", "--wait", "soon"}, 2, "", "--wait|soon"},
    {{"ready", "--wait", "-1"}, 2, "", "--wait|-1"},
    {{"ready", "--wait", "nan"}, 2, "", "--wait|nan"},
    {{"status", "--timeout", "0"}, 2, "", "--timeout|0"},
    {{"--bogus", "status"}, 2, "", "bogus|redialctl --help"},
    {{"status", "-s"}, 2, "", "argument|redialctl --help"},
    {{"-s", "", "status"}, 2, "", "no such socket|path is missing"},
    {{"-s", "unix:", "status"}, 2, "", "path is missing"},
    {{"-s", "a:b", "status"}, 2, "", "no such socket: a:b|HOST:PORT"},
    {{"-s", "::1:80", "status"}, 2, "", "no such socket: ::1:80|[IPV6]:PORT"},
    {{"-s", "ho st:80", "status"}, 2, "", "no such socket: ho st:80"},
    {{"-s", "host\r\nX: y:80", "status"}, 2, "", "no such socket: host??X: y:80"},
    {{"-s", ":80", "status"}, 2, "", "no such socket: :80"},
    {{"-s", "h:800000", "status"}, 2, "", "no such socket: h:800000"},
};
enum { USES = sizeof(uses) / sizeof(uses[0]) };

START_TEST(command_line_is_checked)
{
    struct outcome outcome = rig_run_words(uses[_i].words);
    ck_assert_msg(strstr(outcome.output, uses[_i].output) != NULL, "%s", outcome.output);
    ck_assert(*uses[_i].output != '\0' || *outcome.output == '\0');
    rig_expect(outcome, uses[_i].status, uses[_i].errors);
}
END_TEST

START_TEST(long_path_is_told)
{
    char path[200];
    memset(path, 'x', sizeof(path));
    path[0] = '/';
    path[sizeof(path) - 1] = '\0';
    const char *words[] = {"-s", path, "status", NULL};
    rig_expect(rig_run_words(words), 2, "107 bytes");
}
END_TEST

/* An address, by name too; the header names it. */
START_TEST(address_in_place_of_a_path)
{
    static const char *const hosts[][3] = {{"127.0.0.1", "127.0.0.1", "127.0.0.1"},
                                           {"127.0.0.1", "localhost", "localhost"},
                                           {"[::1]", "[::1]", "[::1]"}};
    struct rig rig;
    rig_open(&rig);
    fixture_stop(rig.fixture);
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        char listen[64];
        char place[64];
        char wanted[80];
        unsigned port = port_reserve();
        snprintf(listen, sizeof(listen), "%s:%u", hosts[i][0], port);
        snprintf(place, sizeof(place), "%s:%u", hosts[i][1], port);
        snprintf(wanted, sizeof(wanted), "Host: %s:%u", hosts[i][2], port);
        rig.fixture = fixture_start(listen);
        fixture_set(rig.fixture, "GET /config", 200, "[redial]\n");
        const char *words[] = {"-s", place, "config", NULL};
        struct outcome outcome = rig_run_words(words);
        ck_assert_str_eq(outcome.output, "[redial]\n");
        rig_expect(outcome, 0, "");
        char *host = fixture_header(rig.fixture, 0, "Host:");
        ck_assert_str_eq(host, wanted);
        free(host);
        fixture_stop(rig.fixture);
    }
    tempdir_remove(rig.dir);
}
END_TEST

/* redial's own words tell how curl does it. */
START_TEST(changes_over_tcp_are_refused)
{
    static const char *const asked[] = {"reload", "upgrade", "drain 10.0.1.7:3000"};
    static const char words[] = "over TCP nothing is changed: as curl --unix-socket does\n";
    struct rig rig;
    rig_open(&rig);
    fixture_stop(rig.fixture);
    snprintf(rig.socket, sizeof(rig.socket), "127.0.0.1:%u", port_reserve());
    rig.fixture = fixture_start(rig.socket);
    rig_serve(&rig, "GET /status", "usual.json");
    fixture_set(rig.fixture, "POST /reload", 403, words);
    fixture_set(rig.fixture, "POST /upgrade", 403, words);
    fixture_set(rig.fixture, "POST /drain?endpoint=10.0.1.7%3A3000", 403, words);
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        struct outcome outcome = rig_run(&rig, asked[i]);
        ck_assert_uint_eq(outcome_lines(outcome.errors), 1);
        ck_assert_ptr_null(strstr(outcome.errors, "curl"));
        ck_assert_ptr_nonnull(strstr(outcome.errors, rig.socket));
        rig_expect(outcome, 1, "answers questions|-s PATH|/run/redial/admin.sock");
    }
    fixture_set(rig.fixture, "POST /reload", 422, "line 3: what?\n");
    rig_expect(rig_run(&rig, "reload"), 1, "line 3: what?");
    fixture_set(rig.fixture, "GET /config", 403, "this host is not served here\n");
    rig_expect(rig_run(&rig, "config"), 1, "not served here");
    rig_close(&rig);
}
END_TEST

START_TEST(full_disk_is_told)
{
    static const char *const asked[] = {"config", "--help", "--version"};
    struct rig rig;
    rig_open(&rig);
    fixture_set(rig.fixture, "GET /config", 200, "[redial]\n");
    char command[300];
    snprintf(command, sizeof(command), "%s -s %s %s >/dev/full", rig_program(), rig.socket,
             asked[_i]);
    const char *words[] = {"-c", command, NULL};
    rig_expect(outcome_run_program("/bin/sh", NULL, words), 1, "cannot be written|space");
    rig_close(&rig);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ctl requests");
    BED_TEST(suite, command_is_one_request, ROWS, 20);
    BED_TEST(suite, refusal_is_told, ROWS, 30);
    BED_TEST(suite, upgrade_is_waited_for, 1, 20);
    BED_TEST(suite, failed_upgrade_is_told, 1, 20);
    BED_TEST(suite, upgrade_after_which_nobody_answers_is_told, SILENCES, 20);
    BED_TEST(suite, upgrade_that_is_not_shown_is_not_waited_for, 1, 20);
    BED_TEST(suite, only_upstream_need_not_be_named, 1, 20);
    BED_TEST(suite, unknown_upstream_is_told, 1, 20);
    BED_TEST(suite, command_line_is_checked, USES, 20);
    BED_TEST(suite, long_path_is_told, 1, 20);
    BED_TEST(suite, address_in_place_of_a_path, 1, 20);
    BED_TEST(suite, changes_over_tcp_are_refused, 1, 20);
    BED_TEST(suite, full_disk_is_told, 3, 20);
    return bed_main(suite);
}
