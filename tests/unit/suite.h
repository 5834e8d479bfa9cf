/* The main() of every unit test: one suite, each case in a process of its own (CK_FORK=no: in
 * this one, for a debugger). */
#ifndef UNIT_SUITE_H
#define UNIT_SUITE_H

#include <check.h>
#include <stddef.h>
#include <stdlib.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* Of one test: generous, since a hang is caught all the same. */
#define SUITE_TIMEOUT_SECONDS 60

/* REDIAL_TEST_SCALE, at least 1: a sanitizer's build on a busy machine is slow. */
static inline double suite_scale(void)
{
    const char *text = getenv("REDIAL_TEST_SCALE");
    double scale = text ? strtod(text, NULL) : 1;
    return scale > 1 ? scale : 1;
}

static inline int suite_run(const char *name, void (*add)(TCase *cases))
{
    Suite *suite = suite_create(name);
    TCase *cases = tcase_create(name);
    tcase_set_timeout(cases, SUITE_TIMEOUT_SECONDS * suite_scale());
    add(cases);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}

#endif
