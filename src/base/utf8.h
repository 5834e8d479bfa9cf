#ifndef REDIAL_BASE_UTF8_H
#define REDIAL_BASE_UTF8_H

#include <stddef.h>

/* The length in bytes of the character that the text begins with; 0 where it is not to be shown to
 * a terminal or reader: it is not well-formed (RFC 3629 §4), or a control character (U+0000 to
 * U+001F and U+007F to U+009F, which steer terminals: ECMA-48 §5). Never reads behind a NUL. */
size_t utf8_printable(const char *text);

#endif
