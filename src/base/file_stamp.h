#ifndef REDIAL_BASE_FILE_STAMP_H
#define REDIAL_BASE_FILE_STAMP_H

#include <stdbool.h>
#include <sys/stat.h>

/* What a file was like when it was looked at last; all zero: it was not there, or not looked at. */
struct file_stamp {
    struct stat status;
};

/* Whether the file at `path`, links followed, is another one or was written since the last call
 * (by stat(2): device, inode, size and modification time). That it is gone is a change as well. */
bool file_stamp_changed(struct file_stamp *stamp, const char *path);

#endif
