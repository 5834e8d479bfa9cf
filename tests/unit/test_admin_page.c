#include "admin/page.h"

#include <stdio.h>
#include <string.h>

#include "sha256.h"
#include "suite.h"

#define SIZE_LIMIT (40 * 1024)

struct part {
    const char *at;
    size_t size;
};

static struct part whole(void)
{
    return (struct part){(const char *)page_bytes, page_size};
}

static const char *find(struct part part, const char *text)
{
    return memmem(part.at, part.size, text, strlen(text));
}

static unsigned count_of(const char *text)
{
    unsigned count = 0;
    struct part rest = whole();
    for (const char *at; (at = find(rest, text)) != NULL; count++) {
        rest.size -= (size_t)(at + 1 - rest.at);
        rest.at = at + 1;
    }
    return count;
}

/* What stands between two tags, of which there must be one each. */
static struct part between(const char *open, const char *close)
{
    ck_assert_msg(count_of(open) == 1 && count_of(close) == 1, "not one %s … %s", open, close);
    const char *begin = find(whole(), open) + strlen(open), *end = find(whole(), close);
    ck_assert(begin < end);
    return (struct part){begin, (size_t)(end - begin)};
}

static void expect_hash(const char *directive, struct part part)
{
    char hash[SHA256_BASE64 + 1], wanted[128];
    sha256_base64(part.at, part.size, hash);
    snprintf(wanted, sizeof wanted, "%s 'sha256-%s'; ", directive, hash);
    ck_assert_msg(strstr(page_policy, wanted) != NULL, "page.c should say: sha256-%s (%s)", hash,
                  directive);
}

/* The examples of FIPS 180-4's authors: of no block, of one, of two. */
START_TEST(the_measure_is_right)
{
    char text[SHA256_BASE64 + 1];
    sha256_base64("", 0, text);
    ck_assert_str_eq(text, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    sha256_base64("abc", 3, text);
    ck_assert_str_eq(text, "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    sha256_base64("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, text);
    ck_assert_str_eq(text, "JI1qYdIGOLjlwCaTDD5gOaM85Flk/yFn9uzt1BnbBsE=");
}
END_TEST

START_TEST(the_policy_names_the_script)
{
    expect_hash("script-src", between("<script>", "</script>"));
}
END_TEST

START_TEST(the_policy_names_the_style)
{
    expect_hash("style-src", between("<style>", "</style>"));
}
END_TEST

START_TEST(the_policy_allows_nothing_else)
{
    ck_assert_int_eq(strncmp(page_policy, "default-src 'none'; ", 20), 0);
    ck_assert_ptr_nonnull(strstr(page_policy, "connect-src 'self'; "));
    ck_assert_ptr_nonnull(strstr(page_policy, "base-uri 'none'; "));
    ck_assert_ptr_nonnull(strstr(page_policy, "form-action 'none'; "));
    ck_assert_ptr_nonnull(strstr(page_policy, "frame-ancestors 'none'; "));
    ck_assert_ptr_nonnull(strstr(page_policy, "require-trusted-types-for 'script'"));
    ck_assert_ptr_null(strstr(page_policy, "unsafe"));
    ck_assert_ptr_null(strstr(page_policy, "http"));
    ck_assert_ptr_null(strpbrk(page_policy, "*\r\n"));
}
END_TEST

/* Built in byte by byte: compared with the file itself. */
START_TEST(the_page_is_whole)
{
    static char file[SIZE_LIMIT + 1];
    FILE *from = fopen(PAGE_FILE, "rb");
    ck_assert_msg(from != NULL, "cannot open " PAGE_FILE);
    size_t size = fread(file, 1, sizeof file, from);
    fclose(from);
    ck_assert_uint_le(size, SIZE_LIMIT);
    ck_assert_uint_eq(page_size, size);
    ck_assert_mem_eq(page_bytes, file, size);
    ck_assert_mem_eq(file, "<!DOCTYPE html>\n", 16);
    ck_assert_mem_eq(file + size - 8, "</html>\n", 8);
}
END_TEST

static const char *const forbidden[] = {
    "https:",    "src=",           " on",   "style=\"",       "innerHTML",
    "outerHTML", "document.write", "eval(", "insertAdjacent", "new Function",
    "\r",
};

/* Neither outside resources nor handlers in attributes nor HTML made out of text. " on" is that
 * of an attribute: in the part before the script only. */
START_TEST(the_page_needs_no_more)
{
    const char *text = forbidden[_i];
    struct part part = whole();
    if (strcmp(text, " on") == 0) {
        part.size = (size_t)(find(part, "<script>") - part.at);
        for (const char *at; (at = find(part, text)) != NULL;) {
            size_t word = strspn(at + 3, "abcdefghijklmnopqrstuvwxyz");
            ck_assert_msg(at[3 + word] != '=', "a handler in an attribute: %.20s", at);
            part.size -= (size_t)(at + 1 - part.at);
            part.at = at + 1;
        }
    } else {
        ck_assert_msg(find(part, text) == NULL, "the page has: %s", text);
    }
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, the_measure_is_right);
    tcase_add_test(cases, the_policy_names_the_script);
    tcase_add_test(cases, the_policy_names_the_style);
    tcase_add_test(cases, the_policy_allows_nothing_else);
    tcase_add_test(cases, the_page_is_whole);
    tcase_add_loop_test(cases, the_page_needs_no_more, 0, COUNT_OF(forbidden));
}

int main(void)
{
    return suite_run("admin page", add);
}
