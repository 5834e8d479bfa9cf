#include "input.h"

#include <string.h>

#include "target.h"

uint8_t input_byte(struct input *input)
{
    if (input->left == 0)
        return 0;
    input->left--;
    return *input->at++;
}

struct input input_piece(struct input *input, size_t length)
{
    struct input piece = {input->at, length < input->left ? length : input->left};
    input->at += piece.left;
    input->left -= piece.left;
    return piece;
}

struct input input_until(struct input *input, const char *separator)
{
    size_t length = strlen(separator);
    const uint8_t *end = memmem(input->at, input->left, separator, length);
    if (!end)
        return input_piece(input, input->left);
    struct input piece = input_piece(input, (size_t)(end - input->at));
    input_piece(input, length);
    return piece;
}

char *input_text(const struct input *input)
{
    /* No longer than the text, so that reading behind its end is noticed. */
    char *text = strndup(input->left > 0 ? (const char *)input->at : "", input->left);
    expect(text);
    return text;
}
