#include "daemon/watchdog.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "suite.h"

static void set(const char *name, const char *value)
{
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

START_TEST(the_period)
{
    char own[20];
    snprintf(own, sizeof own, "%d", (int)getpid());
    const struct {
        const char *time, *process;
        usec_t want;
    } rows[] = {
        {NULL, NULL, 0},
        {NULL, own, 0},
        {"30000000", own, 15000000},
        {"30000000", NULL, 15000000}, /* a successor's */
        {"30000000", "1", 0},
        {"30000000", "", 0},
        {"30000000", "-1", 0},
        {"9", own, 4},
        {"1", own, 0},
        {"0", own, 0},
        {"", own, 0},
        {"-5", own, 0},
        {"30s", own, 0},
        {"99999999999999999999", own, 0},
        {"9223372036854775807", own, INT64_MAX / 2},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        set("WATCHDOG_USEC", rows[i].time);
        set("WATCHDOG_PID", rows[i].process);
        ck_assert_msg(watchdog_period() == rows[i].want, "row %zu: %lld", i,
                      (long long)watchdog_period());
    }
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, the_period);
}

int main(void)
{
    return suite_run("daemon/watchdog", add);
}
