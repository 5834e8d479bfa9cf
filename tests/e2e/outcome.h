/* Runs of redial that come to their end by themselves: what they printed, and how they ended. */
#ifndef E2E_OUTCOME_H
#define E2E_OUTCOME_H

#include <stddef.h>

struct outcome {
    int status;   /* exit status, or 128 + signal */
    char *output; /* standard output */
    char *errors; /* standard error */
};

/* Runs redial with arguments and environment as daemon_options says, until it ends. */
struct outcome outcome_run(const char *const *environment, const char *const *arguments);

/* The same for another program than redial. */
struct outcome outcome_run_program(const char *program, const char *const *environment,
                                   const char *const *arguments);

/* Runs `redial --check -c PATH`. */
struct outcome outcome_check(const char *path);

void outcome_free(struct outcome *outcome);

/* How many lines a text has. */
size_t outcome_lines(const char *text);

/* Asserts that a line of the errors begins with "PATH:LINE: " ("PATH: " when line is 0) and
 * contains the words, which stand between '|'. */
void outcome_assert_error(const struct outcome *outcome, const char *path, int line,
                          const char *words);

#endif
