#include "screen.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BOLD "\033[1m"
#define DIM "\033[2m"
#define RED "\033[31m"
#define GREEN "\033[32m"
#define PLAIN "\033[0m"

static bool terminal;
static bool colour;
static int broken;

void screen_open(void)
{
    const char *term = getenv("TERM");
    terminal = isatty(STDOUT_FILENO) && term != NULL && strcmp(term, "dumb") != 0;
    colour = terminal && getenv("NO_COLOR") == NULL;
    setvbuf(stdout, NULL, _IOLBF, 0);
}

static const char *style(const char *code)
{
    return colour ? code : "";
}

__attribute__((format(printf, 3, 0))) static void print_line(const char *before, const char *code,
                                                             const char *format, va_list arguments)
{
    printf("%s%s", before, style(code));
    vprintf(format, arguments);
    printf("%s\n", style(PLAIN));
}

void screen_title(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_line("\n", BOLD, format, arguments);
    va_end(arguments);
}

void screen_say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_line("  ", "", format, arguments);
    va_end(arguments);
}

void screen_quote(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_line("    ", DIM, format, arguments);
    va_end(arguments);
}

void screen_verdict(bool kept, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    printf("  %s%s%s ", style(kept ? GREEN : RED), kept ? "[ok]" : "[BROKEN]", style(PLAIN));
    print_line("", kept ? "" : RED, format, arguments);
    va_end(arguments);
    broken += !kept;
}

int screen_broken(void)
{
    return broken;
}

void screen_bar(const char *label, unsigned value, int length, bool good)
{
    printf("    %-24s %s", label, style(good ? GREEN : RED));
    for (int i = 0; i < length; i++) {
        putchar('#');
    }
    printf("%s%s%u%s\n", style(PLAIN), length > 0 ? " " : "", value, terminal ? "\033[K" : "");
}

bool screen_is_terminal(void)
{
    return terminal;
}

void screen_up(int lines)
{
    if (terminal && lines > 0) {
        printf("\033[%dA", lines);
    }
}
