#include "daemon/watchdog.h"

#include <stdlib.h>
#include <unistd.h>

#include "config/value.h"

usec_t watchdog_period(void)
{
    const char *time = getenv("WATCHDOG_USEC");
    const char *process = getenv("WATCHDOG_PID");
    int64_t span, pid;
    if (!time || value_parse_count(time, &span) < 0)
        return 0;
    if (process && (value_parse_count(process, &pid) < 0 || pid != getpid()))
        return 0;
    return span / 2;
}
