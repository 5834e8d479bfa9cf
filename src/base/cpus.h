#ifndef REDIAL_BASE_CPUS_H
#define REDIAL_BASE_CPUS_H

/* How many CPUs this process may keep busy: those of its affinity mask (sched_setaffinity(2)), and
 * no more than the CPU quota of its control group and of those above, rounded up; at least 1. */
unsigned cpus_usable(void);

#endif
