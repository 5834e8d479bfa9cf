/* An input, taken apart from its front. */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>

struct input {
    const uint8_t *at;
    size_t left;
};

/* The next byte, or 0 when nothing is left. */
uint8_t input_byte(struct input *input);

/* The next `length` bytes, or what is left of them. */
struct input input_piece(struct input *input, size_t length);

/* What stands before the separator, or all that is left. The separator is passed over. */
struct input input_until(struct input *input, const char *separator);

/* All of it as a string, which a NUL within ends early. The caller frees it. */
char *input_text(const struct input *input);

#endif
