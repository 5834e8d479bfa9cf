#include "play.h"

#include "screen.h"
#include "traffic.h"

#include "tests/lib/daemon.h"
#include "tests/lib/dns_script.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LOOK_MS = 200, SEND_DEFAULT = 100, SEND_MAX = 100000, TTL_MAX = 300 };

struct player {
    struct stage *stage;
    size_t log_shown; /* bytes of redial's log that were printed */
    char input[256];  /* an unfinished line */
    size_t input_length;
    bool input_ended;
    bool quit;
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

/* --- the commands: each gets its argument, -1 without one --- */

static void do_send(struct player *player, long argument)
{
    struct traffic traffic = {0};
    unsigned count = argument < 0 ? SEND_DEFAULT : (unsigned)argument;
    traffic_send(&traffic, player->stage, count, 0);
    screen_say("%u sent, %u failed", traffic.sent, traffic.failed);
}

static void do_kill(struct player *player, long argument)
{
    stage_kill_backend(player->stage, (int)argument);
    screen_say("backend %ld is dead; its address stays in the DNS", argument);
}

static void do_start(struct player *player, long argument)
{
    stage_start_backend(player->stage, (int)argument);
    screen_say("backend %ld runs", argument);
}

static void show_record(const struct stage *stage)
{
    char record[256];
    stage_record(stage, record, sizeof(record));
    screen_say("the DNS says: " STAGE_NAME "  %u  A  %s", stage->ttl,
               record[0] != '\0' ? record : "(no such name)");
}

static void do_add(struct player *player, long argument)
{
    stage_start_backend(player->stage, (int)argument);
    stage_publish(player->stage, (char[]){(char)('0' + argument), '\0'}, "");
    show_record(player->stage);
}

static void do_remove(struct player *player, long argument)
{
    stage_publish(player->stage, "", (char[]){(char)('0' + argument), '\0'});
    show_record(player->stage);
}

static void do_ttl(struct player *player, long argument)
{
    player->stage->ttl = (unsigned)argument;
    stage_publish(player->stage, "", "");
    show_record(player->stage);
}

static void do_silence(struct player *player, long argument)
{
    (void)argument;
    dns_script_set_all(player->stage->dns, DNS_ANSWER_SILENCE);
    screen_say("the DNS server answers nobody any more; \"answer\" ends that");
}

static void do_answer(struct player *player, long argument)
{
    (void)argument;
    dns_script_set_all(player->stage->dns, DNS_ANSWER_RECORDS);
    screen_say("the DNS server answers again");
}

static void do_quit(struct player *player, long argument)
{
    (void)argument;
    player->quit = true;
}

static void do_help(struct player *player, long argument);

static const struct command {
    const char *name;
    const char *argument; /* how it is called; NULL: there is none */
    long least;           /* -1: it can be left out */
    long most;
    void (*run)(struct player *player, long argument);
    const char *help;
} commands[] = {
    {"send", "[COUNT]", -1, SEND_MAX, do_send, "sends requests through redial: who answers?"},
    {"kill", "N", 1, STAGE_BACKENDS, do_kill, "kills backend N; the DNS still has it"},
    {"start", "N", 1, STAGE_BACKENDS, do_start, "starts it again"},
    {"add", "N", 1, STAGE_BACKENDS, do_add, "starts backend N and puts it into the DNS"},
    {"remove", "N", 1, STAGE_BACKENDS, do_remove, "takes its address out of the DNS"},
    {"ttl", "SECONDS", 0, TTL_MAX, do_ttl, "changes the record's time to live"},
    {"silence", NULL, 0, 0, do_silence, "the DNS server stops answering"},
    {"answer", NULL, 0, 0, do_answer, "... and answers again"},
    {"help", NULL, 0, 0, do_help, "this list"},
    {"quit", NULL, 0, 0, do_quit, "ends everything, as Ctrl-C does"},
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void do_help(struct player *player, long argument)
{
    (void)player;
    (void)argument;
    for (int i = 0; i < COMMANDS; i++) {
        char call[64];
        snprintf(call, sizeof(call), "%s %s", commands[i].name,
                 commands[i].argument != NULL ? commands[i].argument : "");
        screen_say("%-14s %s", call, commands[i].help);
    }
}

/* Reads the argument a command wants: false when it is missing, too much or out of range. */
static bool read_argument(const struct command *command, const char *text, long *argument)
{
    char *end;
    *argument = -1;
    if (text == NULL || command->argument == NULL) {
        return text == NULL && (command->argument == NULL || command->least < 0);
    }
    *argument = strtol(text, &end, 10);
    return end != text && *end == '\0' && *argument >= (command->least < 0 ? 1 : command->least) &&
           *argument <= command->most;
}

static void obey(struct player *player, char *line)
{
    char *save = NULL;
    const char *name = strtok_r(line, " \t\r", &save);
    const char *text = strtok_r(NULL, " \t\r", &save);
    long argument;
    for (int i = 0; name != NULL && i < COMMANDS; i++) {
        if (strcmp(name, commands[i].name) != 0) {
            continue;
        }
        if (read_argument(&commands[i], text, &argument)) {
            commands[i].run(player, argument);
        } else if (commands[i].argument != NULL) {
            screen_say("%s %s: from %ld to %ld", name, commands[i].argument,
                       commands[i].least < 0 ? 1 : commands[i].least, commands[i].most);
        } else {
            screen_say("%s: without argument", name);
        }
        return;
    }
    if (name != NULL) {
        screen_say("no such command: %s; \"help\" lists them", name);
    }
}

/* --- the loop --- */

static void show_new_log(struct player *player)
{
    char *log = daemon_log(player->stage->redial);
    char *rest = log + player->log_shown;
    char *end;
    while ((end = strchr(rest, '\n')) != NULL) {
        *end = '\0';
        screen_quote("redial: %s", rest);
        rest = end + 1;
    }
    player->log_shown = (size_t)(rest - log);
    free(log);
}

static void read_input(struct player *player)
{
    size_t room = sizeof(player->input) - 1 - player->input_length;
    ssize_t got = read(STDIN_FILENO, player->input + player->input_length, room);
    if (got <= 0) {
        player->input_ended = got == 0 || errno != EINTR;
        return;
    }
    player->input_length += (size_t)got;
    player->input[player->input_length] = '\0';
    char *line = player->input;
    char *end;
    while (!player->quit && (end = strchr(line, '\n')) != NULL) {
        *end = '\0';
        obey(player, line);
        line = end + 1;
    }
    player->input_length = strlen(line);
    if (player->input_length == sizeof(player->input) - 1) {
        player->input_length = 0; /* no command is that long */
    }
    memmove(player->input, line, player->input_length);
}

static void say_hello(struct player *player)
{
    screen_title("All of it goes on running, until Ctrl-C. To play with:");
    screen_say("in another terminal:  curl http://%s/", player->stage->listen);
    screen_say(
        "here, as a line each (try: send; kill 1; send; start 1; add 5; send; silence; send):");
    do_help(player, -1);
    printf("\n");
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

void play(struct stage *stage)
{
    struct player player = {.stage = stage};
    char *log = daemon_log(stage->redial);
    player.log_shown = strlen(log);
    free(log);
    catch_signals();
    say_hello(&player);
    while (!interrupted && !player.quit && daemon_wait_exit(stage->redial, 0) == -ETIMEDOUT) {
        struct pollfd input = {.fd = player.input_ended ? -1 : STDIN_FILENO, .events = POLLIN};
        if (poll(&input, 1, LOOK_MS) > 0) {
            read_input(&player);
        }
        show_new_log(&player);
    }
}
