#include "terminal.h"

#include "die.h"
#include "moment.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { TERMINAL_MOST = 200, TERMINAL_CODE = 32 };

/* A place of the screen: a character of UTF-8. */
struct terminal_cell {
    char bytes[5];
};

struct terminal {
    pid_t pid;
    int master, slave; /* the slave stays open, so that its settings outlive the program */
    bool ended;
    int status;
    int width, height, row, column;
    struct terminal_cell cells[TERMINAL_MOST][TERMINAL_MOST];
    bool alternate, hidden_cursor, no_wrap;
    char code[TERMINAL_CODE]; /* an escape sequence that is not whole yet */
    size_t code_length;
    size_t colours;
    char unknown[TERMINAL_CODE + 1];
    char line[TERMINAL_MOST * 4 + 1];
};

/* --- the screen ------------------------------------------------------------------------------ */

static void terminal_clear(struct terminal *terminal, int row, int column)
{
    for (int at = column; at < TERMINAL_MOST; at++) {
        strcpy(terminal->cells[row][at].bytes, " ");
    }
}

static void terminal_clear_below(struct terminal *terminal, int row)
{
    for (; row < TERMINAL_MOST; row++) {
        terminal_clear(terminal, row, 0);
    }
}

static bool terminal_set_mode(struct terminal *terminal, const char *code)
{
    bool on = code[strlen(code) - 1] == 'h';
    switch (atoi(code + 3)) {
    case 1049:
        terminal->alternate = on;
        terminal_clear_below(terminal, 0);
        return true;
    case 25:
        terminal->hidden_cursor = !on;
        return true;
    case 7:
        terminal->no_wrap = !on;
        return true;
    default:
        return false;
    }
}

/* A whole sequence. */
static void terminal_obey(struct terminal *terminal)
{
    const char *code = terminal->code;
    char last = code[terminal->code_length - 1];
    bool known = true;
    if (strcmp(code, "\033[H") == 0) {
        terminal->row = terminal->column = 0;
    } else if (strcmp(code, "\033[K") == 0) {
        terminal_clear(terminal, terminal->row, terminal->column);
    } else if (strcmp(code, "\033[2J") == 0) {
        terminal_clear_below(terminal, 0);
    } else if (strncmp(code, "\033[?", 3) == 0 && (last == 'h' || last == 'l')) {
        known = terminal_set_mode(terminal, code);
    } else {
        known = last == 'm';
        terminal->colours += known && strcmp(code, "\033[0m") != 0;
    }
    if (!known && terminal->unknown[0] == '\0') {
        snprintf(terminal->unknown, sizeof(terminal->unknown), "%s", code + 1);
    }
}

static void terminal_show(struct terminal *terminal, char byte)
{
    bool goes_on = ((unsigned char)byte & 0xc0) == 0x80;
    if (!goes_on && terminal->column == terminal->width) {
        if (terminal->no_wrap) {
            terminal->column--;
        } else {
            terminal->column = 0;
            terminal->row += terminal->row < terminal->height - 1;
        }
    }
    int at = goes_on ? terminal->column - 1 : terminal->column++;
    char *bytes = at >= 0 ? terminal->cells[terminal->row][at].bytes : NULL;
    if (bytes != NULL) {
        size_t length = goes_on ? strlen(bytes) : 0;
        if (length < 4) {
            bytes[length] = byte;
            bytes[length + 1] = '\0';
        }
    }
}

/* A line end at the bottom moves all lines up. */
static void terminal_feed(struct terminal *terminal)
{
    if (terminal->row < terminal->height - 1) {
        terminal->row++;
        return;
    }
    memmove(terminal->cells[0], terminal->cells[1],
            sizeof(terminal->cells[0]) * (size_t)(terminal->height - 1));
    terminal_clear(terminal, terminal->height - 1, 0);
}

static void terminal_take(struct terminal *terminal, char byte)
{
    if (terminal->code_length > 0) {
        terminal->code[terminal->code_length++] = byte;
        terminal->code[terminal->code_length] = '\0';
        bool begins = terminal->code_length == 2 && byte == '[';
        if ((byte >= '@' && !begins) || terminal->code_length == TERMINAL_CODE - 1) {
            terminal_obey(terminal);
            terminal->code_length = 0;
        }
    } else if (byte == '\033') {
        terminal->code[terminal->code_length++] = byte;
    } else if (byte == '\r') {
        terminal->column = 0;
    } else if (byte == '\n') {
        terminal_feed(terminal);
    } else if ((unsigned char)byte < ' ' || byte == 0x7f) {
        snprintf(terminal->unknown, sizeof(terminal->unknown), "byte 0x%02x", byte);
    } else {
        terminal_show(terminal, byte);
    }
}

const char *terminal_line(struct terminal *terminal, int row)
{
    size_t length = 0;
    size_t kept = 0;
    for (int column = 0; column < terminal->width; column++) {
        const char *bytes = terminal->cells[row][column].bytes;
        memcpy(terminal->line + length, bytes, strlen(bytes));
        length += strlen(bytes);
        kept = strcmp(bytes, " ") != 0 ? length : kept;
    }
    terminal->line[kept] = '\0';
    return terminal->line;
}

char *terminal_text(struct terminal *terminal)
{
    char *text = must_copy("");
    for (int row = 0; row < terminal->height; row++) {
        char *more = must_format("%s%s\n", text, terminal_line(terminal, row));
        free(text);
        text = more;
    }
    return text;
}

/* --- the program ----------------------------------------------------------------------------- */

