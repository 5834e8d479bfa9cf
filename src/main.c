#include <config.h>

#include <ares.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/admin.h"
#include "base/log.h"
#include "config/load.h"
#include "config/options.h"
#include "daemon/resolve.h"
#include "daemon/server.h"

/* What the command line says beside the configuration. */
struct command {
    struct config_sources sources;
    char **overrides; /* "section.key=value", owned */
    bool check, resolve;
    char **argv;
};

enum {
    OPTION_RESOLVE_NAMES = 256,
    OPTION_ALLOW_EMPTY,
    OPTION_ADMIN,
    OPTION_LOG_LEVEL,
    OPTION_LOG_FORMAT
};

static const struct option_word {
    int letter;
    const char *key; /* the setting that the option stands for */
} option_words[] = {
    {'b', "upstream.balance"},
    {'r', "redial.resolver"},
    {'w', "redial.threads"},
    {OPTION_ADMIN, "redial.admin"},
    {OPTION_LOG_LEVEL, "redial.log-level"},
    {OPTION_LOG_FORMAT, "redial.log-format"},
};

static const char help_text[] =
    "Usage: redial [OPTION]... [LISTEN=TARGET]...\n"
    "A TCP proxy beside an application: it finds a service by DNS, balances over its\n"
    "addresses and dials another one when one fails.\n"
    "\n"
    "  redial 127.0.0.1:3001=name.internal:3000\n"
    "\n"
    "LISTEN  127.0.0.1:PORT, [::1]:PORT, PORT (loopback, both families), unix:PATH, or\n"
    "        systemd:NAME (the sockets of that name, handed over by systemd)\n"
    "TARGET  name:port, srv:_service._proto.name or address:port; several with commas\n"
    "\n"
    "  -c, --config PATH      redial.conf, or the directory that holds it and\n"
    "                         upstreams.d (default " CONFIG_DEFAULT_PATH ")\n"
    "      --allow-empty      files without any upstream are no error: one may come later\n"
    "  -t, --check            read the configuration, print every error, exit 0 or 1\n"
    "      --resolve          with --check: look every target up and print the result\n"
    "  -b, --balance NAME     round-robin, least-connections or random-two\n"
    "  -r, --resolver SERVER  a DNS server, HOST[:PORT]; repeatable\n"
    "  -w, --threads N        worker threads\n"
    "  -o, --set SECTION.KEY=VALUE\n"
    "                         any key of the configuration; repeatable\n"
    "      --admin ADDRESS    where redial is looked at and steered: unix:PATH, loopback\n"
    "                         HOST:PORT (to read alone), or off; repeatable\n"
    "      --log-level LEVEL  error, warning, info or debug\n"
    "      --log-format NAME  text or json\n"
    "  -V, --version          print the version and exit\n"
    "  -h, --help             print this and exit\n"
    "\n"
    "Environment: REDIAL_UPSTREAMS holds LISTEN=TARGET words, REDIAL_SET holds\n"
    "SECTION.KEY=VALUE words. Keys and defaults (NAME.conf: in upstreams.d):\n"
    "\n";

static void print_help(void)
{
    fputs(help_text, stdout);
    for (size_t i = 0; i < option_count; i++) {
        const struct config_option *option = &option_table[i];
        if (i == 0 || strcmp(option->section, option_table[i - 1].section) != 0)
            printf("  [%s]\n", option->section);
        printf("    %-16s %s", option->key, option->help);
        if (option->default_text)
            printf(" (%s)", option->default_text);
        putchar('\n');
    }
    fputs("\nExit status: 0 stopped as asked, or the check found no error; 1 otherwise.\n", stdout);
}

static void add_override(struct command *command, const char *key, const char *value)
{
    size_t count = command->sources.override_count;
    char **grown = reallocarray(command->overrides, count + 1, sizeof *grown);
    if (!grown || asprintf(&grown[count], "%s%s%s", key, *key ? "=" : "", value) < 0) {
        fputs("redial: there is no memory to read the command line\n", stderr);
        exit(1);
    }
    command->overrides = grown;
    command->sources.overrides = grown;
    command->sources.override_count = count + 1;
}

static bool add_option_word(struct command *command, int letter, const char *value)
{
    for (size_t i = 0; i < sizeof option_words / sizeof *option_words; i++)
        if (option_words[i].letter == letter) {
            add_override(command, option_words[i].key, value);
            return true;
        }
    return false;
}

