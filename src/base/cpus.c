#include "base/cpus.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

#define CGROUP_ROOT "/sys/fs/cgroup"

static unsigned cpus_of_affinity(void)
{
    cpu_set_t mask;
    if (sched_getaffinity(0, sizeof mask, &mask) < 0)
        return 1;
    return (unsigned)CPU_COUNT(&mask);
}

static unsigned whole_cpus(long long quota, long long period)
{
    return quota <= 0 || period <= 0 ? ~0u : (unsigned)((quota + period - 1) / period);
}

/* cgroup v2: "max 100000" or "50000 100000". */
static unsigned cpus_of_v2(const char *directory)
{
    char path[512];
    long long quota = 0, period = 0;
    snprintf(path, sizeof path, "%s/cpu.max", directory);
    FILE *file = fopen(path, "re");
    if (!file)
        return ~0u;
    int fields = fscanf(file, "%lld %lld", &quota, &period);
    fclose(file);
    return fields == 2 ? whole_cpus(quota, period) : ~0u;
}

static long long read_number(const char *path)
{
    long long number = -1;
    FILE *file = fopen(path, "re");
    if (!file)
        return -1;
    if (fscanf(file, "%lld", &number) != 1)
        number = -1;
    fclose(file);
    return number;
}

/* cgroup v1, as a container sees its own group. */
static unsigned cpus_of_v1(void)
{
    return whole_cpus(read_number(CGROUP_ROOT "/cpu/cpu.cfs_quota_us"),
                      read_number(CGROUP_ROOT "/cpu/cpu.cfs_period_us"));
}

/* Walks from the process's own v2 group up to the root: any of them may hold the quota. */
static unsigned cpus_of_cgroup(void)
{
    char line[400], directory[480];
    unsigned least = cpus_of_v1();
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (!file)
        return least;
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "0::", 3) != 0)
            continue;
        line[strcspn(line, "\n")] = '\0';
        snprintf(directory, sizeof directory, "%s%s", CGROUP_ROOT, line + 3);
        while (strlen(directory) >= strlen(CGROUP_ROOT)) {
            unsigned here = cpus_of_v2(directory);
            least = here < least ? here : least;
            *strrchr(directory, '/') = '\0';
        }
    }
    fclose(file);
    return least;
}

unsigned cpus_usable(void)
{
    unsigned affinity = cpus_of_affinity(), cgroup = cpus_of_cgroup();
    unsigned cpus = affinity < cgroup ? affinity : cgroup;
    return cpus > 0 ? cpus : 1;
}
