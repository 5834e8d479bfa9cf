#include "usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int usage_parse(struct usage *usage, const char *text)
{
    usage->count = 0;
    for (const char *at = text; *at;) {
        char *end;
        long pid = strtol(at, &end, 10);
        if (end == at || pid <= 0 || usage->count == USAGE_MAX_PIDS || (*end && *end != ','))
            return -1;
        usage->pids[usage->count++] = (pid_t)pid;
        at = *end ? end + 1 : end;
    }
    return 0;
}

/* A process's CPU clock is the sum behind utime + stime in /proc/PID/stat, in nanoseconds in place
 * of ticks of 10 ms. */
double usage_cpu(const struct usage *usage)
{
    double sum = 0;

    for (int i = 0; i < usage->count; i++) {
        clockid_t clock;
        struct timespec used;
        if (clock_getcpuclockid(usage->pids[i], &clock) != 0 || clock_gettime(clock, &used) != 0)
            return -1;
        sum += (double)used.tv_sec + (double)used.tv_nsec / 1e9;
    }
    return sum;
}

static double process_rss(pid_t pid)
{
    char path[64];
    char line[256];
    long kib = -1;

    snprintf(path, sizeof(path), "/proc/%ld/smaps_rollup", (long)pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return -1;
    while (kib < 0 && fgets(line, sizeof(line), file)) {
        if (sscanf(line, "Rss: %ld kB", &kib) != 1)
            kib = -1;
    }
    fclose(file);
    return (double)kib;
}

double usage_rss(const struct usage *usage)
{
    double sum = 0;

    for (int i = 0; i < usage->count; i++) {
        double rss = process_rss(usage->pids[i]);
        if (rss < 0)
            return -1;
        sum += rss;
    }
    return sum;
}
