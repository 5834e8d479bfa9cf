/* watch: on a terminal of its own, and where there is none. */
#include "bed.h"
#include "rig.h"
#include "terminal.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONG = 10000 };

struct stage {
    struct rig rig;
    struct terminal *terminal;
};

/* The document of fixtures/usual.json, `seconds` later: name has opened 12 connections more each
 * second, and three connects to it have failed. */
static void serve_later(struct rig *rig, int seconds)
{
    json_t *all = json_load_file(rig_path("fixtures/usual.json"), 0, NULL);
    ck_assert_ptr_nonnull(all);
    json_t *name = json_array_get(json_object_get(all, "upstreams"), 0);
    json_object_set_new(all, "uptime", json_real(1000 + seconds));
    json_object_set_new(json_object_get(name, "connections"), "opened",
                        json_integer(1200 + 12 * seconds));
    json_object_set_new(json_object_get(name, "connects"), "failed",
                        json_integer(10 + 3 * seconds));
    json_object_set_new(json_object_get(name, "ended"), "deadline", json_integer(2 + seconds));
    char *text = json_dumps(all, 0);
    fixture_set(rig->fixture, "GET /status", 200, text);
    free(text);
    json_decref(all);
}

static void start(struct stage *stage, int width, int height)
{
    rig_open(&stage->rig);
    serve_later(&stage->rig, 0);
    setenv("LC_ALL", "C.UTF-8", 1);
    setenv("TERM", "xterm", 1);
    const char *words[] = {rig_program(), "-s", stage->rig.socket, "watch", NULL};
    stage->terminal = terminal_start(words, width, height);
}

static void finish(struct stage *stage)
{
    const char *unknown = terminal_unknown(stage->terminal);
    ck_assert_msg(unknown == NULL, "the terminal does not know %s", unknown);
    terminal_stop(stage->terminal);
    rig_close(&stage->rig);
}

static void see(struct stage *stage, const char *words)
{
    if (!terminal_wait(stage->terminal, words, limit_ms(LONG))) {
        char *text = terminal_text(stage->terminal);
        ck_abort_msg("no \"%s\" in:\n%s", words, text);
    }
}

/* Nothing is left of it, but what was there before. */
static void expect_restored(struct stage *stage)
{
    ck_assert(!terminal_is_alternate(stage->terminal));
    ck_assert(terminal_shows_cursor(stage->terminal));
    ck_assert(terminal_wraps(stage->terminal));
    ck_assert(terminal_echoes(stage->terminal));
}

static void expect_exit(struct stage *stage, int status)
{
    ck_assert_int_eq(terminal_wait_exit(stage->terminal, limit_ms(LONG)), status);
    expect_restored(stage);
}

/* Each line is whole, so the screen has not moved up. */
START_TEST(picture_fills_80_by_24)
{
    struct stage stage;
    start(&stage, 80, 24);
    see(&stage, "q quits");
    ck_assert(terminal_is_alternate(stage.terminal));
    ck_assert(!terminal_shows_cursor(stage.terminal));
    ck_assert(!terminal_echoes(stage.terminal));
    serve_later(&stage.rig, 1);
    see(&stage, "new/s           12|errors/s         1|redials/s        3");
    ck_assert_ptr_nonnull(strstr(terminal_line(stage.terminal, 0), "redial 0.1.0, pid 4242, "));
    ck_assert_ptr_nonnull(strstr(terminal_line(stage.terminal, 0), "22:19:06 UTC"));
    ck_assert_ptr_nonnull(strstr(terminal_line(stage.terminal, 1), "37 of 9979 connections"));
    ck_assert_str_eq(terminal_line(stage.terminal, 23), "q quits");
    see(&stage, "orders-api|none|10.0.1.8:3000|ejected for 1.8s, timed-out|draining");
    terminal_type(stage.terminal, "q");
    expect_exit(&stage, 0);
    finish(&stage);
}
END_TEST

