/* What holds for every list of errors. */
#ifndef FUZZ_ERRORS_CHECK_H
#define FUZZ_ERRORS_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "config/errors.h"

/* Each error is one line, with a source and a message, that can be shown on a terminal. */
void errors_check(const struct errors *errors);

/* Whether a terminal shows the bytes and obeys none of them: UTF-8 without the control characters
 * U+0000 to U+001F and U+007F to U+009F, and without bare bytes 0x80 to 0x9f (ECMA-48 §5.3). */
bool text_is_harmless(const char *text, size_t length);

#endif
