#include "daemon.h"

#include "die.h"
#include "line_log.h"
#include "moment.h"
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* A pipe of a megabyte: redial does not wait for a reader that is late, and on a busy machine the
 * reader of a burst of lines is. */
enum { DAEMON_WORDS_MAX = 64, DAEMON_PIPE_SIZE = 1 << 20 };

struct daemon {
    pid_t pid;
    bool ended; /* waited for */
    int status; /* as daemon_wait_exit gives it */
    struct line_log *log;
    struct line_log *output;
};

/* The words of a command line, NULL at the end. */
struct daemon_words {
    char *words[DAEMON_WORDS_MAX];
    size_t count;
};

static void daemon_words_add(struct daemon_words *words, const char *word)
{
    if (words->count + 1 >= DAEMON_WORDS_MAX) {
        die("too many words in a command line");
    }
    words->words[words->count++] = must_copy(word);
}

static void daemon_words_free(struct daemon_words *words)
{
    for (size_t i = 0; i < words->count; i++) {
        free(words->words[i]);
    }
}

static void daemon_command(const struct daemon_options *options, struct daemon_words *words)
{
    const char *program = options->program != NULL ? options->program : getenv("REDIAL");
    const char *wrap = getenv("REDIAL_WRAP");
    if (wrap != NULL) {
        char *copy = must_copy(wrap);
        char *rest = copy;
        for (char *word; (word = strsep(&rest, " ")) != NULL;) {
            if (*word != '\0') {
                daemon_words_add(words, word);
            }
        }
        free(copy);
    }
    daemon_words_add(words, program != NULL ? program : "./redial");
    for (size_t i = 0; options->arguments != NULL && options->arguments[i] != NULL; i++) {
        daemon_words_add(words, options->arguments[i]);
    }
}

/* This process's environment without REDIAL_*, and what the caller adds; by default no admin
 * interface, of which there is one place for all. To be freed, not its strings. */
static char **daemon_environment(const struct daemon_options *options)
{
    size_t inherited = 0;
    size_t added = 0;
    while (environ[inherited] != NULL) {
        inherited++;
    }
    while (options->environment != NULL && options->environment[added] != NULL) {
        added++;
    }
    char **all = must_calloc(inherited + added + 2, sizeof(*all));
    size_t count = 0;
    for (size_t i = 0; i < inherited; i++) {
        if (strncmp(environ[i], "REDIAL_", 7) != 0) {
            all[count++] = environ[i];
        }
    }
    bool has_settings = false;
    for (size_t i = 0; i < added; i++) {
        all[count++] = (char *)(uintptr_t)options->environment[i];
        has_settings = has_settings || strncmp(options->environment[i], "REDIAL_SET=", 11) == 0;
    }
    if (!has_settings) {
        static char settings[] = "REDIAL_SET=redial.admin=off";
        all[count++] = settings;
    }
    return all;
}

/* In the child: only calls that are safe after fork in a program with threads. */
static void daemon_child(const struct daemon_options *options, char *const *words, char **all,
                         const int *pipes, pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(126);
    }
    int zero = open("/dev/null", O_RDONLY);
    if (dup2(zero, STDIN_FILENO) < 0 || dup2(pipes[1], STDERR_FILENO) < 0 ||
        dup2(pipes[3], STDOUT_FILENO) < 0) {
        _exit(126);
    }
    if (zero != STDIN_FILENO) {
        close(zero);
    }
    if (options->descriptors > 0) {
        struct rlimit limit = {options->descriptors, options->descriptors};
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    execvpe(words[0], words, all);
    static const char message[] = "testlib: cannot run the daemon\n";
    if (write(STDERR_FILENO, message, sizeof(message) - 1) < 0) {
        _exit(126);
    }
    _exit(127);
}

static char *daemon_join(const struct daemon_words *words)
{
    char *line = must_copy("");
    for (size_t i = 0; i < words->count; i++) {
        char *longer = must_format("%s%s%s", line, i > 0 ? " " : "", words->words[i]);
        free(line);
        line = longer;
    }
    return line;
}

struct daemon *daemon_start(const struct daemon_options *options)
{
    struct daemon *daemon = must_calloc(1, sizeof(*daemon));
    struct daemon_words words = {.count = 0};
    int pipes[4];
    daemon_command(options, &words);
    char **all = daemon_environment(options);
    if (pipe2(pipes, O_CLOEXEC) != 0 || pipe2(pipes + 2, O_CLOEXEC) != 0) {
        die("no pipe for the daemon's log");
    }
    fcntl(pipes[1], F_SETPIPE_SZ, DAEMON_PIPE_SIZE); /* refused where users have less: go on */
    pid_t parent = getpid();
    daemon->pid = fork();
    if (daemon->pid < 0) {
        die("cannot fork");
    }
    if (daemon->pid == 0) {
        daemon_child(options, words.words, all, pipes, parent);
    }
    close(pipes[1]);
    close(pipes[3]);
    char *line = daemon_join(&words);
    daemon->log = line_log_start(pipes[0], line);
    daemon->output = line_log_start(pipes[2], NULL);
    free(line);
    free(all);
    daemon_words_free(&words);
    return daemon;
}

