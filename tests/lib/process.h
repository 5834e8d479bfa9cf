/* What /proc says about a process. */
#ifndef TESTLIB_PROCESS_H
#define TESTLIB_PROCESS_H

#include <sys/types.h>

/* Resident memory in KiB, or -1 when there is no such process. */
long process_rss_kb(pid_t pid);

/* CPU time of the process so far, user and system, in seconds (10 ms steps), or -1. */
double process_cpu_seconds(pid_t pid);

/* Open descriptors, or -1. */
int process_descriptors(pid_t pid);

/* Threads, or -1. */
int process_threads(pid_t pid);

#endif
