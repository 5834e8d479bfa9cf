/* The main() of every unit test: one suite, each case in a process of its own (CK_FORK=no: in
 * this one, for a debugger). */
#ifndef UNIT_SUITE_H
#define UNIT_SUITE_H

#include <check.h>
#include <stddef.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* Generous: a sanitizer build on a busy machine is slow, and a hang is caught all the same. */
#define SUITE_TIMEOUT_SECONDS 60

static inline int suite_run(const char *name, void (*add)(TCase *cases))
{
    Suite *suite = suite_create(name);
    TCase *cases = tcase_create(name);
    tcase_set_timeout(cases, SUITE_TIMEOUT_SECONDS);
    add(cases);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}

#endif
