#include "rig.h"

#include "daemon.h"
#include "die.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RIG_WORDS_MAX = 16 };

const char *rig_program(void)
{
    const char *program = getenv("REDIALCTL");
    return program != NULL ? program : "./redialctl";
}

const char *rig_path(const char *format, ...)
{
    static char path[600];
    const char *top = getenv("srcdir");
    int length = snprintf(path, sizeof(path), "%s/tests/ctl/", top != NULL ? top : ".");
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(path + length, sizeof(path) - (size_t)length, format, arguments);
    va_end(arguments);
    return path;
}

void rig_open(struct rig *rig)
{
    rig->dir = tempdir_create();
    snprintf(rig->socket, sizeof(rig->socket), "unix:%s/admin.sock", tempdir_path(rig->dir));
    rig->fixture = fixture_start(rig->socket);
}

void rig_close(struct rig *rig)
{
    fixture_stop(rig->fixture);
    tempdir_remove(rig->dir);
}

void rig_serve(struct rig *rig, const char *request, const char *name)
{
    fixture_set_file(rig->fixture, request, rig_path("fixtures/%s", name));
}

struct outcome rig_run_words(const char *const *words)
{
    return outcome_run_program(rig_program(), NULL, words);
}

struct outcome rig_run(struct rig *rig, const char *words)
{
    const char *arguments[RIG_WORDS_MAX] = {"-s", rig->socket};
    size_t count = 2;
    char *copy = must_copy(words);
    char *rest = copy;
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        ck_assert_uint_lt(count + 1, RIG_WORDS_MAX);
        arguments[count++] = word;
    }
    struct outcome outcome = rig_run_words(arguments);
    free(copy);
    return outcome;
}

void rig_expect(struct outcome outcome, int status, const char *errors)
{
    ck_assert_msg(outcome.status == status, "status %d, not %d; stderr: %s", outcome.status, status,
                  outcome.errors);
    ck_assert_msg(*errors != '\0' || *outcome.errors == '\0', "stderr: %s", outcome.errors);
    char *copy = must_copy(errors);
    char *rest = copy;
    for (char *word; (word = strsep(&rest, "|")) != NULL;) {
        ck_assert_msg(strstr(outcome.errors, word) != NULL, "no \"%s\" in stderr: %s", word,
                      outcome.errors);
    }
    free(copy);
    outcome_free(&outcome);
}
