#ifndef REDIAL_BENCH_USAGE_H
#define REDIAL_BENCH_USAGE_H

#include <sys/types.h>

#define USAGE_MAX_PIDS 64

/* The processes that are measured: a proxy, or a master and its workers. */
struct usage {
    pid_t pids[USAGE_MAX_PIDS];
    int count;
};

/* Reads "12,34"; -1 if it is not such a list. */
int usage_parse(struct usage *usage, const char *text);

/* CPU time in seconds that all threads of the processes have used. -1 if one of them is gone. */
double usage_cpu(const struct usage *usage);

/* Resident memory in KiB, exact (not the approximate counters of /proc/PID/status).
 * -1 if it cannot be read. */
double usage_rss(const struct usage *usage);

#endif
