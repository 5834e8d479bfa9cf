/* What status, endpoints and explain print, to the letter: tests/ctl/golden has it. With
 * REDIAL_GOLDEN=write the files are written anew, to be looked at before they are committed. */
#include "bed.h"
#include "die.h"
#include "rig.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 80 };

/* A command, what it is answered, the file of what it is to print. */
static const struct {
    const char *words;
    const char *status;  /* GET /status */
    const char *explain; /* GET /explain… */
    const char *locale;
    const char *golden;
} rows[] = {
    {"status", "usual.json", NULL, "C.UTF-8", "status-usual.txt"},
    {"status", "hostile.json", NULL, "C.UTF-8", "status-hostile.txt"},
    {"status", "hostile.json", NULL, "C", "status-hostile-ascii.txt"},
    {"status", "nulls.json", NULL, "C.UTF-8", "status-nulls.txt"},
    {"status --json", "hostile.json", NULL, "C.UTF-8", "status-hostile-json.txt"},
    {"endpoints", "usual.json", NULL, "C.UTF-8", "endpoints-usual.txt"},
    {"endpoints name", "usual.json", NULL, "C.UTF-8", "endpoints-name.txt"},
    {"endpoints db --json", "usual.json", NULL, "C.UTF-8", "endpoints-db-json.txt"},
    {"endpoints", "hostile.json", NULL, "C.UTF-8", "endpoints-hostile.txt"},
    {"endpoints", "nulls.json", NULL, "C.UTF-8", "endpoints-nulls.txt"},
    {"endpoints", "forty", NULL, "C.UTF-8", "endpoints-forty.txt"},
    {"explain name", "usual.json", "usual-explain.json", "C.UTF-8", "explain-usual.txt"},
    {"explain orders-api", "usual.json", "held-explain.json", "C.UTF-8", "explain-held.txt"},
    {"explain x", "hostile.json", "hostile-explain.json", "C.UTF-8", "explain-hostile.txt"},
    {"explain", "nulls.json", "nulls.json", "C.UTF-8", "explain-nulls.txt"},
    {"explain", "forty", "forty", "C.UTF-8", "explain-forty.txt"},
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* An upstream with 40 endpoints, in tiers and with weights; both documents in one. */
static char *forty(void)
{
    static const char *const states[] = {"up", "up", "up", "ejected", "failing-checks"};
    json_t *endpoints = json_array();
    for (int i = 0; i < 40; i++) {
        char address[40];
        snprintf(address, sizeof(address), "10.0.%d.%d:%d", i / 16, 100 + i, 30000 + i);
        bool ejected = i % 5 == 3;
        json_array_append_new(endpoints,
                              json_pack("{s:s,s:i,s:i,s:s,s:s?,s:o,s:i,s:f,s:f,s:s}", "address",
                                        address, "tier", i / 30, "weight", 1 + i % 3 * 5, "state",
                                        states[i % 5], "reason", ejected ? "refused" : NULL,
                                        "back_in", ejected ? json_real(0.3 * i) : json_null(),
                                        "active", i * i, "share", 1 / 40.0, "connect_time",
                                        i / 9000.0, "member", i % 7 == 0 ? "absent" : "present"));
    }
    json_t *all =
        json_pack("{s:s,s:i,s:s,s:s,s:[s],s:O,s:[{s:s,s:s,s:f}],s:[{s:s,s:b,s:s,s:O}]}", "version",
                  "0.1.0", "pid", 1, "upstream", "forty", "now", "2026-11-25T22:19:06.623Z",
                  "target", "forty.internal:30000", "endpoints", endpoints, "questions", "name",
                  "forty.internal", "type", "A", "due_in", 0.25, "upstreams", "name", "forty",
                  "ready", 1, "balance", "least-connections", "endpoints", endpoints);
    char *text = json_dumps(all, 0);
    json_decref(all);
    json_decref(endpoints);
    return text;
}

static void serve(struct rig *rig, const char *request, const char *name)
{
    if (strcmp(name, "forty") != 0) {
        rig_serve(rig, request, name);
        return;
    }
    char *text = forty();
    fixture_set(rig->fixture, request, 200, text);
    free(text);
}

static void compare(const char *path, const char *text)
{
    const char *mode = getenv("REDIAL_GOLDEN");
    char *golden = NULL;
    size_t size = 0;
    if (mode != NULL && strcmp(mode, "write") == 0) {
        FILE *file = fopen(path, "we");
        ck_assert_ptr_nonnull(file);
        fputs(text, file);
        fclose(file);
    }
    FILE *file = fopen(path, "re");
    ck_assert_msg(file != NULL, "%s is not there", path);
    ck_assert_int_gt(getdelim(&golden, &size, '\0', file), 0);
    fclose(file);
    ck_assert_msg(strcmp(golden, text) == 0, "not as %s has it:\n%s", path, text);
    free(golden);
}

/* No line is wider than the page, and no byte steers a terminal. In UTF-8 a line has as many
 * columns as bytes that do not go on; the wide letters of the fixtures are few and stand in short
 * lines. */
static void look_at_lines(const char *text)
{
    size_t column = 0;
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        ck_assert_msg(byte >= ' ' || byte == '\n', "a control byte 0x%02x in:\n%s", byte, text);
        ck_assert_msg(byte != 0x7f, "DEL in:\n%s", text);
        ck_assert_msg(byte != 0xc2 || (unsigned char)at[1] >= 0xa0, "a C1 control in:\n%s", text);
        column = byte == '\n' ? 0 : column + ((byte & 0xc0) != 0x80);
        ck_assert_msg(column <= WIDTH, "a line of more than %d columns in:\n%s", WIDTH, text);
        ck_assert_msg(byte != '\n' || at == text || at[-1] != ' ', "blanks at an end in:\n%s",
                      text);
    }
}