static const struct {
    int width;
    int height;
    const char *words;
} sizes[] = {
    {120, 40, "q quits|new/s|LAST MINUTE"},
    {80, 15, "q quits|UPSTREAM|10.0.1.7:3000"},
    {40, 24, "q quits|new/s|redial 0.1.0"},
    {80, 8, "q quits, arrows scroll: lines 1 to 4 of 8"},
    {7, 3, "q quits"},
    {1, 1, "q"},
};
enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

START_TEST(any_size_is_filled)
{
    struct stage stage;
    start(&stage, 80, 24);
    see(&stage, "q quits");
    terminal_resize(stage.terminal, sizes[_i].width, sizes[_i].height);
    see(&stage, sizes[_i].words);
    ck_assert_int_eq(terminal_line(stage.terminal, sizes[_i].height - 1)[0], 'q');
    if (sizes[_i].width >= 20 && sizes[_i].height >= 8) {
        ck_assert_int_eq(strncmp(terminal_line(stage.terminal, 0), "redial 0.1.0", 12), 0);
    }
    terminal_type(stage.terminal, "q");
    expect_exit(&stage, 0);
    finish(&stage);
}
END_TEST

START_TEST(list_is_scrolled)
{
    static const struct {
        const char *keys;
        const char *words;
    } steps[] = {
        {"\033[B", "lines 2 to 5 of 8"},  {"j", "lines 3 to 6 of 8"},
        {"\033OA", "lines 2 to 5 of 8"},  {"k", "lines 1 to 4 of 8"},
        {"k", "lines 1 to 4 of 8"},       {" ", "lines 5 to 8 of 8"},
        {"j", "lines 5 to 8 of 8"},       {"b", "lines 1 to 4 of 8"},
        {"\033[6~", "lines 5 to 8 of 8"}, {"\033[5~", "lines 1 to 4 of 8"},
        {"x\033y", "lines 1 to 4 of 8"},
    };
    struct stage stage;
    start(&stage, 80, 8);
    see(&stage, "lines 1 to 4 of 8");
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        terminal_type(stage.terminal, steps[i].keys);
        see(&stage, steps[i].words);
    }
    terminal_type(stage.terminal, "q");
    expect_exit(&stage, 0);
    finish(&stage);
}
END_TEST

static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGSEGV, SIGABRT};
enum { SIGNALS = sizeof(signals) / sizeof(signals[0]) };

/* The terminal is as it was, and the exit status tells the signal. */
START_TEST(signal_restores_the_terminal)
{
    struct stage stage;
    start(&stage, 80, 24);
    see(&stage, "q quits");
    terminal_signal(stage.terminal, signals[_i]);
    expect_exit(&stage, 128 + signals[_i]);
    finish(&stage);
}
END_TEST

START_TEST(interrupt_key_ends_it)
{
    struct stage stage;
    start(&stage, 80, 24);
    see(&stage, "q quits");
    terminal_type(stage.terminal, "\x03");
    expect_exit(&stage, 128 + SIGINT);
    finish(&stage);
}
END_TEST

START_TEST(suspended_and_resumed)
{
    struct stage stage;
    start(&stage, 80, 24);
    see(&stage, "q quits");
    terminal_signal(stage.terminal, SIGTSTP);
    ck_assert(terminal_wait_stopped(stage.terminal, limit_ms(LONG)));
    expect_restored(&stage);
    terminal_signal(stage.terminal, SIGCONT);
    see(&stage, "q quits");
    ck_assert(terminal_is_alternate(stage.terminal));
    ck_assert(!terminal_echoes(stage.terminal));
    terminal_type(stage.terminal, "q");
    expect_exit(&stage, 0);
    finish(&stage);
}
END_TEST

