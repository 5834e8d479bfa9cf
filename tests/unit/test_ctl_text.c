#include "ctl/text.h"

#include <stdlib.h>

#include "suite.h"

static void use_locale(const char *name)
{
    setenv("LC_ALL", name, 1);
    text_setup();
}

static void expect(struct text *text, const char *wanted)
{
    ck_assert_str_eq(text_string(text), wanted);
    text_clear(text);
}

static const struct {
    const char *foreign, *utf8, *ascii;
} cleaned[] = {
    {"plain text, 100%", "plain text, 100%", "plain text, 100%"},
    {"", "", ""},
    {NULL, "?", "?"},
    {"\x1b[2J\a\b\t\n\r\x7f", "?[2J??????", "?[2J??????"},
    {"\xc2\x9b"
     "2J",
     "??2J", "??2J"},
    {"\xff\xc0\xaf", "???", "???"},
    {"sch\xc3\xb6n \xe6\x97\xa5", "sch\xc3\xb6n \xe6\x97\xa5", "sch?n ?"},
    {"a\xcc\x81", "a?", "a?"},                /* an accent on the letter before it */
    {"\xe2\x80\xae\xe2\x80\x8b", "??", "??"}, /* right to left; no width */
};

START_TEST(terminals_are_not_steered)
{
    struct text text = {0};
    use_locale("C.UTF-8");
    text_clean(&text, cleaned[_i].foreign);
    expect(&text, cleaned[_i].utf8);
    use_locale("C");
    text_clean(&text, cleaned[_i].foreign);
    expect(&text, cleaned[_i].ascii);
}
END_TEST

START_TEST(lines_stay_lines)
{
    struct text text = {0};
    use_locale("C.UTF-8");
    text_clean_lines(&text, "> ", "one\r\n\n\ttwo \x1b\rx\nthree\n\n \n");
    expect(&text, "> one\n> \n> \ttwo ??x\n> three\n");
    text_clean_lines(&text, "", "\n\n");
    expect(&text, "");
    text_clean_lines(&text, "", "no end");
    expect(&text, "no end\n");
}
END_TEST

START_TEST(queries_are_encoded)
{
    struct text text = {0};
    text_add(&text, "/x");
    text_query(&text, "a", "A-z_0.9~");
    text_query(&text, "b", "&=? \xff\n");
    expect(&text, "/x?a=A-z_0.9~&b=%26%3D%3F%20%FF%0A");
}
END_TEST

static const struct {
    const char *clean;
    size_t width;
    const char *wanted;
} shortened[] = {
    {"10.0.0.1:3000", 13, "10.0.0.1:3000"},
    {"10.0.0.1:3000", 12,
     "10.0.\xe2\x80\xa6"
     "1:3000"},
    {"10.0.0.1:3000", 3,
     "1\xe2\x80\xa6"
     "0"},
    {"10.0.0.1:3000", 2, "10"},
    {"10.0.0.1:3000", 0, ""},
    {"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", 6, "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e"}, /* wide */
    {"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", 5, "\xe6\x97\xa5\xe2\x80\xa6\xe8\xaa\x9e"},
    {"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", 1, ""},
};

START_TEST(the_middle_is_left_out)
{
    struct text text = {0};
    use_locale("C.UTF-8");
    text_shorten(&text, shortened[_i].clean, shortened[_i].width);
    ck_assert_uint_le(text_width(text_string(&text)), shortened[_i].width);
    expect(&text, shortened[_i].wanted);
}
END_TEST

START_TEST(paragraphs_are_broken_at_blanks)
{
    struct text text = {0};
    use_locale("C.UTF-8");
    text_add(&text, "ab ");
    text_wrap(&text, "cd ef gh a-word-without-end ij", 3, 2, 8);
    expect(&text, "ab cd ef\n  gh\n  a-word-without-end\n  ij\n");
    text_wrap(&text, "", 0, 2, 8);
    expect(&text, "\n");
}
END_TEST

START_TEST(strings_grow)
{
    struct text text = {0};
    for (int i = 0; i < 1000; i++)
        text_add(&text, "%04d", i);
    ck_assert_uint_eq(text.length, 4000);
    ck_assert_str_eq(text.bytes + 3996, "0999");
    text_clear(&text);
    ck_assert_str_eq(text_string(&text), "");
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_loop_test(cases, terminals_are_not_steered, 0, COUNT_OF(cleaned));
    tcase_add_test(cases, lines_stay_lines);
    tcase_add_test(cases, queries_are_encoded);
    tcase_add_loop_test(cases, the_middle_is_left_out, 0, COUNT_OF(shortened));
    tcase_add_test(cases, paragraphs_are_broken_at_blanks);
    tcase_add_test(cases, strings_grow);
}

int main(void)
{
    return suite_run("ctl text", add);
}
