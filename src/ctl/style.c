#include "ctl/style.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool coloured;

bool style_knows_codes(int fd)
{
    const char *terminal = getenv("TERM");
    return isatty(fd) && terminal && *terminal && strcmp(terminal, "dumb") != 0;
}

void style_setup(int fd)
{
    const char *forbidden = getenv("NO_COLOR");
    coloured = style_knows_codes(fd) && !(forbidden && *forbidden);
}

void style_add(struct text *text, enum style style, const char *clean)
{
    static const char *const codes[] = {"", "1", "2", "32", "33", "1;31"};
    if (!coloured || style == STYLE_PLAIN)
        text_add(text, "%s", clean);
    else
        text_add(text, "\033[%sm%s\033[0m", codes[style], clean);
}

enum style style_of_state(const char *state)
{
    if (!state)
        return STYLE_PLAIN;
    if (strcmp(state, "up") == 0)
        return STYLE_GOOD;
    if (strcmp(state, "fresh") == 0 || strcmp(state, "draining") == 0)
        return STYLE_WARN;
    return STYLE_BAD;
}
