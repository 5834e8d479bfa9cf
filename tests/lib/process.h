/* What /proc says about a process. */
#ifndef TESTLIB_PROCESS_H
#define TESTLIB_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/* Resident memory in KiB, or -1 when there is no such process. */
long process_rss_kb(pid_t pid);

/* CPU time of the process so far, user and system, in seconds (10 ms steps), or -1. */
double process_cpu_seconds(pid_t pid);

/* Open descriptors, or -1. */
int process_descriptors(pid_t pid);

/* Those of one kind, by what /proc says they are: "pipe:", "socket:"; or -1. */
int process_descriptors_of(pid_t pid, const char *kind);

/* Waits up to `ms` milliseconds for the end of any process, a child or not (pidfd_open(2)). A child
 * is still to be waited for. Returns whether it has ended. */
bool process_wait_end(pid_t pid, int ms);

/* Threads, or -1. */
int process_threads(pid_t pid);

#endif
