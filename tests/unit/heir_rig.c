#include "heir_rig.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/inherited.h"

#define WORDS_MAX 40

static struct inherited *inherited;
static char *arguments[WORDS_MAX];
static char said[65536];
static int said_fd = -1;

/* --- the heir ----------------------------------------------------------------------------------
 */

static struct listen listen_of(const char *text)
{
    struct listen listens[LISTEN_EXPANSION_MAX] = {{.optional = false}};
    const char *why = "";
    if (listen_parse(text, listens, &why) < 0)
        printf("%s: %s\n", text, why);
    return listens[0];
}

static void print_taken(int fd)
{
    int nodelay = 0;
    socklen_t length = sizeof nodelay;
    getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &nodelay, &length);
    if (fd < 0)
        printf("none\n");
    else
        printf("taken %d%s%s%s\n", fd, fcntl(fd, F_GETFD) & FD_CLOEXEC ? " cloexec" : "",
               fcntl(fd, F_GETFL) & O_NONBLOCK ? " nonblock" : "", nodelay ? " nodelay" : "");
}

static void print_open_files(void)
{
    DIR *directory = opendir("/proc/self/fd");
    const struct dirent *entry;
    bool open[1024] = {false};
    while ((entry = readdir(directory)) != NULL)
        if (atoi(entry->d_name) < 1024 && atoi(entry->d_name) != dirfd(directory))
            open[atoi(entry->d_name)] = true;
    closedir(directory);
    printf("open");
    for (int fd = 3; fd < 1024; fd++)
        if (open[fd])
            printf(" %d", fd);
    printf("\n");
}

static void print_signals(void)
{
    sigset_t mask;
    struct sigaction action;
    bool clean = true;
    sigprocmask(SIG_SETMASK, NULL, &mask);
    for (int number = 1; number < SIGRTMIN; number++) {
        if (number == SIGSEGV || number == SIGBUS || number == SIGFPE)
            continue; /* a sanitizer's */
        sigaction(number, NULL, &action);
        if (sigismember(&mask, number) > 0 || action.sa_handler != SIG_DFL) {
            printf("signal %d%s%s\n", number, sigismember(&mask, number) > 0 ? " blocked" : "",
                   action.sa_handler != SIG_DFL ? " ignored" : "");
            clean = false;
        }
    }
    if (clean)
        printf("clean\n");
}

static void print_file(const char *name)
{
    char text[200];
    int fd = inherited_take_file(inherited, name);
    ssize_t length = fd < 0 ? -1 : pread(fd, text, sizeof text, 0);
    printf("%s: %.*s\n", name, length < 0 ? 4 : (int)length, length < 0 ? "none" : text);
    if (fd >= 0)
        close(fd);
}

static void write_file(const char *name)
{
    int fd = inherited_take_file(inherited, name);
    printf("%s: %s\n", name, fd >= 0 && write(fd, "done", 4) == 4 ? "written" : "none");
    if (fd >= 0)
        close(fd);
}

/* Those with an argument; false where it is none of them. */
static bool obey_with(const char *word, const char *argument)
{
    char text[300];
    struct listen listen;
    if (strcmp(word, "env") == 0) {
        printf("%s=%s\n", argument, getenv(argument) ? getenv(argument) : "(unset)");
    } else if (strcmp(word, "read") == 0) {
        print_file(argument);
    } else if (strcmp(word, "write") == 0) {
        write_file(argument);
    } else if (strcmp(word, "count") == 0) {
        listen = listen_of(argument);
        printf("count %zu\n", inherited_count(inherited, &listen));
        listen_clear(&listen);
    } else if (strcmp(word, "take") == 0) {
        listen = listen_of(argument);
        print_taken(inherited_take(inherited, &listen));
        listen_clear(&listen);
    } else if (strcmp(word, "explain") == 0) {
        listen = listen_of(argument);
        inherited_explain(inherited, &listen, text, sizeof text);
        printf("%s\n", text);
        listen_clear(&listen);
    } else {
        return false;
    }
    return true;
}

/* Returns whether to go on. */
static bool obey(const char *word)
{
    char why[200] = "";
    if (strcmp(word, "open") == 0) {
        if (inherited_open(&inherited, why, sizeof why) < 0) {
            printf("refused: %s\n", why);
            return false;
        }
    } else if (strcmp(word, "close") == 0) {
        fflush(stdout);
        inherited_dismiss(inherited);
        inherited_close(inherited);
        inherited = NULL;
    } else if (strcmp(word, "open-files") == 0) {
        print_open_files();
    } else if (strcmp(word, "signals") == 0) {
        print_signals();
    } else if (strcmp(word, "pid") == 0) {
        printf("pid %d\n", (int)getpid());
    } else {
        printf("%s?\n", word);
    }
    return true;
}

bool heir_done(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], HEIR_WORD) != 0)
        return false;
    log_setup(STDOUT_FILENO, LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT, true);
    for (int i = 2; i < argc; i++)
        if (i + 1 < argc && obey_with(argv[i], argv[i + 1]))
            i++;
        else if (!obey(argv[i]))
            break;
    fflush(stdout);
    log_setup(STDERR_FILENO, LOG_LEVEL_ERROR, LOG_FORMAT_TEXT, true);
    inherited_close(inherited);
    return true;
}

/* --- who starts it -----------------------------------------------------------------------------
 */

/* Not by Check, whose own descriptor may be one that a test has overwritten. */
static void demand(bool condition)
{
    if (!condition)
        abort();
}

char *const *heir_arguments(const char *word, ...)
{
    va_list words;
    size_t count = 2;
    arguments[0] = (char *)heir_program();
    arguments[1] = (char *)HEIR_WORD;
    va_start(words, word);
    for (; word; word = va_arg(words, const char *)) {
        demand(count < WORDS_MAX - 1);
        arguments[count++] = (char *)word;
    }
    va_end(words);
    arguments[count] = NULL;
    return arguments;
}

const char *heir_program(void)
{
    static char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    demand(length > 0);
    path[length] = '\0';
    return path;
}

void heir_listen(void)
{
    int ends[2];
    demand(pipe2(ends, O_CLOEXEC) == 0);
    demand(dup2(ends[1], STDOUT_FILENO) == STDOUT_FILENO);
    close(ends[1]);
    said_fd = ends[0];
}

const char *heir_said(pid_t heir)
{
    size_t length = 0;
    ssize_t got;
    int status = 0, null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(null, STDOUT_FILENO); /* so that the heirs have the only ends */
    close(null);
    while ((got = read(said_fd, said + length, sizeof said - 1 - length)) > 0)
        length += (size_t)got;
    close(said_fd);
    said[length] = '\0';
    if (heir > 0 && (waitpid(heir, &status, 0) != heir || status != 0))
        snprintf(said + length, sizeof said - length, "ended with %d\n", status);
    return said;
}

int heir_file(const char *text)
{
    int fd = memfd_create("known", MFD_CLOEXEC);
    demand(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    return fd;
}
