#include "base/utf8.h"

#include <stdint.h>

/* What each first byte of several announces: RFC 3629 §3. */
static size_t announced(unsigned char first)
{
    if (first < 0xc2 || first > 0xf4) /* 0xc0 and 0xc1 would be longer than need be */
        return 0;
    return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

size_t utf8_printable(const char *text)
{
    static const uint32_t least[] = {0, 0, 0xa0, 0x800, 0x10000}; /* of so many bytes */
    const unsigned char *at = (const unsigned char *)text;
    if (*at < 0x80)
        return *at >= ' ' && *at != 0x7f;
    size_t length = announced(*at);
    uint32_t code = *at & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (at[i] & 0x3fu);
    }
    if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    return length;
}
