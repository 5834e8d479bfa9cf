/* Completion in bash and zsh, with the program itself behind it. */
#include "bed.h"
#include "die.h"
#include "rig.h"
#include "terminal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A line up to the cursor, and all that is offered, sorted. %s is the socket. */
static const struct {
    const char *line;
    const char *offers;
} lines[] = {
    {"redialctl re", "ready reload resolve"},
    {"redialctl ", "config drain endpoints explain healthy log-level ready reload resolve status "
                   "undrain upgrade watch"},
    {"redialctl x", ""},
    {"redialctl --", "--help --json --socket --timeout --version --wait"},
    {"redialctl status --j", "--json"},
    {"redialctl -s %s explain ", "db name orders-api"},
    {"redialctl -s %s explain na", "name"},
    {"redialctl --socket=%s resolve o", "orders-api"},
    {"redialctl -s%s endpoints --json d", "db"},
    {"redialctl explain -s %s --timeout 3 d", "db"},
    {"redialctl -s %s explain name ", ""},
    {"redialctl -s %s drain 10.0.3", "10.0.3.4:5432 10.0.3.5:5432"},
    {"redialctl -s %s drain 10.0.1.7:", "3000"},
    {"redialctl -s %s undrain 10.0.1.7:3000 n", "name"},
    {"redialctl -s %s drain 10.0.1.7:3000 name ", ""},
    {"redialctl log-level w", "warning"},
    {"redialctl log-level warning ", ""},
    {"redialctl reload ", ""},
    {"redialctl ready --wait ", ""},
    {"redialctl -s /no/such/socket explain ", ""},
    {"redialctl -s /proc/versio", "/proc/version"},
};
enum { LINES = sizeof(lines) / sizeof(lines[0]) };

/* Sources the completion and asks it; what it offers is printed, sorted, with blanks between. */
static const char script[] =
    "source \"$1\"; COMP_LINE=$2; COMP_POINT=${#2}; complete -p redialctl >/dev/null || exit 9\n"
    "_redialctl\n"
    "((${#COMPREPLY[@]} == 0)) || printf '%s\\n' \"${COMPREPLY[@]}\" | LC_ALL=C sort | "
    "paste -sd ' '\n";

/* Puts the program's folder before the path. */
static void extend_path(void)
{
    char folder[500];
    char *program = realpath(rig_program(), NULL);
    ck_assert_ptr_nonnull(program);
    *strrchr(program, '/') = '\0';
    snprintf(folder, sizeof(folder), "%s:%s", program, getenv("PATH"));
    setenv("PATH", folder, 1);
    free(program);
}

static struct outcome complete(const char *line)
{
    const char *words[] = {
        "--norc", "-c", script, "test", rig_path("../../packaging/completion/bash/redialctl"),
        line,     NULL};
    extend_path();
    return outcome_run_program("bash", NULL, words);
}

static const char *line_of(struct rig *rig, const char *format, char *line, size_t size)
{
    const char *mark = strstr(format, "%s");
    if (mark == NULL) {
        snprintf(line, size, "%s", format);
    } else {
        snprintf(line, size, "%.*s%s%s", (int)(mark - format), format, rig->socket + 5, mark + 2);
    }
    return line;
}

START_TEST(bash_offers)
{
    struct rig rig;
    char line[300];
    char wanted[300];
    rig_open(&rig);
    rig_serve(&rig, "GET /status", "usual.json");
    struct outcome outcome = complete(line_of(&rig, lines[_i].line, line, sizeof(line)));
    snprintf(wanted, sizeof(wanted), "%s%s", lines[_i].offers, *lines[_i].offers ? "\n" : "");
    ck_assert_str_eq(outcome.output, wanted);
    rig_expect(outcome, 0, "");
    rig_close(&rig);
}
END_TEST

/* Names that a shell would run, or that a terminal would obey, are not offered. */
START_TEST(hostile_names_do_nothing)
{
    struct rig rig;
    char line[300];
    char body[900];
    rig_open(&rig);
    const char *trap = tempdir_path(rig.dir);
    snprintf(body, sizeof(body),
             "{\"version\": \"0.1.0\", \"pid\": 45, \"upstreams\": [{\"name\": \"$(touch "
             "%s/run)\"}, {\"name\": \"`touch %s/run`\"}, "
             "{\"name\": \"a;touch %s/run\"}, {\"name\": \"\\u001b[2J\"}, {\"name\": \"x y\"}, "
             "{\"name\": \"*\"}, {\"name\": \"good\", \"questions\": [{\"name\": \"inner\"}]}]}",
             trap, trap, trap);
    fixture_set(rig.fixture, "GET /status", 200, body);
    struct outcome outcome =
        complete(line_of(&rig, "redialctl -s %s explain ", line, sizeof(line)));
    ck_assert_str_eq(outcome.output, "good\n");
    rig_expect(outcome, 0, "");
    snprintf(body, sizeof(body), "%s/run", trap);
    ck_assert_int_ne(access(body, F_OK), 0);
    rig_close(&rig);
}
END_TEST

/* Waits until the line of the screen that begins with the prompt reads so. */
static void see_line(struct terminal *terminal, const char *wanted)
{
    if (!terminal_wait(terminal, wanted, limit_ms(20000))) {
        char *text = terminal_text(terminal);
        ck_abort_msg("no \"%s\" in:\n%s", wanted, text);
    }
}

/* zsh itself, with its own completion system, in a terminal. */
START_TEST(zsh_offers)
{
    struct rig rig;
    if (access("/usr/bin/zsh", X_OK) != 0 && access("/bin/zsh", X_OK) != 0) {
        printf("SKIP: zsh is not installed (package zsh)\n");
        return;
    }
    rig_open(&rig);
    rig_serve(&rig, "GET /status", "usual.json");
    extend_path();
    setenv("TERM", "dumb", 1);
    setenv("HOME", tempdir_path(rig.dir), 1);
    char *folder = realpath(rig_path("../../packaging/completion/zsh"), NULL);
    ck_assert_ptr_nonnull(folder);
    setenv("FOLDER", folder, 1);
    free(folder);
    const char *words[] = {access("/bin/zsh", X_OK) == 0 ? "/bin/zsh" : "/usr/bin/zsh", "-f", "-i",
                           NULL};
    struct terminal *terminal = terminal_start(words, 160, 40);
    terminal_type(terminal, "PS1='@ '; fpath=($FOLDER $fpath); autoload -Uz compinit; compinit -u "
                            "-D; cd /; unsetopt prompt_sp; echo set-$((40 + 2))\n");
    see_line(terminal, "set-42");
    terminal_type(terminal, "redialctl upg\t");
    see_line(terminal, "@ redialctl upgrade");
    char *typed = must_format("\x15redialctl -s %s explain ord\t", rig.socket + 5);
    terminal_type(terminal, typed);
    free(typed);
    see_line(terminal, "explain orders-api");
    typed = must_format("\x15redialctl --socket=%s drain 10.0.1.7\t", rig.socket + 5);
    terminal_type(terminal, typed);
    free(typed);
    see_line(terminal, "drain 10.0.1.7:3000");
    terminal_type(terminal, "\x15redialctl log-level w\t");
    see_line(terminal, "log-level warning");
    terminal_stop(terminal);
    rig_close(&rig);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ctl completion");
    BED_TEST(suite, bash_offers, LINES, 30);
    BED_TEST(suite, hostile_names_do_nothing, 1, 30);
    BED_TEST(suite, zsh_offers, 1, 60);
    return bed_main(suite);
}
