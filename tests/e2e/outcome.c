#include "outcome.h"

#include "bed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct outcome outcome_run_program(const char *program, const char *const *environment,
                                   const char *const *arguments)
{
    struct daemon_options options = {
        .program = program, .arguments = arguments, .environment = environment};
    struct outcome outcome;
    daemon_set_label(tcase_name());
    struct daemon *daemon = daemon_start(&options);
    outcome.status = daemon_wait_exit(daemon, limit_ms(10000));
    outcome.output = daemon_output(daemon);
    outcome.errors = daemon_log(daemon);
    daemon_stop(daemon);
    return outcome;
}

struct outcome outcome_run(const char *const *environment, const char *const *arguments)
{
    return outcome_run_program(NULL, environment, arguments);
}

void outcome_free(struct outcome *outcome)
{
    free(outcome->output);
    free(outcome->errors);
}

struct outcome outcome_check(const char *path)
{
    const char *arguments[] = {"--check", "-c", path, NULL};
    return outcome_run(NULL, arguments);
}

size_t outcome_lines(const char *text)
{
    size_t lines = 0;
    for (; *text != '\0'; text++) {
        lines += *text == '\n';
    }
    return lines;
}

/* Whether a line of text begins with PATH:LINE: (PATH: when line is 0) and contains the words,
 * which stand between '|'. */
static bool has_error(const char *text, const char *path, int line, const char *words)
{
    char begin[600];
    char number[16] = "";
    if (line > 0) {
        snprintf(number, sizeof(number), "%d:", line);
    }
    snprintf(begin, sizeof(begin), "%s:%s ", path, number);
    char *copy = strdup(text);
    char *rest = copy;
    bool found = false;
    for (char *one; !found && (one = strsep(&rest, "\n")) != NULL;) {
        found = strncmp(one, begin, strlen(begin)) == 0;
        for (const char *word = words; found && *word != '\0';) {
            size_t length = strcspn(word, "|");
            found = memmem(one, strlen(one), word, length) != NULL;
            word += length + (word[length] == '|');
        }
    }
    free(copy);
    return found;
}

void outcome_assert_error(const struct outcome *outcome, const char *path, int line,
                          const char *words)
{
    ck_assert_msg(has_error(outcome->errors, path, line, words),
                  "no error at %s:%d with %s in:\n%s", path, line, words, outcome->errors);
}