/* Returns -1 to go on, or the exit status. */
static int take_option(struct command *command, int letter)
{
    switch (letter) {
    case 'c':
        command->sources.path = optarg;
        return -1;
    case 't':
        command->check = true;
        return -1;
    case OPTION_ALLOW_EMPTY:
        command->sources.allow_empty = true;
        return -1;
    case OPTION_RESOLVE_NAMES:
        command->resolve = true;
        return -1;
    case 'o':
        add_override(command, "", optarg);
        return -1;
    case 'V':
        puts("redial " PACKAGE_VERSION);
        return 0;
    case 'h':
        print_help();
        return 0;
    default:
        if (add_option_word(command, letter, optarg))
            return -1;
        fputs("redial --help lists the options\n", stderr);
        return 1;
    }
}

/* Reads the arguments. Returns -1 to go on, or the exit status. */
static int parse_command(struct command *command, int argc, char **argv)
{
    static const struct option names[] = {
        {"config", required_argument, NULL, 'c'},
        {"allow-empty", no_argument, NULL, OPTION_ALLOW_EMPTY},
        {"check", no_argument, NULL, 't'},
        {"resolve", no_argument, NULL, OPTION_RESOLVE_NAMES},
        {"balance", required_argument, NULL, 'b'},
        {"resolver", required_argument, NULL, 'r'},
        {"threads", required_argument, NULL, 'w'},
        {"set", required_argument, NULL, 'o'},
        {"admin", required_argument, NULL, OPTION_ADMIN},
        {"log-level", required_argument, NULL, OPTION_LOG_LEVEL},
        {"log-format", required_argument, NULL, OPTION_LOG_FORMAT},
        {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int letter, status;
    while ((letter = getopt_long(argc, argv, "c:tb:r:w:o:Vh", names, NULL)) >= 0)
        if ((status = take_option(command, letter)) >= 0)
            return status;
    if (command->resolve && !command->check) {
        fputs("redial: --resolve goes with --check\n", stderr);
        return 1;
    }
    command->sources.upstreams = argv + optind;
    command->sources.upstream_count = (size_t)(argc - optind);
    command->sources.environment_upstreams = getenv("REDIAL_UPSTREAMS");
    command->sources.environment_set = getenv("REDIAL_SET");
    return -1;
}

/* Fits reload_loader. */
static struct config *load(void *arg, struct errors *errors)
{
    const struct command *command = arg;
    return config_load(&command->sources, errors);
}

static struct config *load_first(struct command *command)
{
    struct errors errors = {0};
    struct config *config = load(command, &errors);
    for (size_t i = 0; i < errors.count; i++)
        fprintf(stderr, "%s\n", errors.lines[i]);
    errors_clear(&errors);
    return config;
}

static int check(const struct config *config, bool resolve)
{
    printf("the configuration is valid: %zu upstream%s\n", config->upstream_count,
           config->upstream_count == 1 ? "" : "s");
    return resolve ? resolve_print(config, stdout) : 0;
}

/* Returns the exit status. */
static int serve(struct command *command, struct config *config)
{
    log_setup(STDERR_FILENO, (enum log_level)config->global.log_level,
              (enum log_format)config->global.log_format, log_stderr_is_journal());
    struct server *server =
        server_start(&(struct server_setup){.config = config,
                                            .path = config_path(&command->sources),
                                            .argv = command->argv,
                                            .loader = load,
                                            .arg = command});
    struct admin *admin = NULL;
    int status = server && admin_start(server, &admin) == 0 ? 0 : 1;
    if (status == 0) {
        server_run(server);
        admin_finish(admin);
    }
    admin_free(admin);
    server_free(server);
    return status;
}

static int run(struct command *command)
{
    struct config *config = load_first(command);
    if (!config)
        return 1;
    int status = command->check ? check(config, command->resolve) : serve(command, config);
    config_unref(config);
    return status;
}

int main(int argc, char **argv)
{
    struct command command = {.argv = argv};
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
        fputs("redial: the DNS library could not be initialised\n", stderr);
        return 1;
    }
    int status = parse_command(&command, argc, argv);
    if (status < 0)
        status = run(&command);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "redial: the output cannot be written: %s\n", strerror(errno));
        status = 1;
    }
    for (size_t i = 0; i < command.sources.override_count; i++)
        free(command.overrides[i]);
    free(command.overrides);
    ares_library_cleanup();
    return status;
}