struct daemon *daemon_start_with(const char *first, ...)
{
    const char *arguments[DAEMON_WORDS_MAX];
    struct daemon_options options = {.arguments = arguments};
    size_t count = 0;
    va_list list;
    va_start(list, first);
    for (const char *word = first; word != NULL; word = va_arg(list, const char *)) {
        if (count + 1 >= DAEMON_WORDS_MAX) {
            die("too many arguments for the daemon");
        }
        arguments[count++] = word;
    }
    va_end(list);
    arguments[count] = NULL;
    return daemon_start(&options);
}

bool daemon_wait_ready(struct daemon *daemon, int ms)
{
    return daemon_wait_line(daemon, "ready|upstreams|threads", ms);
}

bool daemon_wait_line(struct daemon *daemon, const char *words, int ms)
{
    return line_log_wait(daemon->log, words, 1, ms);
}

bool daemon_wait_lines(struct daemon *daemon, const char *words, size_t count, int ms)
{
    return line_log_wait(daemon->log, words, count, ms);
}

size_t daemon_count_lines(struct daemon *daemon, const char *words)
{
    return line_log_count(daemon->log, words);
}

bool daemon_get_line(struct daemon *daemon, const char *words, size_t index, char *line,
                     size_t size)
{
    return line_log_get(daemon->log, words, index, line, size);
}

bool daemon_read_line(struct daemon *daemon, size_t *at, char *line, size_t size)
{
    return line_log_read(daemon->log, at, line, size);
}

char *daemon_log(struct daemon *daemon)
{
    return line_log_text(daemon->log);
}

char *daemon_output(struct daemon *daemon)
{
    return line_log_text(daemon->output);
}

pid_t daemon_pid(const struct daemon *daemon)
{
    return daemon->pid;
}

long daemon_rss_kb(const struct daemon *daemon)
{
    return daemon->ended ? -1 : process_rss_kb(daemon->pid);
}

double daemon_cpu_seconds(const struct daemon *daemon)
{
    return daemon->ended ? -1 : process_cpu_seconds(daemon->pid);
}

int daemon_descriptors(const struct daemon *daemon)
{
    return daemon->ended ? -1 : process_descriptors(daemon->pid);
}

int daemon_threads(const struct daemon *daemon)
{
    return daemon->ended ? -1 : process_threads(daemon->pid);
}

void daemon_signal(struct daemon *daemon, int signal_number)
{
    if (!daemon->ended) {
        kill(daemon->pid, signal_number);
    }
}

void daemon_freeze(struct daemon *daemon)
{
    int status = 0;
    daemon_signal(daemon, SIGSTOP);
    if (waitpid(daemon->pid, &status, WUNTRACED) != daemon->pid || !WIFSTOPPED(status)) {
        die("a process to be stopped: status %x", (unsigned)status);
    }
}

int daemon_wait_exit(struct daemon *daemon, int ms)
{
    int64_t end = moment_ms() + ms;
    if (daemon->ended) {
        return daemon->status;
    }
    /* Both pipes close when the process ends, so waiting for that is waiting for the end. */
    if (!line_log_wait_end(daemon->log, ms) ||
        !line_log_wait_end(daemon->output, (int)(end - moment_ms()))) {
        return -ETIMEDOUT;
    }
    int status = 0;
    while (waitpid(daemon->pid, &status, 0) < 0) {
        if (errno != EINTR) {
            die("cannot wait for the daemon");
        }
    }
    daemon->ended = true;
    daemon->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return daemon->status;
}

int daemon_stop(struct daemon *daemon)
{
    if (daemon == NULL) {
        return 0;
    }
    daemon_signal(daemon, SIGTERM);
    int status = daemon_wait_exit(daemon, limit_ms(10000));
    if (status == -ETIMEDOUT) {
        daemon_signal(daemon, SIGKILL);
        status = daemon_wait_exit(daemon, limit_ms(10000));
    }
    line_log_stop(daemon->log);
    line_log_stop(daemon->output);
    free(daemon);
    return status;
}

void daemon_keep_logs(const char *directory)
{
    line_log_keep(directory);
}

void daemon_set_label(const char *label)
{
    line_log_label(label);
}

int daemon_print_kept_logs(const char *directory, FILE *stream)
{
    return line_log_print_kept(directory, stream);
}
