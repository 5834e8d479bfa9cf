#include "memory_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include "target.h"

void memory_file_open(struct memory_file *file)
{
    if (file->fd > 0)
        return;
    file->fd = memfd_create("fuzz", MFD_CLOEXEC);
    expect(file->fd > 0);
    snprintf(file->path, sizeof file->path, "/proc/self/fd/%d", file->fd);
}

static void empty(struct memory_file *file)
{
    expect(ftruncate(file->fd, 0) == 0);
    expect(lseek(file->fd, 0, SEEK_SET) == 0);
}

void memory_file_write(struct memory_file *file, const struct input *content)
{
    memory_file_open(file);
    empty(file);
    expect(write(file->fd, content->at, content->left) == (ssize_t)content->left);
}

size_t memory_file_take(struct memory_file *file, char *buffer, size_t size)
{
    ssize_t got = pread(file->fd, buffer, size, 0);
    expect(got >= 0);
    empty(file);
    return (size_t)got;
}