START_TEST(output_is_as_agreed)
{
    struct rig rig;
    rig_open(&rig);
    setenv("LC_ALL", rows[_i].locale, 1);
    setenv("TERM", "xterm", 1);
    serve(&rig, "GET /status", rows[_i].status);
    if (rows[_i].explain != NULL) {
        const char *name = strchr(rows[_i].words, ' ');
        char request[80];
        snprintf(request, sizeof(request), "GET /explain%s%s", name != NULL ? "?upstream=" : "",
                 name != NULL ? name + 1 : "");
        serve(&rig, request, rows[_i].explain);
    }
    struct outcome outcome = rig_run(&rig, rows[_i].words);
    if (strstr(rows[_i].words, "--json") == NULL) {
        look_at_lines(outcome.output);
    }
    compare(rig_path("golden/%s", rows[_i].golden), outcome.output);
    rig_expect(outcome, 0, "");
    rig_close(&rig);
}
END_TEST

/* The JSON that is passed on says the same as that which came. */
START_TEST(json_is_passed_on)
{
    static const char *const names[] = {"usual.json", "hostile.json", "nulls.json"};
    struct rig rig;
    rig_open(&rig);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        rig_serve(&rig, "GET /status", names[i]);
        struct outcome outcome = rig_run(&rig, "--json status");
        json_t *there = json_load_file(rig_path("fixtures/%s", names[i]), 0, NULL);
        json_t *here = json_loads(outcome.output, 0, NULL);
        ck_assert_ptr_nonnull(there);
        ck_assert(json_equal(here, there));
        json_decref(here);
        json_decref(there);
        for (const char *at = outcome.output; *at != '\0'; at++) {
            ck_assert((*at >= ' ' && *at < 0x7f) || *at == '\n');
        }
        rig_expect(outcome, 0, "");
    }
    rig_close(&rig);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ctl tables");
    BED_TEST(suite, output_is_as_agreed, ROWS, 20);
    BED_TEST(suite, json_is_passed_on, 1, 20);
    return bed_main(suite);
}
