#include "files.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[256];

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    return place->level > 0 ? remove(path) : 0;
}

void files_clear(void)
{
    nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void files_begin(void)
{
    const char *parent = getenv("TMPDIR");
    snprintf(directory, sizeof directory, "%s/redial-unit-XXXXXX", parent ? parent : "/tmp");
    if (!mkdtemp(directory) || chdir(directory) < 0)
        abort();
}

void files_end(void)
{
    files_clear();
    if (chdir("/") < 0 || rmdir(directory) < 0)
        abort();
}

static void make_folders(const char *path)
{
    char folder[256];
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
        mkdir(folder, 0777); /* it may be there already; what cannot be made is told by fopen */
    }
}

void files_write_bytes(const char *path, const void *bytes, size_t length)
{
    make_folders(path);
    FILE *file = fopen(path, "w");
    if (!file || fwrite(bytes, 1, length, file) != length || fclose(file) != 0)
        abort();
}

void files_write(const char *path, const char *text)
{
    files_write_bytes(path, text, strlen(text));
}
