#include "base/file_stamp.h"

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

bool file_stamp_changed(struct file_stamp *stamp, const char *path)
{
    struct stat before = stamp->status;
    if (stat(path, &stamp->status) < 0)
        stamp->status = (struct stat){0};
    return !same_file(&before, &stamp->status);
}
