/* redialctl between a test and a fixture on a Unix socket. Run from $REDIALCTL, or else
 * ./redialctl. Failures are Check failures. */
#ifndef CTL_RIG_H
#define CTL_RIG_H

#include "fixture.h"
#include "moment.h"
#include "outcome.h"
#include "tempdir.h"

#include <check.h>
#include <stdbool.h>

struct rig {
    struct tempdir *dir;
    struct fixture *fixture;
    char socket[108]; /* unix:PATH */
};

/* Makes the directory, and starts the fixture in it. */
void rig_open(struct rig *rig);
void rig_close(struct rig *rig);

/* The program to run. */
const char *rig_program(void);

/* The absolute path of a file of tests/ctl. Written over by the next call. */
const char *rig_path(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Has the fixture answer a request by a file of tests/ctl/fixtures. */
void rig_serve(struct rig *rig, const char *request, const char *name);

/* Runs `redialctl -s SOCKET WORD...` to its end; the words are split at blanks. */
struct outcome rig_run(struct rig *rig, const char *words);

/* The same with the words as they are, NULL at the end, and no -s. */
struct outcome rig_run_words(const char *const *words);

/* Asserts the exit status, and that stderr contains the words between '|'; "" stands for an empty
 * stderr. Frees the outcome. */
void rig_expect(struct outcome outcome, int status, const char *errors);

#endif
