#include "tempdir.h"

#include "die.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct tempdir_name {
    struct tempdir_name *next;
    char *path;
};

struct tempdir {
    char *path;
    struct tempdir_name *names; /* paths that were handed out */
};

struct tempdir *tempdir_create(void)
{
    const char *base = getenv("TMPDIR");
    struct tempdir *dir = must_calloc(1, sizeof(*dir));
    dir->path = must_format("%s/redial-test-XXXXXX", base != NULL && *base != '\0' ? base : "/tmp");
    if (mkdtemp(dir->path) == NULL) {
        die("cannot make %s", dir->path);
    }
    return dir;
}

const char *tempdir_path(const struct tempdir *dir)
{
    return dir->path;
}

static const char *tempdir_name_path(struct tempdir *dir, const char *name)
{
    struct tempdir_name *entry = must_calloc(1, sizeof(*entry));
    entry->path = must_format("%s/%s", dir->path, name);
    entry->next = dir->names;
    dir->names = entry;
    return entry->path;
}

/* Makes every folder of a path that ends before a slash. */
static void tempdir_make_parents(const struct tempdir *dir, const char *path)
{
    char *copy = must_copy(path);
    for (char *at = copy + strlen(dir->path) + 1; (at = strchr(at, '/')) != NULL; at++) {
        *at = '\0';
        if (mkdir(copy, 0755) != 0 && errno != EEXIST) {
            die("cannot make %s", copy);
        }
        *at = '/';
    }
    free(copy);
}

const char *tempdir_write_bytes(struct tempdir *dir, const char *name, const void *bytes,
                                size_t length)
{
    const char *path = tempdir_name_path(dir, name);
    tempdir_make_parents(dir, path);
    FILE *file = fopen(path, "we");
    if (file == NULL || fwrite(bytes, 1, length, file) != length || fclose(file) != 0) {
        die("cannot write %s", path);
    }
    return path;
}

const char *tempdir_write(struct tempdir *dir, const char *name, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0) {
        die("no memory for the text of %s", name);
    }
    const char *path = tempdir_write_bytes(dir, name, text, (size_t)length);
    free(text);
    return path;
}

const char *tempdir_mkdir(struct tempdir *dir, const char *name)
{
    const char *path = tempdir_name_path(dir, name);
    tempdir_make_parents(dir, path);
    if (mkdir(path, 0755) != 0 && errno != EEXIST) {
        die("cannot make %s", path);
    }
    return path;
}

static int tempdir_remove_entry(const char *path, const struct stat *status, int type,
                                struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

void tempdir_remove(struct tempdir *dir)
{
    if (dir == NULL) {
        return;
    }
    if (nftw(dir->path, tempdir_remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0) {
        fprintf(stderr, "testlib: cannot remove %s: %s\n", dir->path, strerror(errno));
    }
    while (dir->names != NULL) {
        struct tempdir_name *entry = dir->names;
        dir->names = entry->next;
        free(entry->path);
        free(entry);
    }
    free(dir->path);
    free(dir);
}
