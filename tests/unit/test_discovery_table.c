/* The documents quote the table of what each answer does, word by word. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discovery/membership.h"
#include "suite.h"

static char *text;

static void teardown(void)
{
    free(text);
}

/* Reads a document of the source tree. Returns false where there is none. */
static bool read_document(const char *name)
{
    char path[4096];
    const char *top = getenv("srcdir");
    snprintf(path, sizeof path, "%s/%s", top ? top : ".", name);
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    text = calloc(1, 1 << 20);
    size_t length = fread(text, 1, (1 << 20) - 1, file);
    fclose(file);
    ck_assert_uint_gt(length, 0);
    return true;
}

START_TEST(the_architecture_has_every_row)
{
    const struct membership_row *row = &membership_table[_i];
    char line[1024];
    ck_assert_msg(read_document("ARCHITECTURE.md"),
                  "no ARCHITECTURE.md: srcdir must name its folder");
    snprintf(line, sizeof line, "\n| %s | %s | %s |\n", row->event, row->verdict_name, row->effect);
    ck_assert_msg(strstr(text, line) != NULL, "ARCHITECTURE.md lacks the line %s", line);
}
END_TEST

/* What troff(7) makes of it: words count, not lines and fonts. */
static void flatten(char *words)
{
    char *to = words;
    for (const char *from = words; *from; from++) {
        if (strncmp(from, "\\(aq", 4) == 0)
            from += 3;
        else if (strncmp(from, "\\f", 2) == 0)
            from += 2;
        else if (*from != '`' && *from != '\\')
            *to++ = *from == '\n' ? ' ' : *from;
    }
    *to = '\0';
}

START_TEST(the_manual_page_has_every_row)
{
    const struct membership_row *row = &membership_table[_i];
    char event[256], effect[512];
    if (!read_document("man/redial.conf.5"))
        return; /* not in this tree */
    flatten(text);
    snprintf(event, sizeof event, "%s", row->event);
    snprintf(effect, sizeof effect, "%s", row->effect);
    flatten(event);
    flatten(effect);
    ck_assert_msg(strstr(text, event) != NULL, "redial.conf(5) lacks: %s", event);
    ck_assert_msg(strstr(text, effect) != NULL, "redial.conf(5) lacks: %s", effect);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, NULL, teardown);
    tcase_add_loop_test(cases, the_architecture_has_every_row, 0, MEMBERSHIP_EVENTS);
    tcase_add_loop_test(cases, the_manual_page_has_every_row, 0, MEMBERSHIP_EVENTS);
}

int main(void)
{
    return suite_run("discovery/membership, its table", add);
}