static void terminal_child(struct terminal *terminal, const char *name, const char *const *words,
                           pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    setsid();
    int fd = open(name, O_RDWR); /* the controlling terminal, since the session has none */
    if (getppid() != parent || fd < 0 || dup2(fd, 0) < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0) {
        _exit(126);
    }
    close(terminal->master);
    close(terminal->slave);
    execv(words[0], (char *const *)(uintptr_t)words);
    _exit(127);
}

struct terminal *terminal_start(const char *const *words, int width, int height)
{
    struct terminal *terminal = must_calloc(1, sizeof(*terminal));
    char name[64];
    terminal_clear_below(terminal, 0);
    terminal->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal->master < 0 || grantpt(terminal->master) != 0 || unlockpt(terminal->master) != 0 ||
        ptsname_r(terminal->master, name, sizeof(name)) != 0) {
        die("no pseudo-terminal");
    }
    terminal->slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal->slave < 0) {
        die("cannot open %s", name);
    }
    terminal_resize(terminal, width, height);
    pid_t parent = getpid();
    terminal->pid = fork();
    if (terminal->pid == 0) {
        terminal_child(terminal, name, words, parent);
    }
    return terminal;
}

/* Reads what is there, waiting for it up to a time. Returns false when nothing came. */
static bool terminal_read(struct terminal *terminal, int ms)
{
    char bytes[4096];
    struct pollfd wait = {.fd = terminal->master, .events = POLLIN};
    if (poll(&wait, 1, ms) <= 0 || (wait.revents & POLLIN) == 0) {
        return false;
    }
    ssize_t count = read(terminal->master, bytes, sizeof(bytes));
    for (ssize_t i = 0; i < count; i++) {
        terminal_take(terminal, bytes[i]);
    }
    return count > 0;
}

static bool terminal_contains(struct terminal *terminal, const char *words)
{
    char *text = terminal_text(terminal);
    char *copy = must_copy(words);
    char *rest = copy;
    bool found = true;
    for (char *word; found && (word = strsep(&rest, "|")) != NULL;) {
        found = strstr(text, word) != NULL;
    }
    free(text);
    free(copy);
    return found;
}

/* Whether the program has ended, without waiting. */
static bool terminal_has_ended(struct terminal *terminal)
{
    int status = 0;
    if (!terminal->ended && waitpid(terminal->pid, &status, WNOHANG) == terminal->pid) {
        terminal->ended = true;
        terminal->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    return terminal->ended;
}

bool terminal_wait(struct terminal *terminal, const char *words, int ms)
{
    int64_t end = moment_ms() + ms;
    while (!terminal_contains(terminal, words)) {
        bool ended = terminal_has_ended(terminal); /* before the last look at what it wrote */
        if (!terminal_read(terminal, 20) && (ended || moment_ms() >= end)) {
            return false;
        }
    }
    return true;
}

int terminal_wait_exit(struct terminal *terminal, int ms)
{
    int64_t end = moment_ms() + ms;
    while (!terminal_has_ended(terminal)) {
        terminal_read(terminal, 20);
        if (moment_ms() >= end) {
            return -ETIMEDOUT;
        }
    }
    while (terminal_read(terminal, 0)) {
    }
    return terminal->status;
}

bool terminal_wait_stopped(struct terminal *terminal, int ms)
{
    int64_t end = moment_ms() + ms;
    int status = 0;
    while (waitpid(terminal->pid, &status, WNOHANG | WUNTRACED) != terminal->pid) {
        terminal_read(terminal, 20);
        if (moment_ms() >= end) {
            return false;
        }
    }
    while (terminal_read(terminal, 0)) {
    }
    return WIFSTOPPED(status);
}

bool terminal_is_alternate(const struct terminal *terminal)
{
    return terminal->alternate;
}

bool terminal_shows_cursor(const struct terminal *terminal)
{
    return !terminal->hidden_cursor;
}

bool terminal_wraps(const struct terminal *terminal)
{
    return !terminal->no_wrap;
}

bool terminal_echoes(const struct terminal *terminal)
{
    struct termios settings;
    if (tcgetattr(terminal->slave, &settings) != 0) {
        die("tcgetattr");
    }
    return (settings.c_lflag & ECHO) != 0 && (settings.c_lflag & ICANON) != 0;
}

size_t terminal_colours(const struct terminal *terminal)
{
    return terminal->colours;
}

const char *terminal_unknown(const struct terminal *terminal)
{
    return terminal->unknown[0] != '\0' ? terminal->unknown : NULL;
}

void terminal_type(struct terminal *terminal, const char *keys)
{
    if (write(terminal->master, keys, strlen(keys)) != (ssize_t)strlen(keys)) {
        die("cannot type");
    }
}

void terminal_resize(struct terminal *terminal, int width, int height)
{
    struct winsize size = {.ws_col = (unsigned short)width, .ws_row = (unsigned short)height};
    terminal->width = width;
    terminal->height = height;
    terminal->row = terminal->row < height ? terminal->row : height - 1;
    terminal_clear_below(terminal, 0);
    if (ioctl(terminal->master, TIOCSWINSZ, &size) != 0) {
        die("cannot resize");
    }
}

void terminal_signal(struct terminal *terminal, int signal_number)
{
    if (!terminal->ended) {
        kill(terminal->pid, signal_number);
    }
}

void terminal_stop(struct terminal *terminal)
{
    if (terminal == NULL) {
        return;
    }
    terminal_signal(terminal, SIGKILL);
    terminal_wait_exit(terminal, limit_ms(10000));
    close(terminal->master);
    close(terminal->slave);
    free(terminal);
}
