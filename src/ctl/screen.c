#include "ctl/screen.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* Of xterm and all that is like it: the alternate screen (1049), the cursor (25), wrap (7). */
#define ENTER "\033[?1049h\033[?25l\033[?7l\033[2J"
#define LEAVE "\033[0m\033[?7h\033[?25h\033[?1049l"

static struct termios before;
static volatile sig_atomic_t entered, keys_changed;

static int write_all(const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(STDOUT_FILENO, bytes, length);
        if (written < 0 && errno != EINTR)
            return -errno;
        bytes += written > 0 ? written : 0;
        length -= written > 0 ? (size_t)written : 0;
    }
    return 0;
}

void screen_leave(void)
{
    int error = errno;
    if (entered)
        write_all(LEAVE, sizeof LEAVE - 1);
    if (keys_changed)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
    entered = keys_changed = 0;
    errno = error;
}

/* The signal comes again, and ends the program as it would have. */
static void leave_crashing(int signal_number)
{
    screen_leave();
    raise(signal_number);
}

static void watch_for_crashes(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
    static bool done;
    struct sigaction action = {.sa_handler = leave_crashing, .sa_flags = (int)SA_RESETHAND};
    if (done)
        return;
    done = true;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &action, NULL);
    atexit(screen_leave);
}

void screen_enter(void)
{
    watch_for_crashes();
    if (tcgetattr(STDIN_FILENO, &before) == 0) {
        struct termios keys = before;
        keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO); /* signals by keys stay */
        keys.c_cc[VMIN] = 1;
        keys.c_cc[VTIME] = 0;
        keys_changed = tcsetattr(STDIN_FILENO, TCSADRAIN, &keys) == 0;
    }
    entered = 1;
    write_all(ENTER, sizeof ENTER - 1);
}

void screen_size(size_t *ret_width, size_t *ret_height)
{
    struct winsize size = {0};
    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    *ret_width = size.ws_col > 0 ? size.ws_col : 80;
    *ret_height = size.ws_row > 0 ? size.ws_row : 24;
}

int screen_write(const struct text *text)
{
    return write_all(text_string(text), text->length);
}
