#include <config.h>

#include <getopt.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ctl/action.h"
#include "ctl/client.h"
#include "ctl/endpoints.h"
#include "ctl/explain.h"
#include "ctl/ready.h"
#include "ctl/status.h"
#include "ctl/style.h"
#include "ctl/upgrade.h"
#include "ctl/watch.h"

#define TIMEOUT (5 * USEC_PER_SEC)
#define SECONDS_MOST 86400

static const struct command {
    const char *name, *arguments, *help;
    int least, most; /* arguments */
    bool json;
    int (*run)(const struct client *client, char **arguments);
} commands[] = {
    {"status", "", "the process, and a row an upstream", 0, 0, true, status_run},
    {"endpoints", " [UPSTREAM]", "each address: its state, why, and when it is back", 0, 1, true,
     endpoints_run},
    {"explain", " [UPSTREAM]", "what DNS said, and why each address is in or out", 0, 1, true,
     explain_run},
    {"watch", "", "a live view; q quits", 0, 0, true, watch_run},
    {"resolve", " [UPSTREAM]", "ask DNS for it at once", 0, 1, false, action_resolve},
    {"drain", " ENDPOINT [UPSTREAM]", "no new connections to ADDRESS:PORT", 1, 2, false,
     action_drain},
    {"undrain", " ENDPOINT [UPSTREAM]", "new connections again", 1, 2, false, action_undrain},
    {"reload", "", "read the configuration again", 0, 0, false, action_reload},
    {"upgrade", "", "start the installed binary in place of the running one", 0, 0, false,
     upgrade_run},
    {"config", "", "print the configuration in use, with all defaults", 0, 0, false, action_config},
    {"log-level", " LEVEL", "error, warning, info or debug, until the next reload", 1, 1, false,
     action_log_level},
    {"ready", "", "exit with 0 if every upstream has an address", 0, 0, false, ready_run},
    {"healthy", "", "exit with 0 if every thread of it turns", 0, 0, false, healthy_run},
};

enum { OPTION_JSON = 256, OPTION_TIMEOUT, OPTION_WAIT };

static void print_help(void)
{
    fputs("Usage: redialctl [OPTION]... COMMAND\n"
          "Shows what a running redial does, and has it do something.\n"
          "\n",
          stdout);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        char synopsis[64];
        snprintf(synopsis, sizeof synopsis, "%s%s", commands[i].name, commands[i].arguments);
        printf("  %-29s %s\n", synopsis, commands[i].help);
    }
    fputs("\n"
          "UPSTREAM may be left out where there is only one.\n"
          "\n"
          "  -s, --socket SOCKET  PATH, unix:PATH or HOST:PORT of redial's admin listener\n"
          "                       (default " PLACE_DEFAULT ", or what the variable\n"
          "                       REDIALCTL_SOCKET names)\n"
          "      --json           of status, endpoints, explain and watch: JSON\n"
          "      --wait S         of ready: wait so many seconds for it\n"
          "      --timeout S      so many seconds for an answer (default 5)\n"
          "  -V, --version        print the version and exit\n"
          "  -h, --help           print this and exit\n"
          "\n"
          "Exit status: 0 done; 1 redial said no, or is not ready; 2 wrong usage; 3 redial\n"
          "cannot be reached.\n",
          stdout);
}

/* --- options --------------------------------------------------------------------------------- */

static bool parse_seconds(const char *text, usec_t *ret_span)
{
    char *end;
    double seconds = strtod(text, &end);
    bool digit = *text >= '0' && *text <= '9';
    if (!digit || (*end && strcmp(end, "s") != 0) || !(seconds <= SECONDS_MOST))
        return false;
    *ret_span = (usec_t)(seconds * (double)USEC_PER_SEC);
    return true;
}

static int take_socket(struct client *client, const char *text)
{
    const char *why;
    place_clear(&client->place);
    if (place_parse(text, &client->place, &why) == 0)
        return -1;
    struct text line = {0};
    text_add(&line, "%s, ", text);
    text_add(&line, "%s", why);
    int status = client_misuse("no such socket", text_string(&line));
    text_clear(&line);
    return status;
}

/* Returns -1 to go on, or the exit status. */
static int take_option(struct client *client, int letter)
{
    switch (letter) {
    case 's':
        return take_socket(client, optarg);
    case OPTION_JSON:
        client->json = true;
        return -1;
    case OPTION_TIMEOUT:
        return parse_seconds(optarg, &client->timeout) && client->timeout > 0
                   ? -1
                   : client_misuse("--timeout wants seconds, such as 5 or 0.5, not", optarg);
    case OPTION_WAIT:
        return parse_seconds(optarg, &client->wait)
                   ? -1
                   : client_misuse("--wait wants seconds, such as 30, not", optarg);
    case 'V':
        puts("redialctl " PACKAGE_VERSION);
        return client_print(&(struct text){0});
    case 'h':
        print_help();
        return client_print(&(struct text){0});
    default:
        fputs("redialctl --help lists the options\n", stderr);
        return CLIENT_USAGE;
    }
}

static int parse_options(struct client *client, int argc, char **argv)
{
    static const struct option names[] = {
        {"socket", required_argument, NULL, 's'},
        {"json", no_argument, NULL, OPTION_JSON},
        {"wait", required_argument, NULL, OPTION_WAIT},
        {"timeout", required_argument, NULL, OPTION_TIMEOUT},
        {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int letter, status;
    while ((letter = getopt_long(argc, argv, "s:Vh", names, NULL)) >= 0)
        if ((status = take_option(client, letter)) >= 0)
            return status;
    return -1;
}

/* --- commands -------------------------------------------------------------------------------- */

/* Lines are made for 80 columns, or for a terminal of any other width, within reason. */
static size_t line_width(void)
{
    struct winsize size;
    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return 80;
    return size.ws_col < 40 ? 40 : size.ws_col > 160 ? 160 : size.ws_col;
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* Where redial is, if no option said so. Returns -1 to go on, or the exit status. */
static int take_default_socket(struct client *client)
{
    const char *variable = getenv("REDIALCTL_SOCKET");
    if (client->place.path || client->place.host)
        return -1;
    return take_socket(client, variable && *variable ? variable : PLACE_DEFAULT);
}

static int run_command(struct client *client, int count, char **words)
{
    const struct command *command = count > 0 ? find_command(words[0]) : NULL;
    if (!command)
        return client_misuse(count > 0 ? "unknown command" : "which command",
                             count > 0 ? words[0] : NULL);
    if (count - 1 < command->least)
        return client_misuse("something is missing after", command->name);
    if (count - 1 > command->most)
        return client_misuse("one word too many", words[1 + command->most]);
    for (int i = 1; i < count; i++)
        if (!*words[i])
            return client_misuse("an empty word after", command->name);
    if (client->json && !command->json)
        return client_misuse("--json is for status, endpoints, explain and watch, not for",
                             command->name);
    if (client->wait >= 0 && command->run != ready_run)
        return client_misuse("--wait is for ready, not for", command->name);
    int status = take_default_socket(client);
    return status < 0 ? command->run(client, words + 1) : status;
}

int main(int argc, char **argv)
{
    struct client client = {.timeout = TIMEOUT, .wait = -1};
    text_setup();
    style_setup(STDOUT_FILENO);
    client.width = line_width();
    int status = parse_options(&client, argc, argv);
    if (status < 0)
        status = run_command(&client, argc - optind, argv + optind);
    place_clear(&client.place);
    return status;
}
