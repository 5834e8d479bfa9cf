#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The number after a field's name in /proc/PID/status, or -1. */
static long process_status_field(pid_t pid, const char *field)
{
    char path[64];
    char line[256];
    long value = -1;
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && value < 0 && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, field, strlen(field)) == 0 &&
            sscanf(line + strlen(field), "%ld", &value) != 1) {
            value = -1;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return value;
}

/* Entries of a folder of /proc/PID; with a kind, only links to what begins so. */
static int process_count_entries(pid_t pid, const char *folder, const char *kind)
{
    char path[64];
    int count = 0;
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, folder);
    DIR *entries = opendir(path);
    if (entries == NULL) {
        return -1;
    }
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        char target[64] = "";
        if (kind != NULL &&
            (readlinkat(dirfd(entries), entry->d_name, target, sizeof(target) - 1) < 0 ||
             strncmp(target, kind, strlen(kind)) != 0)) {
            continue;
        }
        count += entry->d_name[0] != '.';
    }
    closedir(entries);
    return count;
}

long process_rss_kb(pid_t pid)
{
    return process_status_field(pid, "VmRSS:");
}

double process_cpu_seconds(pid_t pid)
{
    char path[64];
    char text[1024] = "";
    unsigned long user = 0;
    unsigned long system = 0;
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return -1;
    }
    size_t length = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[length] = '\0';
    const char *after = strrchr(text, ')'); /* the name may hold spaces */
    if (after == NULL || sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                                &user, &system) != 2) {
        return -1;
    }
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

int process_descriptors(pid_t pid)
{
    return process_count_entries(pid, "fd", NULL);
}

int process_descriptors_of(pid_t pid, const char *kind)
{
    return process_count_entries(pid, "fd", kind);
}

int process_threads(pid_t pid)
{
    return process_count_entries(pid, "task", NULL);
}

bool process_wait_end(pid_t pid, int ms)
{
    struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
    if (end.fd < 0) {
        return errno == ESRCH;
    }
    int ended = poll(&end, 1, ms);
    close(end.fd);
    return ended == 1;
}
