#include "base/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "suite.h"

/* The one form of each code point: the table of RFC 3629 §3. */
static size_t encode(uint32_t code, char text[5])
{
    static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    memset(text, 0, 5);
    for (size_t i = length; i-- > 1; code >>= 6)
        text[i] = (char)(0x80 | (code & 0x3f));
    text[0] = (char)(first[length] | code);
    return length;
}

START_TEST(every_character_but_the_controls)
{
    char text[5];
    for (uint32_t code = 0; code < 0x110000; code++) {
        size_t length = encode(code, text);
        bool control = code < ' ' || (code >= 0x7f && code < 0xa0);
        bool surrogate = code >= 0xd800 && code < 0xe000;
        ck_assert_msg(utf8_printable(text) == (control || surrogate ? 0 : length), "U+%04X",
                      (unsigned)code);
    }
}
END_TEST

START_TEST(what_is_no_character)
{
    static const char *const texts[] = {
        "\x80",
        "\x9b",
        "\xbf",
        "\xc0\xaf",
        "\xc1\xbf",
        "\xe0\x9f\xbf",
        "\xe0\x82\x9b",
        "\xc3",
        "\xc3(",
        "\xe2\x82",
        "\xe2\x82(",
        "\xf0\x8f\xbf\xbf",
        "\xf0\x9f\x98",
        "\xf4\x90\x80",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xf8\x88\x80\x80\x80",
        "\xff",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        ck_assert_msg(utf8_printable(texts[i]) == 0, "text %zu", i);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, every_character_but_the_controls);
    tcase_add_test(cases, what_is_no_character);
}

int main(void)
{
    return suite_run("base_utf8", add);
}