/* What was seen last stays, and redial is found again when it is back. */
START_TEST(redial_goes_and_comes_back)
{
    struct stage stage;
    start(&stage, 80, 24);
    see(&stage, "10.0.1.7:3000|37 of 9979");
    fixture_stop(stage.rig.fixture);
    see(&stage, "10.0.1.7:3000|redial cannot be reached at");
    stage.rig.fixture = fixture_start(stage.rig.socket);
    fixture_set_hanging(stage.rig.fixture, "GET /status", "");
    ck_assert(fixture_wait(stage.rig.fixture, 1, limit_ms(LONG)));
    terminal_type(stage.terminal, "j"); /* keys work while an answer is out */
    fixture_stop(stage.rig.fixture);
    stage.rig.fixture = fixture_start(stage.rig.socket);
    serve_later(&stage.rig, -900); /* started anew */
    see(&stage, "37 of 9979|new/s            -");
    terminal_type(stage.terminal, "q");
    expect_exit(&stage, 0);
    finish(&stage);
}
END_TEST

START_TEST(hostile_text_is_shown_and_not_obeyed)
{
    struct stage stage;
    start(&stage, 80, 24);
    see(&stage, "10.0.1.7:3000");
    rig_serve(&stage.rig, "GET /status", "hostile.json");
    see(&stage, "redial 0.1.0?[31m|?[2J?[Hn|10.0.0.1:80?[5m");
    ck_assert(terminal_is_alternate(stage.terminal));
    ck_assert_str_eq(terminal_line(stage.terminal, 23), "q quits");
    terminal_type(stage.terminal, "q");
    expect_exit(&stage, 0);
    finish(&stage);
}
END_TEST

START_TEST(without_redial_it_does_not_begin)
{
    struct stage stage;
    rig_open(&stage.rig);
    fixture_stop(stage.rig.fixture);
    const char *words[] = {rig_program(), "-s", stage.rig.socket, "watch", NULL};
    stage.terminal = terminal_start(words, 80, 24);
    see(&stage, "redial cannot be reached at");
    ck_assert_int_eq(terminal_wait_exit(stage.terminal, limit_ms(LONG)), 3);
    stage.rig.fixture = NULL;
    finish(&stage);
}
END_TEST

/* --- colour ---------------------------------------------------------------------------------- */

/* Variables, and whether there is colour on a terminal. */
static const struct {
    const char *term;
    const char *no_color;
    bool coloured;
} tastes[] = {
    {"xterm", NULL, true}, {"xterm", "", true}, {"xterm", "1", false},
    {"dumb", NULL, false}, {"", NULL, false},
};
enum { TASTES = sizeof(tastes) / sizeof(tastes[0]) };

START_TEST(colour_is_where_it_is_wanted)
{
    struct stage stage;
    rig_open(&stage.rig);
    serve_later(&stage.rig, 0);
    setenv("TERM", tastes[_i].term, 1);
    unsetenv("NO_COLOR");
    if (tastes[_i].no_color != NULL) {
        setenv("NO_COLOR", tastes[_i].no_color, 1);
    }
    const char *words[] = {rig_program(), "-s", stage.rig.socket, "endpoints", NULL};
    stage.terminal = terminal_start(words, 80, 24);
    ck_assert_int_eq(terminal_wait_exit(stage.terminal, limit_ms(LONG)), 0);
    see(&stage, "10.0.1.8:3000   ejected, timed-out     1.8s");
    ck_assert_int_eq(terminal_colours(stage.terminal) > 0, tastes[_i].coloured);
    finish(&stage);
}
END_TEST

/* --- without a terminal ---------------------------------------------------------------------- */

