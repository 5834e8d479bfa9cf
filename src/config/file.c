#include "config/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE_LIMIT ((off_t)16 * 1024 * 1024)

/* What is wrong with the file, or NULL. */
static const char *fault_of(const struct stat *status, bool may_be_pipe)
{
    if (S_ISDIR(status->st_mode))
        return "it is a directory where a file is expected";
    if (S_ISFIFO(status->st_mode) && may_be_pipe)
        return NULL; /* as the shell's <(command) */
    if (!S_ISREG(status->st_mode))
        return "it is a device, pipe or socket where a file is expected";
    return status->st_size > SIZE_LIMIT ? "it is larger than 16 MiB, which no configuration is"
                                        : NULL;
}

FILE *file_open(const char *path, bool may_be_pipe, struct errors *errors)
{
    struct origin origin = {path, 0};
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not make us wait */
    if (fd < 0 || fstat(fd, &status) < 0) {
        errors_add(errors, origin, "it cannot be read: %s", strerror(errno));
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    const char *fault = fault_of(&status, may_be_pipe);
    if (S_ISFIFO(status.st_mode))
        fcntl(fd, F_SETFL, O_RDONLY);
    FILE *stream = fault ? NULL : fdopen(fd, "r");
    if (stream)
        return stream;
    errors_add(errors, origin, "%s", fault ? fault : strerror(errno));
    close(fd);
    return NULL;
}

void file_cut_name(char *path)
{
    char *slash = strrchr(path, '/');
    if (!slash)
        strcpy(path, ".");
    else
        slash[slash == path] = '\0';
}

bool file_is_upstreams(const char *directory)
{
    const char *slash = strrchr(directory, '/');
    return strcmp(slash ? slash + 1 : directory, "upstreams.d") == 0;
}

int file_is_upstream(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return entry->d_name[0] != '.' && length > 5 &&
           strcmp(entry->d_name + length - 5, ".conf") == 0;
}
