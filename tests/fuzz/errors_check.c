#include "errors_check.h"

#include <string.h>

#include "target.h"

/* The length of a well-formed character (RFC 3629), or 0. */
static size_t character(const unsigned char *at, size_t left, uint32_t *ret_code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = at[0] < 0x80 ? 1 : at[0] < 0xc0 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    if (length == 0 || length > left || at[0] >= 0xf8)
        return 0;
    uint32_t code = length == 1 ? at[0] : at[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (at[i] & 0x3f);
    }
    *ret_code = code;
    bool sound = code >= least[length] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    return sound ? length : 0;
}

bool text_is_harmless(const char *text, size_t length)
{
    const unsigned char *at = (const unsigned char *)text;
    for (size_t i = 0; i < length;) {
        uint32_t code = at[i];
        size_t taken = character(at + i, length - i, &code);
        if (code < ' ' || (code >= 0x7f && code < 0xa0))
            return false;
        i += taken > 0 ? taken : 1;
    }
    return true;
}

void errors_check(const struct errors *errors)
{
    for (size_t i = 0; i < errors->count; i++) {
        const char *line = errors->lines[i], *message = strstr(line, ": ");
        expect(message && message > line && message[2] != '\0');
        expect(text_is_harmless(line, strlen(line)));
    }
}