START_TEST(lines_where_there_is_no_terminal)
{
    struct rig rig;
    rig_open(&rig);
    serve_later(&rig, 0);
    const char *words[] = {"-s", rig.socket, "watch", NULL};
    struct daemon_options options = {.program = rig_program(), .arguments = words};
    struct daemon *daemon = daemon_start(&options);
    ck_assert(fixture_wait(rig.fixture, 1, limit_ms(LONG)));
    serve_later(&rig, 1);
    ck_assert(fixture_wait(rig.fixture, 2, limit_ms(LONG)));
    serve_later(&rig, 3);
    ck_assert(fixture_wait(rig.fixture, 4, limit_ms(LONG))); /* the third look has been printed */
    daemon_signal(daemon, SIGTERM);
    ck_assert_int_eq(daemon_wait_exit(daemon, limit_ms(LONG)), 128 + SIGTERM);
    char *output = daemon_output(daemon);
    static const char wanted[] =
        "22:19:06 new/s 12 active 37 errors/s 1 redials/s 3 p99 312ms up 3/5\n"
        "22:19:06 new/s 12 active 37 errors/s 1 redials/s 3 p99 312ms up 3/5\n";
    ck_assert_msg(strncmp(output, wanted, strlen(wanted)) == 0, "%s", output);
    free(output);
    daemon_stop(daemon);
    rig_close(&rig);
}
END_TEST

/* A terminal that knows no codes gets none, and keeps its keys. */
START_TEST(lines_where_the_terminal_is_dumb)
{
    static const char *const terms[] = {"dumb", "", NULL};
    struct stage stage;
    rig_open(&stage.rig);
    serve_later(&stage.rig, 0);
    if (terms[_i] != NULL) {
        setenv("TERM", terms[_i], 1);
    } else {
        unsetenv("TERM");
    }
    const char *words[] = {rig_program(), "-s", stage.rig.socket, "watch", NULL};
    stage.terminal = terminal_start(words, 80, 24);
    ck_assert(fixture_wait(stage.rig.fixture, 1, limit_ms(LONG)));
    serve_later(&stage.rig, 1);
    see(&stage, "new/s 12 active 37 errors/s 1 redials/s 3");
    ck_assert_int_eq(strncmp(terminal_line(stage.terminal, 0), "22:19:06 new/s", 14), 0);
    expect_restored(&stage);
    ck_assert_uint_eq(terminal_colours(stage.terminal), 0);
    terminal_type(stage.terminal, "\x03");
    expect_exit(&stage, 128 + SIGINT);
    finish(&stage);
}
END_TEST

START_TEST(json_lines_are_whole_documents)
{
    struct rig rig;
    rig_open(&rig);
    rig_serve(&rig, "GET /status", "hostile.json");
    const char *words[] = {"-s", rig.socket, "watch", "--json", NULL};
    struct daemon_options options = {.program = rig_program(), .arguments = words};
    struct daemon *daemon = daemon_start(&options);
    ck_assert(fixture_wait(rig.fixture, 2, limit_ms(LONG)));
    daemon_signal(daemon, SIGTERM);
    daemon_wait_exit(daemon, limit_ms(LONG));
    char *output = daemon_output(daemon);
    output[strcspn(output, "\n")] = '\0';
    json_t *here = json_loads(output, 0, NULL);
    json_t *there = json_load_file(rig_path("fixtures/hostile.json"), 0, NULL);
    ck_assert(json_equal(here, there));
    json_decref(here);
    json_decref(there);
    free(output);
    daemon_stop(daemon);
    rig_close(&rig);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ctl watch");
    BED_TEST(suite, picture_fills_80_by_24, 1, 30);
    BED_TEST(suite, any_size_is_filled, SIZES, 30);
    BED_TEST(suite, list_is_scrolled, 1, 30);
    BED_TEST(suite, signal_restores_the_terminal, SIGNALS, 30);
    BED_TEST(suite, interrupt_key_ends_it, 1, 30);
    BED_TEST(suite, suspended_and_resumed, 1, 30);
    BED_TEST(suite, redial_goes_and_comes_back, 1, 30);
    BED_TEST(suite, hostile_text_is_shown_and_not_obeyed, 1, 30);
    BED_TEST(suite, without_redial_it_does_not_begin, 1, 30);
    BED_TEST(suite, colour_is_where_it_is_wanted, TASTES, 20);
    BED_TEST(suite, lines_where_there_is_no_terminal, 1, 30);
    BED_TEST(suite, lines_where_the_terminal_is_dumb, 3, 30);
    BED_TEST(suite, json_lines_are_whole_documents, 1, 30);
    return bed_main(suite);
}
